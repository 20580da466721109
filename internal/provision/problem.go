package provision

import (
	"fmt"

	"latchkey/internal/fault"
)

// ProblemType is the detail error keyword of RFC 7644 §3.12, table 9.
type ProblemType string

// The keywords in use.
const (
	InvalidFilter ProblemType = "invalidFilter" // the filter cannot be parsed, or not be run
	Uniqueness    ProblemType = "uniqueness"    // somebody else has that name
	Mutability    ProblemType = "mutability"    // the attribute cannot be changed
	InvalidSyntax ProblemType = "invalidSyntax" // the body is not what the request needs
	InvalidPath   ProblemType = "invalidPath"   // the path of a PATCH operation means nothing
	NoTarget      ProblemType = "noTarget"      // the path of a PATCH operation selects nothing
	InvalidValue  ProblemType = "invalidValue"  // a value is missing or cannot be
	// StaleVersion is ours and no keyword of the RFC: If-Match names another version. It is
	// answered with 412 and without a scimType.
	StaleVersion ProblemType = "staleVersion"
)

// Problem is a fault with its SCIM keyword.
type Problem struct {
	Type  ProblemType
	Fault *fault.Error
}

// Error renders the fault for the log.
func (p *Problem) Error() string { return string(p.Type) + ": " + p.Fault.Error() }

// Unwrap gives errors.As the fault.
func (p *Problem) Unwrap() error { return p.Fault }

func invalid(t ProblemType, format string, args ...any) error {
	return &Problem{Type: t, Fault: fault.NewInvalid(fmt.Sprintf(format, args...))}
}

func conflict(t ProblemType, format string, args ...any) error {
	return &Problem{Type: t, Fault: fault.NewConflict(fmt.Sprintf(format, args...))}
}

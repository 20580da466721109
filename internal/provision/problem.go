package provision

import (
	"fmt"

	"latchkey/internal/fault"
)

// ProblemType is the detail error keyword of RFC 7644 §3.12, table 9.
type ProblemType string

// The keywords in use.
const (
	InvalidFilter ProblemType = "invalidFilter" // the filter is malformed or not supported
	Uniqueness    ProblemType = "uniqueness"    // another resource has that name
	Mutability    ProblemType = "mutability"    // the attribute cannot be changed
	InvalidSyntax ProblemType = "invalidSyntax" // the body has the wrong structure
	InvalidPath   ProblemType = "invalidPath"   // the path of a PATCH operation is invalid
	NoTarget      ProblemType = "noTarget"      // the path of a PATCH operation selects nothing
	InvalidValue  ProblemType = "invalidValue"  // a value is missing or invalid
	// StaleVersion is not a keyword of the RFC: If-Match names another version. The response
	// has status 412 and no scimType.
	StaleVersion ProblemType = "staleVersion"
)

// Problem is a fault with its SCIM keyword.
type Problem struct {
	Type  ProblemType
	Fault *fault.Error
}

// Error returns the fault as text for the log.
func (p *Problem) Error() string { return string(p.Type) + ": " + p.Fault.Error() }

// Unwrap returns the fault.
func (p *Problem) Unwrap() error { return p.Fault }

func invalid(t ProblemType, format string, args ...any) error {
	return &Problem{Type: t, Fault: fault.NewInvalid(fmt.Sprintf(format, args...))}
}

func conflict(t ProblemType, format string, args ...any) error {
	return &Problem{Type: t, Fault: fault.NewConflict(fmt.Sprintf(format, args...))}
}

// Package fault gives every failure two values that never mix: a public one, which a
// client may read, and a private cause, which only the log sees.
//
// A fault has a [Kind]; the front doors translate kinds to status codes in one table
// (package web/respond). The package does no translation, logging or formatting of
// causes itself.
package fault

import (
	"errors"
	"time"
)

// Kind classes a failure by what the client can do about it.
type Kind uint8

// The kinds. Internal is the zero value, so that a forgotten kind reveals nothing.
const (
	// Internal is our own mistake or a broken environment; its public text is generic.
	Internal Kind = iota
	// NotFound: it does not exist, or its existence is withheld from this caller.
	NotFound
	// Denied: the caller is known and may not.
	Denied
	// Invalid: what was sent cannot be accepted; Fields say where.
	Invalid
	// Conflict: it clashes with what is stored (duplicate, stale version, last Admin).
	Conflict
	// Unauthenticated: no valid credential, or one of the wrong level.
	Unauthenticated
	// Throttled: too many attempts; RetryAfter says when to come back.
	Throttled
	// TooLarge: the body exceeds the limit.
	TooLarge
	// Unavailable: a dependency (the database) cannot be reached.
	Unavailable
)

// String names the kind for logs.
func (k Kind) String() string {
	names := [...]string{"internal", "not_found", "denied", "invalid", "conflict",
		"unauthenticated", "throttled", "too_large", "unavailable"}
	if int(k) < len(names) {
		return names[k]
	}
	return "internal"
}

// Field is one thing wrong with one part of the input. Path is the form field name or
// the JSON path; Message is a plain sentence.
type Field struct {
	Path    string
	Message string
}

// Error is a failure with its public and its private half.
type Error struct {
	Kind       Kind
	Message    string        // public: a plain sentence, safe for anybody
	Fields     []Field       // public: for Invalid, where it is wrong
	RetryAfter time.Duration // for Throttled
	Cause      error         // private: for the log only
}

// Error renders both halves for the log. Never send it to a client: send Message.
func (e *Error) Error() string {
	text := e.Kind.String() + ": " + e.Message
	for _, f := range e.Fields {
		text += " [" + f.Path + ": " + f.Message + "]"
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap gives errors.Is and errors.As the private cause.
func (e *Error) Unwrap() error { return e.Cause }

// internalText says no more than is known: the change may have been made before it went wrong.
const internalText = "Something went wrong on our side. Check whether your change was made before you try again."

// NewInternal wraps an unexpected cause under a generic public text.
func NewInternal(cause error) *Error {
	return &Error{Kind: Internal, Message: internalText, Cause: cause}
}

// NewNotFound says that what (for example "That token") was not found.
func NewNotFound(what string) *Error {
	return &Error{Kind: NotFound, Message: what + " was not found."}
}

// NewDenied refuses a known caller with a plain sentence.
func NewDenied(message string) *Error { return &Error{Kind: Denied, Message: message} }

// NewInvalid refuses input; fields say where and why.
func NewInvalid(message string, fields ...Field) *Error {
	return &Error{Kind: Invalid, Message: message, Fields: fields}
}

// NewConflict refuses a change that clashes with what is stored.
func NewConflict(message string) *Error { return &Error{Kind: Conflict, Message: message} }

// ErrRepeated is the cause of a Conflict with a request of one's own: it came before, under
// the same idempotency key, and was carried out.
var ErrRepeated = errors.New("the idempotency key was used before")

// NewRepeated refuses a request that was carried out before; see [ErrRepeated].
func NewRepeated(message string) *Error {
	return &Error{Kind: Conflict, Message: message, Cause: ErrRepeated}
}

// NewUnauthenticated refuses a missing, unknown or unsuitable credential.
func NewUnauthenticated(message string) *Error {
	return &Error{Kind: Unauthenticated, Message: message}
}

// NewThrottled refuses for now; after says how long to wait.
func NewThrottled(message string, after time.Duration) *Error {
	return &Error{Kind: Throttled, Message: message, RetryAfter: after}
}

// NewTooLarge refuses an oversized body.
func NewTooLarge(message string) *Error { return &Error{Kind: TooLarge, Message: message} }

// NewUnavailable says that a dependency is out of reach, because of cause.
func NewUnavailable(cause error) *Error {
	return &Error{Kind: Unavailable, Message: "The service is not available right now. Try again shortly.", Cause: cause}
}

// Of finds the fault in err. An error of another type becomes Internal with err as its
// cause, so that unknown texts never reach a client. Of(nil) is nil.
func Of(err error) *Error {
	if err == nil {
		return nil
	}
	var f *Error
	if errors.As(err, &f) {
		return f
	}
	return NewInternal(err)
}

// Is reports whether err carries a fault of kind k. An error that is no fault is Internal.
func Is(err error, k Kind) bool {
	f := Of(err)
	return f != nil && f.Kind == k
}

// Problems gathers what is wrong with one input, so that every mistake is reported at
// once. The zero value is ready to use.
type Problems struct{ fields []Field }

// Add records one problem.
func (p *Problems) Add(path, message string) {
	p.fields = append(p.fields, Field{Path: path, Message: message})
}

// AddAll records problems found elsewhere.
func (p *Problems) AddAll(fields []Field) { p.fields = append(p.fields, fields...) }

// Err is nil without problems and an Invalid fault with all of them otherwise.
func (p *Problems) Err(message string) error {
	if len(p.fields) == 0 {
		return nil
	}
	return NewInvalid(message, p.fields...)
}

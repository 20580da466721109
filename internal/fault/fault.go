// Package fault defines errors with two parts that never mix: a public text, which a client
// may read, and a private cause, which only the log sees.
//
// A fault has a [Kind]. Package web/respond translates kinds to status codes in one table.
// This package does not translate or log anything.
package fault

import (
	"errors"
	"time"
)

// Kind classifies a failure by what the client can do about it.
type Kind uint8

// The kinds. Internal is the zero value, so that a forgotten kind reveals nothing.
const (
	// Internal: a bug or a broken environment. The public text is generic.
	Internal Kind = iota
	// NotFound: it does not exist, or its existence is withheld from this caller.
	NotFound
	// Denied: the caller is known but not allowed.
	Denied
	// Invalid: the input is not acceptable; Fields say where.
	Invalid
	// Conflict: the change conflicts with stored data (duplicate, stale version, last Admin).
	Conflict
	// Unauthenticated: no valid credential, or one of the wrong level.
	Unauthenticated
	// Throttled: too many attempts; RetryAfter says how long to wait.
	Throttled
	// TooLarge: the body exceeds the limit.
	TooLarge
	// Encoded: the body is compressed or encoded otherwise, which no front door accepts.
	Encoded
	// Unavailable: a dependency (the database) cannot be reached.
	Unavailable
	// Abandoned: the client gave up before it had an answer, so nobody will read this one.
	Abandoned
	// Unproven: the caller may do it, but has to prove again who they are first.
	Unproven
)

// String returns the name of the kind for logs.
func (k Kind) String() string {
	names := [...]string{"internal", "not_found", "denied", "invalid", "conflict",
		"unauthenticated", "throttled", "too_large", "encoded", "unavailable", "abandoned", "unproven"}
	if int(k) < len(names) {
		return names[k]
	}
	return "internal"
}

// Field is one problem with one part of the input. Path is the name of the form field or
// the JSON path; Message is a plain sentence.
type Field struct {
	Path    string
	Message string
}

// Error is a failure with a public and a private part.
type Error struct {
	Kind       Kind
	Message    string        // public: a plain sentence, safe to show to anybody
	Fields     []Field       // public: for Invalid, the problems
	Code       string        // public: the machine name in the JSON API, if not that of the kind
	RetryAfter time.Duration // for Throttled, and for Unavailable if it is known
	Cause      error         // private: for the log only
}

// Error returns both parts for the log. Never send it to a client: send Message.
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

// Unwrap returns the private cause.
func (e *Error) Unwrap() error { return e.Cause }

// internalText does not say whether the change was made: it may have been, before the failure.
const internalText = "Something went wrong on our side. Check whether your change was made before you try again."

// NewInternal wraps an unexpected error with a generic public text.
func NewInternal(cause error) *Error {
	return &Error{Kind: Internal, Message: internalText, Cause: cause}
}

// NewNotFound returns a fault that says that what (for example "That token") was not found.
func NewNotFound(what string) *Error {
	return &Error{Kind: NotFound, Message: what + " was not found."}
}

// NewDenied returns a fault that refuses a known caller.
func NewDenied(message string) *Error { return &Error{Kind: Denied, Message: message} }

// NewInvalid returns a fault that refuses input; fields say where and why.
func NewInvalid(message string, fields ...Field) *Error {
	return &Error{Kind: Invalid, Message: message, Fields: fields}
}

// NewConflict returns a fault that refuses a change because of stored data.
func NewConflict(message string) *Error { return &Error{Kind: Conflict, Message: message} }

// ErrRepeated is the cause of a Conflict with a request of one's own: it came before, under
// the same idempotency key, and was carried out.
var ErrRepeated = errors.New("the idempotency key was used before")

// NewRepeated returns a fault that refuses a request which was carried out before; see [ErrRepeated].
func NewRepeated(message string) *Error {
	return &Error{Kind: Conflict, Message: message, Cause: ErrRepeated}
}

// ErrFull is the cause of a Denied because there are as many of something as are allowed.
var ErrFull = errors.New("the limit is reached")

// NewFull returns a fault that refuses one more of something; see [ErrFull].
func NewFull(message string) *Error {
	return &Error{Kind: Denied, Message: message, Cause: ErrFull}
}

// NewUnproven returns a fault that asks a known caller to prove again who they are.
func NewUnproven(message string) *Error { return &Error{Kind: Unproven, Message: message} }

// ErrNoFactor is the cause of a Denied because the caller's session lacks the second factor that the organization
// requires.
var ErrNoFactor = errors.New("the session lacks a second factor")

// NewNoFactor returns a fault that refuses everything but adding a second factor; see [ErrNoFactor].
func NewNoFactor() *Error {
	return &Error{Kind: Denied, Cause: ErrNoFactor,
		Message: "Your organization requires a second factor. Add one at Your Profile > Security."}
}

// NewUnauthenticated returns a fault that refuses a missing, unknown or unsuitable credential.
func NewUnauthenticated(message string) *Error {
	return &Error{Kind: Unauthenticated, Message: message}
}

// NewThrottled returns a fault that refuses for the duration after.
func NewThrottled(message string, after time.Duration) *Error {
	return &Error{Kind: Throttled, Message: message, RetryAfter: after}
}

// NewTooLarge returns a fault that refuses an oversized body.
func NewTooLarge(message string) *Error { return &Error{Kind: TooLarge, Message: message} }

// NewEncoded returns a fault that refuses an encoded body.
func NewEncoded(message string) *Error { return &Error{Kind: Encoded, Message: message} }

// NewUnavailable returns a fault for a dependency that cannot be reached because of cause.
func NewUnavailable(cause error) *Error {
	return &Error{Kind: Unavailable, Message: "The service is not available right now. Try again shortly.", Cause: cause}
}

// NewAbandoned returns a fault for a request whose client gave up; cause is how that was noticed.
func NewAbandoned(cause error) *Error {
	return &Error{Kind: Abandoned, Message: "The client closed the connection.", Cause: cause}
}

// NewBusy returns a fault for work that has to wait for other work; after is when to try again.
func NewBusy(message string, after time.Duration) *Error {
	return &Error{Kind: Unavailable, Message: message, RetryAfter: after}
}

// Of returns the fault in err. If there is none, it returns an Internal fault with err as its
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

// Is reports whether err is a fault of kind k. Any error that is not a fault is Internal.
func Is(err error, k Kind) bool {
	f := Of(err)
	return f != nil && f.Kind == k
}

// Problems collects all problems with one input, so that they are reported at once. The
// zero value is ready to use.
type Problems struct{ fields []Field }

// Add records one problem.
func (p *Problems) Add(path, message string) {
	p.fields = append(p.fields, Field{Path: path, Message: message})
}

// AddAll records several problems.
func (p *Problems) AddAll(fields []Field) { p.fields = append(p.fields, fields...) }

// Err returns an Invalid fault with all problems, or nil if there are none.
func (p *Problems) Err(message string) error {
	if len(p.fields) == 0 {
		return nil
	}
	return NewInvalid(message, p.fields...)
}

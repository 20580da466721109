package kit

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
	"latchkey/views/component"
	"latchkey/web/respond"
)

// The fields that forms of several areas share. They are also the paths of problems in them.
const (
	FieldName       = "name"
	FieldWorkspace  = "workspace"
	FieldMember     = "member"
	FieldToken      = "token"
	FieldSubmission = "submission" // one-time key, so that a form creates what it creates only once
	FieldSecret     = "secret"     // of a link
	FieldStep       = "step"       // names the pressed button
)

// The values of FieldStep that several areas share.
const (
	StepSave = "save"
	StepBack = "back"
)

// cleaners returns what cleans the fields that people fill in, by name. Fields that are not here
// (passwords, secrets, one-time keys, choices) are read as they came.
func cleaners() map[string]func(string) string {
	return map[string]func(string) string{
		FieldName:           plaintext.Clean,
		"organization":      plaintext.Clean,
		"workspace":         plaintext.Clean, // the name of one, or an id, which cleaning leaves alone
		"description":       plaintext.CleanLines,
		"reason":            plaintext.CleanLines,
		"issuer":            plaintext.Clean, // and the other fields of identity providers
		"client_id":         plaintext.Clean,
		"metadata_url":      plaintext.Clean,
		"subject_attribute": plaintext.Clean,
		"domains":           plaintext.CleanLines,
		"groups_claim":      plaintext.Clean,
		"group_table":       plaintext.CleanLines,
		"admin_group":       plaintext.Clean,
		"email":             plaintext.CleanEmail,
		"emails":            plaintext.CleanLines,
		"date":              plaintext.Clean,
		"addresses":         plaintext.CleanLines, // IP ranges
		"url":               plaintext.Clean,
	}
}

// ReadForm parses the body of a POST, and cleans what people paste into it. It ignores query
// parameters, so that a link cannot fill in a form.
func ReadForm(c echo.Context) (url.Values, error) {
	r := c.Request()
	if err := r.ParseForm(); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return nil, fault.NewTooLarge("The form is too large.")
		}
		f := fault.NewInvalid("The form could not be read.")
		f.Cause = err
		return nil, f
	}
	for name, clean := range cleaners() {
		for i, value := range r.PostForm[name] {
			r.PostForm[name][i] = clean(value)
		}
	}
	return r.PostForm, nil
}

// CheckSubmission checks the one-time key of a form. Every form that creates something is opened
// with one. The error is Invalid, with the path [FieldSubmission], if the key is missing or too
// long.
func CheckSubmission(key string) error {
	if key != "" && plaintext.IdempotencyKey(key) == nil {
		return nil
	}
	return fault.NewInvalid("This form has expired. Open it again.",
		fault.Field{Path: FieldSubmission, Message: "Open the form again."})
}

// FieldErrors maps the paths of an Invalid fault to their problems, for messages beside fields.
type FieldErrors map[string]string

// Invalid splits err. The field problems of an Invalid fault are for the form; any other error
// is returned as it is, for the error page.
func Invalid(err error) (FieldErrors, error) {
	f := fault.Of(err)
	if f == nil {
		return nil, nil
	}
	if errors.Is(err, fault.ErrFull) {
		return FieldErrors{"": f.Message}, nil // of the form as a whole
	}
	if f.Kind != fault.Invalid || len(f.Fields) == 0 {
		return nil, err
	}
	fields := FieldErrors{}
	for _, field := range f.Fields {
		if _, seen := fields[field.Path]; !seen {
			fields[field.Path] = field.Message
		}
	}
	return fields, nil
}

// ErrorsOf returns problems by path. It returns nil if there are none.
func ErrorsOf(problems []fault.Field) FieldErrors {
	if len(problems) == 0 {
		return nil
	}
	fields, _ := Invalid(fault.NewInvalid("", problems...))
	return fields
}

// Summary returns the list of problems above a form, in the order of its fields. ids maps each
// path to the id of its input. Problems with other paths come last.
func (e FieldErrors) Summary(order []string, ids map[string]string) component.ErrorSummaryModel {
	var m component.ErrorSummaryModel
	listed := map[string]bool{}
	for _, path := range order {
		if text, ok := e[path]; ok {
			m.Errors = append(m.Errors, component.FieldError{FieldID: ids[path], Text: text})
			listed[path] = true
		}
	}
	for path, text := range e {
		if !listed[path] {
			m.Errors = append(m.Errors, component.FieldError{FieldID: ids[path], Text: text})
		}
	}
	return m
}

// Within returns the errors with these paths.
func (e FieldErrors) Within(paths []string) FieldErrors {
	out := FieldErrors{}
	for _, path := range paths {
		if text, ok := e[path]; ok {
			out[path] = text
		}
	}
	return out
}

// List returns the errors sorted by path.
func (e FieldErrors) List() []fault.Field {
	var out []fault.Field
	for _, path := range slices.Sorted(maps.Keys(e)) {
		out = append(out, fault.Field{Path: path, Message: e[path]})
	}
	return out
}

// StatusOf returns the status of a page that shows a form with these errors.
func StatusOf(errors FieldErrors) int {
	if len(errors) > 0 {
		return respond.Status(fault.Invalid)
	}
	return http.StatusOK
}

// Refusal splits err. If it is a Conflict or Denied, which the dialog of the request can show,
// Refusal returns its text and the status of the page. Any other error is returned as it is.
func Refusal(err error) (text string, status int, other error) {
	f := fault.Of(err)
	switch {
	case f == nil:
		return "", 0, nil
	case f.Kind == fault.Conflict || f.Kind == fault.Denied:
		return f.Message, respond.Status(f.Kind), nil
	}
	return "", 0, err
}

package ui

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/views/component"
)

// readForm parses the body of a POST. Query parameters are not part of it: a link must
// not be able to fill a form in.
func readForm(c echo.Context) (url.Values, error) {
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
	return r.PostForm, nil
}

// fieldErrors maps the problems of an Invalid fault by path, for messages beside fields.
type fieldErrors map[string]string

// invalid splits err: field problems of an Invalid fault are for the form, anything else is
// for the error page.
func invalid(err error) (fieldErrors, error) {
	f := fault.Of(err)
	if f == nil {
		return nil, nil
	}
	if f.Kind != fault.Invalid || len(f.Fields) == 0 {
		return nil, err
	}
	fields := fieldErrors{}
	for _, field := range f.Fields {
		if _, seen := fields[field.Path]; !seen {
			fields[field.Path] = field.Message
		}
	}
	return fields, nil
}

// summary lists the problems of a form above it, in the order of its fields. ids maps each
// path to the id of its input.
func (e fieldErrors) summary(order []string, ids map[string]string) component.ErrorSummaryModel {
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

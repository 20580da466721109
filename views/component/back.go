package component

import (
	"context"
	"strings"
)

// Back is the page from which a dialog was opened. The form of the dialog sends it on in a hidden field, so that what
// it does leads back there.
type Back struct {
	Field string // the name of the hidden field
	Path  string
	State string // of a list: the encoded query
}

type backKey struct{}

// WithBack returns the context in which a dialog is rendered that was opened from a page.
func WithBack(ctx context.Context, b Back) context.Context {
	return context.WithValue(ctx, backKey{}, b)
}

// backOf returns what [WithBack] noted, or the zero value.
func backOf(ctx context.Context) Back {
	b, _ := ctx.Value(backKey{}).(Back)
	return b
}

func (b Back) address() string {
	if b.State == "" {
		return b.Path
	}
	return b.Path + "?" + b.State
}

// AsLeft returns href in the state in which it was left, if it is the page b, or a list that b is below.
func (b Back) AsLeft(href string) string {
	if b.State == "" || strings.ContainsAny(href, "?#") || b.Path != href && !strings.HasPrefix(b.Path, href+"/") {
		return href
	}
	return href + "?" + b.State
}

package kit

import (
	"net/url"
	"strings"

	"latchkey/internal/random"
	"latchkey/views/component"
	"latchkey/views/layout"
)

// WithFragment returns the address of a page that needs a secret, with the secret in the
// fragment. Browsers send the fragment to nobody, so it is in no log of a proxy and in no Referer
// header. The page is a [PasteView], which takes the secret up.
func WithFragment(address, name, secret string) string {
	return address + "#" + url.Values{name: {secret}}.Encode()
}

// Linker returns the function that makes links to a page, with the secret in [FieldSecret] of the fragment.
func Linker(address string) random.Linker {
	return func(secret random.Secret) string { return WithFragment(address, FieldSecret, secret.Reveal()) }
}

// PastedSecret returns the secret in what somebody pasted: a link as [WithFragment] makes it, an
// older link with the secret in the query, or the secret alone.
func PastedSecret(pasted, name string) string {
	if i := strings.LastIndex(pasted, name+"="); i >= 0 {
		pasted = pasted[i+len(name)+1:]
	}
	pasted = strings.TrimLeftFunc(pasted, isNoSecret)
	if i := strings.IndexFunc(pasted, isNoSecret); i >= 0 {
		pasted = pasted[:i]
	}
	return pasted
}

// isNoSecret reports whether no secret in a link has the character: they are base32 or base64url.
func isNoSecret(r rune) bool {
	return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '-' && r != '_'
}

// PasteView returns the page behind a link with a secret in its fragment. A script sends the
// secret to action at once; without script the visitor pastes the link. wrong is what was wrong
// with a link that was sent before, or "".
func PasteView(title, intro, label, name, action, wrong string) layout.Paste {
	m := layout.Paste{Page: layout.Page{Title: title, Intro: intro}, Action: action, Name: name,
		Link: component.FieldModel{ID: "form-" + name, Name: name, Label: label, Help: "Paste the whole link.", Error: wrong,
			Autocomplete: "off", Required: true, Autofocus: wrong == "",
			Attrs: map[string]any{"spellcheck": "false", "autocapitalize": "off"}}}
	if wrong != "" {
		m.Errors.Errors = []component.FieldError{{FieldID: m.Link.ID, Text: wrong}}
	}
	return m
}

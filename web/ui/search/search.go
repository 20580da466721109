package search

import (
	"net/http"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/internal/plaintext"
	"latchkey/internal/token"
	page "latchkey/views/page/search"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

const (
	fieldText = "q"

	// paramRefused says that a text was not searched, because it looks like a secret.
	paramRefused = "refused"
)

// maxText is how much of a text is searched, in characters: an email address fits.
const maxText = 254

// refusedHref is the address that says so.
func refusedHref() string { return kit.WithQuery(kit.SearchPath, paramRefused, "token") }

// ask redirects to the results. The form is a POST, so that a secret that somebody pastes by mistake
// gets into no address.
func (h *Handlers) ask(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	text := form.Get(fieldText)
	switch {
	case token.LooksSecret(text):
		return respond.SeeOther(c, refusedHref())
	case kit.Search(text) == "":
		return respond.SeeOther(c, kit.SearchPath)
	}
	return respond.SeeOther(c, kit.WithQuery(kit.SearchPath, fieldText, plaintext.Clip(kit.Search(text), maxText)))
}

// search shows the field and, for a text, what the visitor may see of what matches. A text that looks
// like a secret is neither searched nor shown, and leaves the address.
func (h *Handlers) search(c echo.Context) error {
	if token.LooksSecret(c.QueryParam(fieldText)) {
		return respond.SeeOther(c, refusedHref())
	}
	v, text := kit.VisitOf(c), plaintext.Clip(kit.Search(c.QueryParam(fieldText)), maxText)
	m := searchView(text, c.QueryParam(paramRefused) != "")
	if h.site.May(v, identifies) {
		m.Refusal.Links = identifyLink()
	}
	m.Shell = h.site.Shell(c, v, kit.SearchTitle)
	if plaintext.NameKey(text) != "" {
		found, err := h.found.Find(c.Request().Context(), v.Standing, text)
		if err != nil {
			return err
		}
		m.Kinds = append(foundKinds(found, text, v.Now), placeKinds(v, text, h.places(c, v, m.Shell))...)
		finish(&m, text)
	}
	return h.site.Dialog(c, http.StatusOK, page.SearchDialog(asDialog(m)),
		func(c echo.Context, status int, _ templ.Component) error {
			return h.site.HTML(c, status, page.SearchPage(m))
		})
}

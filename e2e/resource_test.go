package e2e

import (
	"testing"
)

// looks are the ways in which a page is looked at.
func looks() map[string][]pageOption {
	return map[string][]pageOption{"": nil, "-dark": {dark}, "-mobile": {mobile}}
}

func TestResources_SayWhatIsThereAndWhyNotMore(t *testing.T) {
	t.Parallel()
	srv := start(t, "demo")
	for name, options := range looks() {
		p := newPage(t, srv, options...)
		signIn(t, p, viewerEmail, demoPassword)
		if name == "-mobile" {
			p.click("button", "Menu")
		}
		p.click("link", "Resources")
		p.seesText("Web shop")
		p.seesText("password: set")
		screenshot(t, p, "resources"+name)
		p.eval(`document.querySelectorAll("details.why").forEach(d => d.open = true)`)
		p.seesText("the permission source:edit is missing")
		fits(t, p)
		axe(t, p)
		screenshot(t, p, "resources-why"+name)
	}
}

func TestAPIDocs_AreForEverybody(t *testing.T) {
	t.Parallel()
	srv := start(t, "demo")
	for name, options := range looks() {
		p := newPage(t, srv, options...)
		p.open("/docs/api")
		p.sees("heading", "Tracking plans")
		screenshot(t, p, "api-docs"+name)
		p.eval(`document.querySelectorAll("details.api-operation").forEach(d => d.open = true)`)
		fits(t, p)
		axe(t, p)
		screenshot(t, p, "api-docs-open"+name)
	}
	p := newPage(t, srv)
	signIn(t, p, editorEmail, demoPassword)
	p.open("/docs/api")
	p.sees("link", "Resources")
	screenshot(t, p, "api-docs-signed-in")
}

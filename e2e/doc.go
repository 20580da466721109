// Package e2e holds the browser tests: journeys in a real Chromium against the
// real latchkey binary on a real SQLite file, with fresh data for each test.
//
// `make setup` installs what they need (Node.js, Chromium, the Playwright driver,
// axe-core, and what reads the OpenAPI document), `make test-e2e` runs them, `make screenshots` keeps pictures.
//
// A journey reads like this:
//
//	func TestPersonalToken_IsShownOnce(t *testing.T) {
//		t.Parallel()
//		srv := start(t, "demo")
//		p := newPage(t, srv, dark)
//		signIn(t, p, editorEmail, demoPassword)
//		p.open("/settings/profile")
//		p.click("link", "Generate new token")
//		dialog := p.within("dialog", "New Personal Access Token")
//		dialog.fill("Token name", "ci-probe")
//		dialog.click("button", "Generate")
//		p.sees("button", "Copy")
//		axe(t, p)
//		screenshot(t, p, "token-reveal")
//	}
//
// What a page does wrong by itself fails the test without being asked for: a
// message on the console of kind error, an uncaught exception, a violation of
// the Content-Security-Policy, a request to another origin, an answer 5xx, a
// server that does not stop cleanly. The package contains nothing that the
// product uses.
package e2e

package e2e

import (
	"bytes"
	_ "embed"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"latchkey/web"
	"latchkey/web/ui"
)

// widths are the widths, in pixels, at which every page is measured.
func widths() []int { return []int{320, 360, 780, 820, 1100, 1180, 1280, 1920} }

// dialogWidths are those of them at which a dialog differs. The page behind it is measured by itself.
func dialogWidths() []int { return []int{320, 360, 780, 1920} }

// The routes that TestPages_FitEveryWidth does not open as an Admin like the others.
func otherRoutes() map[string]string {
	const file, redirect, part = "a file to download", "a redirect", "a part of a page"
	const factor = "by TestSecondFactor_FromSetUpToReset"
	return map[string]string{
		"/settings/access-management/service-access-tokens":                          redirect,
		"/settings/access-management/migration/progress":                             part,
		"/settings/access-management/migration/preview/:format":                      file,
		"/settings/access-management/migration/deployed/:id/:format":                 file,
		"/settings/audit-logs/export/:format":                                        file,
		"/settings/access-management/service-access-tokens/:id":                      "by its other address, /tokens/:id",
		"/settings/access-management/tokens/export/csv":                              file,
		"/tokens/:id/secrets":                                                        part,
		"/calendar/:file":                                                            file,
		"/sso/oidc/:id/start":                                                        redirect,
		"/sso/oidc/:id/callback":                                                     "by TestSSO_OpenIDConnectFromTheFirstTrialToTheEnd",
		"/sso/saml/:id/start":                                                        redirect,
		"/sso/saml/:id/finish":                                                       "by TestSAML_FromTheFirstTrialToANewCertificate",
		"/sso/saml/:id/metadata":                                                     file,
		"/confirm":                                                                   "needs a form that waits",
		"/confirm/provider/:id":                                                      redirect,
		"/settings/access-management/identity-providers/:id/try":                     redirect,
		"/settings/access-management/identity-providers/:id/domains/:domain/require": "a question, of a provider with domains",
		"/settings/access-management/identity-providers/:id/domains/:domain/free":    "a question, of a provider with domains",
		"/settings/access-management/identity-providers/failure":                     "needs a code; by the same test",
		"/forgot-password":                                                           "by TestForgot_AnswersEveryAddressAlike",
		"/sign-in/confirm":                                                           factor,
		usersPage + "/:id/reset-second-factor":                                       factor,
		"/settings/security/second-factors/:id/remove":                               factor,
		"/settings/security/second-factors/:id/rename":                               "by TestPasskey_FromItsCreationToItsEnd",
		"/setup":                      "by TestPages_FitBeforeAnybodyIsSignedIn",
		"/sign-in":                    "by TestPages_FitBeforeAnybodyIsSignedIn",
		"/settings/access-management": "by TestPages_FitForAMember",
	}
}

// pageRoutes returns the path of every page in the route table.
func pageRoutes() []string {
	var paths []string
	for _, row := range web.Pages(ui.New(ui.Deps{})) {
		if row.Method == http.MethodGet && otherRoutes()[row.Path] == "" {
			paths = append(paths, row.Path)
		}
	}
	return paths
}

// longNames are names of 64 characters that a layout can break on.
func longNames() []string {
	return []string{
		strings.Repeat("W", 64),
		strings.Repeat("شركة", 16),
		strings.Repeat("👩‍👩‍👧‍👦", 9),
		strings.Repeat("Z\u0301\u0302\u0303\u0304\u0306\u0307\u0308", 8),
	}
}

// longEmail returns an email address of the greatest legal length, 254 bytes.
func longEmail(first string) string {
	local := (first + strings.Repeat("w", 64))[:64]
	return local + "@" + strings.Repeat("m", 63) + "." + strings.Repeat("m", 63) + "." + strings.Repeat("m", 53) + ".example"
}

// send posts a form past the page, with its cookies, and returns what the server answers after redirects.
func send(t *testing.T, p *page, path string, form map[string]any) string {
	t.Helper()
	answer, err := p.Context().Request().Post(p.server.URL+path, playwright.APIRequestContextPostOptions{Form: form})
	if err != nil {
		t.Fatalf("post %s: %v", path, err)
	}
	body, err := answer.Text()
	if err != nil || answer.Status() != http.StatusOK {
		t.Fatalf("post %s: status %d, %v\n%s", path, answer.Status(), err, tail(body, 3000))
	}
	return body
}

// longRanges returns as many allowed addresses as there may be, with the longest that there are, and every IPv4 address.
func longRanges() string {
	list := "0.0.0.0/0"
	for i := range 31 {
		list += fmt.Sprintf("\n2001:db8:aaaa:bbbb:cccc:dddd:eeee:ff%02x/128", 2*i)
	}
	return list
}

// ids returns what stands for the identifier in the addresses of a page that have this form.
func ids(t *testing.T, p *page, path, pattern string) []string {
	t.Helper()
	p.open(path)
	var out []string
	for _, found := range regexp.MustCompile(pattern).FindAllStringSubmatch(p.html(), -1) {
		if !slices.Contains(out, found[1]) {
			out = append(out, found[1])
		}
	}
	if len(out) == 0 {
		t.Fatalf("nothing on %s matches %s", path, pattern)
	}
	return out
}

// stretch fills the demonstration with the longest names that are legal.
func stretch(t *testing.T, p *page) {
	t.Helper()
	names := longNames()
	send(t, p, "/settings/profile/name", map[string]any{"name": names[0]})
	for _, name := range names {
		send(t, p, workspacesPage+"/new", map[string]any{"name": name, "environment": "PRODUCTION", "region": "US"})
	}
	workspaces := ids(t, p, workspacesPage, workspacesPage+`/(\w+)/edit`)
	for i, name := range names {
		send(t, p, groupsPage+"/new", map[string]any{"name": name, "description": strings.Repeat(name, 3), "workspaces": workspaces[i],
			"step": "create"})
		send(t, p, clientPage, map[string]any{"name": name, "submission": "client" + fmt.Sprint(i)})
		secret := secretPattern.FindString(send(t, p, "/settings/profile/personal-access-tokens", map[string]any{"name": name,
			"workspace": workspaces[i+2], "scope": "read_write", "expiration": "7d", "addresses": longRanges(),
			"submission": "pat" + fmt.Sprint(i)}))
		makeSource(t, p.server, secret, strings.Repeat(name, 255/len([]rune(name))))
		send(t, p, satWork+"/new", map[string]any{"name": name, "workspace": workspaces[0], "expiration": "7d", "step": "generate",
			"submission": "sat" + fmt.Sprint(i)})
		send(t, p, baselinesPage+"/"+workspaces[0], map[string]any{"step": "save_preset", "preset_name": name, "grant": "table:connect"})
		send(t, p, invitationsPage+"/new", map[string]any{"emails": longEmail(fmt.Sprint("invited", i)), "role": "member",
			"workspaces": workspaces[i]})
	}
	secret := secretPattern.FindString(send(t, p, satOrg, map[string]any{"name": names[0], "expiration": "7d", "submission": "org"}))
	send(t, p, provisioningPage, map[string]any{"switch": "on"})
	for i, name := range names {
		user := fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":%q,"displayName":%q}`,
			longEmail(fmt.Sprint("member", i)), name)
		if status := provider(t, p.server, secret, http.MethodPost, "/Users", user); status != http.StatusCreated {
			t.Fatalf("provision %s: %d", name, status)
		}
	}
	send(t, p, rulesPage+"/addresses", map[string]any{"addresses": longRanges()})
	send(t, p, notificationPage, map[string]any{"url": "http://127.0.0.1:1/" + strings.Repeat("w", 1900), "events": "token.created",
		"submission": "webhook"})
	webhook := ids(t, p, notificationPage, notificationPage+`/(\w{27})`)[0]
	send(t, p, notificationPage+"/"+webhook+"/test", nil)
	for _, token := range ids(t, p, satWork, `/tokens/(\w{27})`) {
		send(t, p, contactPage(token), map[string]any{"emails": longEmail("first") + " " + longEmail("second")})
	}
	send(t, p, calendarPage, map[string]any{"submission": "calendar"})
	groups, members := ids(t, p, groupsPage, groupsPage+`/(\w+)/edit`), ids(t, p, usersPage+"?q=wwww", usersPage+`/(\w+)/deactivate`)
	for _, group := range groups {
		post(t, p, groupsPage+"/"+group+"/members/new", map[string]any{"member": members[0]})
	}
}

// makeSource makes an event stream source in the workspace of a token.
func makeSource(t *testing.T, s *server, secret, name string) {
	t.Helper()
	body := fmt.Sprintf(`{"name": %q, "type": "Javascript"}`, name)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/v2/sources", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("make a source: status %d, %v", answer.StatusCode, err)
	}
}

// stage imports the example export, with long names, up to the preview.
func stage(t *testing.T, p *page) {
	t.Helper()
	text, err := os.ReadFile("../internal/legacy/testdata/acme.json")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	text = regexp.MustCompile(`("id": "(?:[a-z]+-)[^}]*?"name": )"[^"]*"`).ReplaceAllFunc(text, func(item []byte) []byte {
		n++
		return fmt.Appendf(nil, "%s%q", item[:bytes.LastIndex(item, []byte(`: "`))+2], longNames()[n%4])
	})
	path := filepath.Join(t.TempDir(), strings.Repeat("W", 200)+".json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	uploadExport(t, p, path, "Import members with policies")
}

// measure is a script that returns what is wrong with the layout of a page.
//
//go:embed testdata/measure.js
var measure string

// fitsEverywhere measures the page that is open at every width.
func fitsEverywhere(t *testing.T, p *page, what string) {
	t.Helper()
	if p.eval(`() => !!document.querySelector("dialog:modal")`) == true {
		fitsAt(t, p, what, dialogWidths()...)
		return
	}
	fitsAt(t, p, what, widths()...)
}

func fitsAt(t *testing.T, p *page, what string, widths ...int) {
	t.Helper()
	seen, figures := map[string]bool{}, regexp.MustCompile(`[\d.]+`)
	for _, width := range widths {
		height := 900
		if width < 480 {
			height = 640
		}
		if err := p.SetViewportSize(width, height); err != nil {
			t.Fatal(err)
		}
		for _, problem := range p.eval(measure).([]any) {
			once := figures.ReplaceAllString(problem.(string), "")
			if !seen[once] {
				t.Errorf("%s at %d px: %s", what, width, problem)
			}
			seen[once] = true
		}
	}
}

// links is a script that returns the addresses that a page leads to, each with the length of the text beside it.
const links = `() => Object.fromEntries([...document.querySelectorAll("a[href^='/'], form[action^='/']")].map(e =>
	[e.getAttribute("href") ?? e.getAttribute("action"), (e.closest("tr, li") ?? e).textContent.length]))`

// TestPages_FitEveryWidth opens every page of the route table. It finds those with a parameter in their path by links
// on the others, so a page that it cannot open fails it.
func TestPages_FitEveryWidth(t *testing.T) {
	t.Parallel()
	p := admin(t, start(t, "demo", "--webhook-allow", "127.0.0.1", "--provider-allow", "127.0.0.1"))
	p.tolerate("status of 4") // a refused form
	stretch(t, p)
	stretchProviders(t, p)
	p.open(migrationPage)
	fitsEverywhere(t, p, migrationPage)
	stage(t, p)
	known, left := map[string]float64{}, slices.DeleteFunc(pageRoutes(), func(route string) bool { return route == migrationPage })
	for _, route := range left {
		if !strings.Contains(route, ":") {
			known[route] = 0
		}
	}
	// The page of a token that is opened need not be that of a service token.
	known[contactPage(ids(t, p, satWork, `/tokens/(\w{27})`)[0])] = 0
	rotated, suspended := stretchTokens(t, p)
	known[rotated+"/end-previous"], known[suspended+"/resume"] = 0, 0
	for progress := true; progress; {
		progress = false
		for _, route := range slices.Clone(left) {
			address := longest(known, route)
			if address == "" {
				continue
			}
			left = slices.DeleteFunc(left, func(r string) bool { return r == route })
			progress = true
			if status := p.open(address); status != http.StatusOK || p.path() != address {
				t.Errorf("%s: status %d, at %s", address, status, p.path())
				continue
			}
			for href, length := range p.eval(links).(map[string]any) {
				known[href] = max(known[href], float64(length.(int)))
			}
			fitsEverywhere(t, p, route)
			refuse(t, p, route)
		}
	}
	for _, route := range left {
		t.Errorf("%s was not opened: no page links to it", route)
	}
	for _, token := range []string{rotated, suspended} {
		p.open(token)
		fitsEverywhere(t, p, token)
	}
}

// stretchTokens rotates a token, uses both of its values from a client with a long name, and suspends another
// one for a long reason. It returns their pages.
func stretchTokens(t *testing.T, p *page) (rotated, suspended string) {
	t.Helper()
	var pages []string
	for _, id := range ids(t, p, satWork, `/tokens/(\w{27})`)[:2] {
		pages = append(pages, "/tokens/"+id)
	}
	rotated, suspended = pages[0], pages[1]
	rotate := func() string {
		p.open(rotated + "/rotate")
		revision := p.eval(`() => document.querySelector("dialog:modal input[name=revision]").value`)
		return secretPattern.FindString(send(t, p, rotated+"/rotate",
			map[string]any{"overlap": "24h", "expiration": "same", "revision": revision}))
	}
	first := rotate()
	use(t, p.server, first)
	second := rotate()
	use(t, p.server, first)
	use(t, p.server, second)
	send(t, p, suspended+"/suspend", map[string]any{"reason": strings.Repeat("W", 200)})
	return rotated, suspended
}

// use asks the API with a token, as a client with a long name.
func use(t *testing.T, s *server, secret string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/v2/token", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	r.Header.Set("User-Agent", strings.Repeat("w", 500))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
}

// longest returns the address of a route's page, that with the longest text beside it, or "" if no link leads to one.
func longest(known map[string]float64, route string) string {
	if list, act, _ := strings.Cut(route, inventoryPage+"/"); list == "" && act != "" {
		token := longest(known, "/tokens/:id")
		if token == "" {
			return ""
		}
		return route + "?token=" + strings.TrimPrefix(token, "/tokens/")
	}
	needs := map[string]string{usersPage + "/add-to-groups": "", usersPage + "/delete": "",
		groupsPage + "/:id/members/remove": groupsPage + "/:id"}
	if list, selection := needs[route]; selection {
		member := longest(known, usersPage+"/:id")
		if list != "" {
			route = longest(known, list) + strings.TrimPrefix(route, list)
		}
		if member == "" || !strings.HasPrefix(route, "/settings") {
			return ""
		}
		return route + "?member=" + strings.TrimPrefix(member, usersPage+"/")
	}
	best, valid := "", regexp.MustCompile("^"+regexp.MustCompile(`:\w+`).ReplaceAllString(route, `[^/?#]+`)+"$")
	for _, href := range slices.Sorted(maps.Keys(known)) {
		if valid.MatchString(href) && (best == "" || known[href] > known[best]) && (href == route || !slices.Contains(pageRoutes(), href)) {
			best = href
		}
	}
	return best
}

// refuse sends the form of an open dialog empty, and measures the dialog with all its errors.
func refuse(t *testing.T, p *page, what string) {
	t.Helper()
	sent := p.eval(`() => {
		const form = document.querySelector("dialog:modal form.form");
		if (!form) return false;
		for (const e of form.querySelectorAll("input[type=text], input[type=email], textarea")) e.value = "";
		for (const e of form.querySelectorAll("input:checked")) e.checked = false;
		document.body.dataset.sent = "";
		form.requestSubmit();
		return true;
	}`)
	if sent != true {
		return
	}
	if err := p.Page.Locator("body:not([data-sent])").WaitFor(); err != nil {
		t.Fatalf("%s: the form was not sent: %v", what, err)
	}
	if refused := p.eval(`() => !!document.querySelector("dialog:modal [data-error-summary]")`); refused == true {
		fitsAt(t, p, what+" with errors", dialogWidths()...)
	}
}

func TestPages_FitBeforeAnybodyIsSignedIn(t *testing.T) {
	t.Parallel()
	p := newPage(t, start(t, "demo"))
	p.open("/sign-in")
	fitsEverywhere(t, p, "/sign-in")
	fresh := start(t, "serve")
	first := newPage(t, fresh)
	first.open(fresh.SetupURL(t))
	first.sees("button", "")
	fitsEverywhere(t, first, "/setup")
}

func TestPages_FitForAMember(t *testing.T) {
	t.Parallel()
	p := newPage(t, start(t, "demo"))
	signIn(t, p, viewerEmail, demoPassword)
	for _, path := range []string{accessPage, "/settings/profile"} {
		p.open(path)
		fitsEverywhere(t, p, path)
	}
}

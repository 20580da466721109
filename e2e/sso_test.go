package e2e

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/internal/signin/oidc/oidctest"
)

const (
	providerPage    = "/settings/access-management/identity-providers"
	providerVersion = "9.13.3" // of npm's oidc-provider, which .ci/setup lays out
	ssoClient       = "latchkey"
	ssoSecret       = "the secret of the client at the provider"
)

// identityProvider is a program that runs npm's oidc-provider. Its site is localhost, that of Latchkey 127.0.0.1.
type identityProvider struct {
	t   *testing.T
	cmd *exec.Cmd
	URL string
}

func startIdentityProvider(t *testing.T) identityProvider {
	t.Helper()
	cache, err := cacheFolder()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(cache, "playwright-"+driverVersion, "node"), filepath.Join("testdata", "oidc.mjs"),
		filepath.Join(cache, "oidc-provider-"+providerVersion))
	cmd.SysProcAttr = dieWithParent()
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	port := ""
	for lines := bufio.NewScanner(out); port == "" && lines.Scan(); {
		if regexp.MustCompile(`^\d+$`).MatchString(lines.Text()) {
			port = lines.Text()
		}
	}
	if port == "" {
		t.Fatal("the provider prints no port: run `make setup` first")
	}
	return identityProvider{t, cmd, "http://localhost:" + port}
}

// knows tells the provider something: its client, or an account.
func (i identityProvider) knows(what string, v map[string]any) {
	i.t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		i.t.Fatal(err)
	}
	response, err := http.Post(i.URL+"/test/"+what, "application/json", strings.NewReader(string(text)))
	if err != nil {
		i.t.Fatal(err)
	}
	_ = response.Body.Close()
}

// account adds or changes an account.
func (i identityProvider) account(sub, email string, groups ...string) {
	i.t.Helper()
	v := map[string]any{"sub": sub, "email": email, "email_verified": true, "name": "Person " + sub}
	if groups != nil {
		v["groups"] = groups
	}
	i.knows("account", v)
}

// login fills in the form of the provider.
func (i identityProvider) login(p *page, sub string) {
	i.t.Helper()
	for _, field := range []string{"login", "password"} {
		if err := p.Locator("input[name=" + field + "]").Fill(sub); err != nil {
			i.t.Fatal(err)
		}
	}
	if err := p.Locator("button[type=submit]").First().Click(); err != nil {
		i.t.Fatal(err)
	}
}

// addProvider sets up the provider in the dashboard, and Latchkey at the provider. It returns the path of its page.
func (i identityProvider) addProvider(admin *page) string {
	i.t.Helper()
	admin.open(providerPage)
	axe(i.t, admin)
	admin.click("link", "Add Other OpenID Connect provider")
	admin.fill("Name", "Acme Login")
	admin.fill("Issuer URL", i.URL)
	admin.fill("Client ID", ssoClient)
	admin.fill("Client secret", ssoSecret)
	admin.fill("Email domains optional", "acme.example")
	admin.check("Refuse")
	axe(i.t, admin)
	screenshot(i.t, admin, "sso-new")
	admin.click("button", "Save")
	admin.seesText("Acme Login was added.")
	at := strings.TrimPrefix(admin.URL(), admin.server.URL)
	id := at[strings.LastIndexByte(at, '/')+1:]
	base := admin.server.URL + "/sso/oidc/" + id
	i.knows("client", map[string]any{"client_id": ssoClient, "client_secret": ssoSecret, "redirect_uris": []string{base + "/callback"},
		"post_logout_redirect_uris": []string{admin.server.URL + "/sign-in"}, "backchannel_logout_uri": base + "/backchannel-logout",
		"backchannel_logout_session_required": true})
	admin.seesText(base + "/callback")
	return at
}

// foreign lets a page go to the provider.
func foreign(p *page) *page {
	p.tolerate("request to another origin")
	p.tolerate("localhost")
	p.tolerate("fonts.googleapis.com") // of the provider's form
	return p
}

func TestSSO_OpenIDConnectFromTheFirstTrialToTheEnd(t *testing.T) {
	t.Parallel()
	idp := startIdentityProvider(t)
	s := start(t, "demo", "--provider-allow", "127.0.0.0/8,::1")
	admin := foreign(newPage(t, s))
	signIn(t, admin, adminEmail, demoPassword)
	at := idp.addProvider(admin)
	axe(t, admin)

	// Try it, before anybody can sign in with it.
	idp.account("ada", adminEmail)
	admin.click("link", "Try it")
	idp.login(admin, "ada")
	admin.seesText("All checks passed.")
	admin.seesText("Is linked to the member and signs in")
	axe(t, admin)
	screenshot(t, admin, "sso-try")
	admin.open(at)
	admin.click("button", "Enable")
	admin.seesText("Acme Login was enabled.")
	screenshot(t, admin, "sso-provider")

	// A member signs in, from a page that wanted to go somewhere.
	idp.account("ed", editorEmail)
	editor := foreign(newPage(t, s))
	editor.open("/settings/profile")
	editor.reaches("/sign-in")
	axe(t, editor)
	screenshot(t, editor, "sso-sign-in")
	editor.click("link", "Continue with Acme Login")
	idp.login(editor, "ed")
	editor.reaches("/settings/profile")
	editor.seesText(editorEmail)

	// Somebody who is no member gets a code, and an Admin finds what failed.
	idp.account("eve", "eve@acme.example")
	eve := foreign(newPage(t, s))
	eve.tolerate("403")
	eve.open("/sso?domain=acme.example")
	idp.login(eve, "eve")
	eve.sees("heading", "You are not signed in")
	axe(t, eve)
	screenshot(t, eve, "sso-refused")
	code := regexp.MustCompile(`[A-Z2-7]{4}-[A-Z2-7]{4}`).FindString(eve.html())
	admin.open(providerPage)
	admin.fill("Code", code)
	admin.click("button", "Look up")
	admin.seesText("this provider adds no members")
	axe(t, admin)
	screenshot(t, admin, "sso-failure")

	// The provider ends its session: Latchkey's ends at once.
	if _, err := editor.Goto(idp.URL + "/session/end"); err != nil {
		t.Fatal(err)
	}
	if err := editor.Locator("button[value=yes]").Click(); err != nil {
		t.Fatal(err)
	}
	editor.seesText("Sign-out Success")
	editor.open("/settings/profile")
	editor.reaches("/sign-in")

	// Without the provider the way by password is still there.
	_ = idp.cmd.Process.Kill()
	_ = idp.cmd.Wait()
	admin.open(at)
	admin.click("link", "Disable")
	admin.click("button", "Yes, disable")
	admin.seesText("its sessions were ended")
	signIn(t, newPage(t, s), viewerEmail, demoPassword)
}

// New members, groups that change, and signing out at the provider; without a script, on a phone, in the dark.
func TestSSO_NewMembersAndGroupsWithoutScript(t *testing.T) {
	t.Parallel()
	idp := startIdentityProvider(t)
	s := start(t, "demo", "--provider-allow", "127.0.0.0/8,::1")
	admin := foreign(newPage(t, s))
	signIn(t, admin, adminEmail, demoPassword)
	at := idp.addProvider(admin)
	admin.click("button", "Enable")
	admin.click("link", "Edit")
	admin.check("Add with baseline access")
	admin.click("button", "Save")
	admin.seesText("Acme Login was saved.")
	send(t, admin, groupsPage+"/new", map[string]any{"name": "Flow Makers", "step": "create"})
	admin.open(at + "/groups")
	admin.fill("Groups claim optional", "groups")
	admin.fill("Group mapping optional", "flow = Flow Makers")
	axe(t, admin)
	screenshot(t, admin, "sso-groups")
	admin.click("button", "Save")
	admin.seesText("The groups were saved.")

	idp.account("new", "new@acme.example", "flow", "other")
	p := foreign(newPage(t, s, noScript, mobile, dark))
	p.open("/sign-in")
	screenshot(t, p, "sso-sign-in-phone")
	p.click("link", "Use single sign-on")
	p.fill("Email", "new@acme.example")
	axe(t, p)
	p.click("button", "Continue")
	idp.login(p, "new")
	p.sees("heading", "Home")
	members := func() string {
		admin.open(groupsPage)
		admin.click("link", "Flow Makers")
		return admin.html()
	}
	if !strings.Contains(members(), "new@acme.example") {
		t.Error("the new member is not in the group of the table")
	}
	// Signing out leads to the provider, although the policy for forms allows no redirect there.
	if err := p.Locator("details.account > summary").Click(); err != nil {
		t.Fatal(err)
	}
	p.click("button", "Sign out")
	if err := p.Locator("button[value=yes]").Click(); err != nil {
		t.Fatal(err)
	}
	p.reaches("/sign-in")

	idp.account("new", "new@acme.example", []string{}...)
	idp.knows("account", map[string]any{"sub": "new", "email": "changed@elsewhere.example", "groups": []string{}})
	p.click("link", "Continue with Acme Login")
	idp.login(p, "new")
	p.sees("heading", "Home")
	if strings.Contains(members(), "new@acme.example") {
		t.Error("an empty claim does not take the group away")
	}
	screenshot(t, admin, "sso-providers")
}

// stretchProviders adds an identity provider with long texts, a linked member and a failed sign-in.
func stretchProviders(t *testing.T, p *page) {
	t.Helper()
	idp := oidctest.Start(t, time.Now)
	long := strings.Repeat("w", 190)
	send(t, p, providerPage, map[string]any{"name": longNames()[0], "issuer": idp.URL, "client_id": oidctest.ClientID,
		"client_secret": oidctest.Secret,
		"domains":       strings.Repeat("m", 63) + "." + strings.Repeat("m", 63) + ".example", "new_members": "add", "preset": "okta",
		"submission": "sso"})
	at := providerPage + "/" + ids(t, p, providerPage, providerPage+`/(\w{27})`)[0]
	send(t, p, at+"/enable", nil)
	send(t, p, at+"/groups", map[string]any{"groups_claim": long, "group_table": long + " = " + longNames()[0], "admin_group": long})
	idp.Do(func() {
		idp.Claims = map[string]any{"sub": long, "name": longNames()[0],
			"email": "x@" + strings.Repeat("m", 63) + "." + strings.Repeat("m", 63) + ".example"}
	})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	start := p.server.URL + "/sso/oidc/" + at[strings.LastIndexByte(at, '/')+1:] + "/start"
	for client, want := range map[*http.Client]int{{Jar: jar}: http.StatusOK, {}: http.StatusForbidden} {
		answer, err := client.Get(start)
		if err != nil {
			t.Fatal(err)
		}
		if err := answer.Body.Close(); err != nil || answer.StatusCode != want {
			t.Fatalf("%s: status %d, want %d, %v", answer.Request.URL.Path, answer.StatusCode, want, err)
		}
	}
}

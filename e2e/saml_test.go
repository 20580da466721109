package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// samlProvider is a program that runs pysaml2. Its site is localhost, that of Latchkey 127.0.0.1.
type samlProvider struct {
	t   *testing.T
	URL string
}

func startSAMLProvider(t *testing.T) samlProvider {
	t.Helper()
	cmd := exec.Command("/usr/bin/python3", filepath.Join("testdata", "saml.py"), t.TempDir())
	cmd.SysProcAttr = dieWithParent()
	var problem bytes.Buffer
	cmd.Stderr = &problem
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
		t.Fatalf("the provider prints no port: run `make setup` first\n%s", problem.String())
	}
	return samlProvider{t, "http://localhost:" + port}
}

// send tells the provider something.
func (i samlProvider) send(what, text string) {
	i.t.Helper()
	response, err := http.Post(i.URL+"/test/"+what, "text/plain", strings.NewReader(text))
	if err != nil {
		i.t.Fatal(err)
	}
	_ = response.Body.Close()
}

// account adds or changes an account.
func (i samlProvider) account(name, email string, groups ...string) {
	i.t.Helper()
	attributes := map[string][]string{"email": {email}, "displayName": {"Person " + name}}
	if groups != nil {
		attributes["groups"] = groups
	}
	text, err := json.Marshal(map[string]any{"name": name, "attributes": attributes})
	if err != nil {
		i.t.Fatal(err)
	}
	i.send("account", string(text))
}

// login fills in the form of the provider.
func (i samlProvider) login(p *page, name string) {
	i.t.Helper()
	p.fill("Login", name)
	p.click("button", "Sign in")
	p.click("button", "Go on")
}

// addProvider sets up the provider in the dashboard, and Latchkey at the provider by its metadata. It returns the path of
// the provider's page.
func (i samlProvider) addProvider(admin *page, newMembers string) string {
	i.t.Helper()
	admin.open(providerPage)
	admin.click("link", "Add Other SAML provider")
	admin.fill("Name", "Acme SAML")
	admin.fill("Metadata URL optional", i.URL+"/metadata")
	admin.fill("Email domains optional", "acme.example")
	admin.check(newMembers)
	axe(i.t, admin)
	screenshot(i.t, admin, "saml-new")
	admin.click("button", "Save")
	admin.seesText("Acme SAML was added.")
	at := strings.TrimPrefix(admin.URL(), admin.server.URL)
	answer, err := http.Get(admin.server.URL + "/sso/saml/" + at[strings.LastIndexByte(at, '/')+1:] + "/metadata")
	if err != nil {
		i.t.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		i.t.Fatal(answer.Status, err)
	}
	_ = answer.Body.Close()
	i.send("sp", string(text))
	return at
}

// The whole way with a provider that shares no code with ours, on another site.
func TestSAML_FromTheFirstTrialToANewCertificate(t *testing.T) {
	t.Parallel()
	idp := startSAMLProvider(t)
	s := start(t, "demo", "--provider-allow", "127.0.0.0/8,::1")
	admin := foreign(newPage(t, s))
	signIn(t, admin, adminEmail, demoPassword)
	at := idp.addProvider(admin, "Add with baseline access")
	axe(t, admin)

	// Try it, before anybody can sign in with it.
	idp.account("ada", adminEmail, "flow")
	admin.click("link", "Try it")
	idp.login(admin, "ada")
	admin.seesText("All checks passed.")
	admin.seesText("Is linked to the member and signs in")
	admin.seesText("subject-ada")
	axe(t, admin)
	screenshot(t, admin, "saml-try")
	admin.open(at)
	admin.click("button", "Enable")
	admin.seesText("Acme SAML was enabled.")
	screenshot(t, admin, "saml-provider")
	send(t, admin, groupsPage+"/new", map[string]any{"name": "Flow Makers", "step": "create"})
	admin.open(at + "/groups")
	admin.fill("Groups claim optional", "groups")
	admin.fill("Group mapping optional", "flow = Flow Makers")
	admin.click("button", "Save")
	admin.seesText("The groups were saved.")
	members := func() string {
		admin.open(groupsPage)
		admin.click("link", "Flow Makers")
		return admin.html()
	}

	// Somebody new, without a script, from a page that wanted to go somewhere.
	idp.account("new", "new@acme.example", "flow", "other")
	p := foreign(newPage(t, s, noScript))
	p.open("/settings/profile")
	p.reaches("/sign-in")
	p.click("link", "Continue with Acme SAML")
	idp.login(p, "new")
	p.reaches("/settings/profile")
	p.seesText("new@acme.example")
	if !strings.Contains(members(), "new@acme.example") {
		t.Error("the new member is not in the group of the table")
	}

	// Next time in another group, and the provider signs with a new key that it only just made. Its metadata was read when the
	// provider was registered, and is not read again within five seconds.
	time.Sleep(5 * time.Second)
	idp.account("new", "new@acme.example", "other")
	idp.send("key", "")
	p = foreign(newPage(t, s))
	p.open("/sso?domain=acme.example")
	idp.login(p, "new")
	p.sees("heading", "Home")
	if strings.Contains(members(), "new@acme.example") {
		t.Error("a group that the provider does not name any more stays")
	}
	admin.open(at + "/edit")
	screenshot(t, admin, "saml-edit")
}

package e2e

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	notificationPage = "/settings/access-management/notifications"
	verifierVersion  = "1.0.0" // of npm's standardwebhooks, which .ci/setup lays out
)

// receiver is a program that receives webhooks and checks them with the specification's own library.
type receiver struct{ url string }

// received is one message that it got.
type received struct {
	Path, ID, Type, Body, Signatures, Problem string
	Verified                                  bool
}

func startReceiver(t *testing.T) receiver {
	t.Helper()
	cache, err := cacheFolder()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(cache, "playwright-"+driverVersion, "node"), filepath.Join("testdata", "webhook.cjs"),
		filepath.Join(cache, "standardwebhooks-"+verifierVersion, "node_modules"))
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("%v: run `make setup` first", err)
	}
	return receiver{"http://127.0.0.1:" + strings.TrimSpace(port)}
}

// knows tells the receiver the secret.
func (r receiver) knows(t *testing.T, secret string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPut, r.url+"/secret", strings.NewReader(secret))
	if err == nil {
		var response *http.Response
		if response, err = http.DefaultClient.Do(request); err == nil {
			err = response.Body.Close()
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// gets waits for a message for which is holds.
func (r receiver) gets(t *testing.T, what string, is func(received) bool) received {
	t.Helper()
	var list []received
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		response, err := http.Get(r.url + "/seen")
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err == nil {
			err = json.Unmarshal(text, &list)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			if is(m) {
				return m
			}
		}
	}
	t.Fatalf("%s did not come: %+v", what, list)
	return received{}
}

// addWebhook adds a webhook for some events in the dashboard and returns its secret.
func addWebhook(t *testing.T, p *page, url string, events ...string) string {
	t.Helper()
	p.open(notificationPage)
	p.click("link", "Add webhook")
	dialog := p.within("dialog", "Add webhook")
	dialog.fill("URL", url)
	for _, e := range events {
		dialog.check(e)
	}
	dialog.click("button", "Save")
	return p.within("dialog", "Your new webhook").value("Signing secret")
}

func TestWebhook_IsAddedSignedRolledAndDeleted(t *testing.T) {
	t.Parallel()
	srv := start(t, "demo", "--webhook-allow", "127.0.0.0/8")
	hook := startReceiver(t)
	p := newPage(t, srv)
	signIn(t, p, adminEmail, demoPassword)
	p.open(accessPage)
	p.within("navigation", "Access management").click("link", "Notifications")
	p.reaches(notificationPage)
	p.seesText("No webhooks yet")
	axe(t, p)
	screenshot(t, p, "webhooks-empty")
	p.click("link", "Add webhook")
	dialog := p.within("dialog", "Add webhook")
	dialog.fill("URL", "https://169.254.169.254/latest")
	dialog.click("button", "Save")
	described(t, dialog, "URL", "169.254.169.254 is a private or reserved address. The operator can allow it with --webhook-allow.")
	axe(t, p)
	screenshot(t, p, "webhooks-new")
	secret := addWebhook(t, p, hook.url+"/hook", "Token created", "Member added")
	if !strings.HasPrefix(secret, "whsec_") {
		t.Fatalf("the secret is %q", secret)
	}
	hook.knows(t, secret)
	axe(t, p)
	p.click("link", "Close")
	nowhere(t, p, secret, notificationPage)
	p.open(notificationPage)
	axe(t, p)
	p.click("link", hook.url+"/hook")
	p.click("button", "Send test")
	p.seesText("A test message is on its way.")
	hook.gets(t, "the test", func(m received) bool { return m.Type == "webhook.test" && m.Verified })

	one := p.path()
	workspace := ids(t, p, workspacesPage, workspacesPage+`/(\w+)/edit`)[0]
	send(t, p, "/settings/profile/personal-access-tokens", map[string]any{"name": "for the webhook", "workspace": workspace,
		"scope": "read_write", "expiration": "7d", "submission": "pat"})
	made := hook.gets(t, "the token", func(m received) bool { return m.Type == "token.created" })
	if !made.Verified || !strings.Contains(made.Body, `"name":"for the webhook"`) || strings.Contains(made.Body, "lkpat_") {
		t.Errorf("%+v", made)
	}
	awaitText(t, p, one, "Status 200 after")
	axe(t, p)
	screenshot(t, p, "webhook")
	p.row("token.created").click("link", "Details of token.created")
	p.within("dialog", "token.created").seesText("thank you <b>")
	axe(t, p)
	screenshot(t, p, "webhook-delivery")
	p.open(one)
	p.row("token.created").click("button", "Send again token.created")
	p.seesText("on its way again")

	host := strings.TrimPrefix(hook.url, "http://")
	p.click("link", "Roll secret")
	p.within("alertdialog", "Roll the signing secret of "+host+"?").click("button", "Yes, roll")
	rolled := p.within("dialog", "Your new signing secret").value("Signing secret")
	for _, known := range []string{secret, rolled} { // both sign for a day
		hook.knows(t, known)
		p.open(one)
		p.click("button", "Send test")
		p.seesText("A test message is on its way.")
		hook.gets(t, "a message with two signatures", func(m received) bool {
			return m.Verified && len(strings.Fields(m.Signatures)) == 2
		})
	}
	p.click("button", "Disable")
	p.seesText("It is disabled")
	p.click("link", "Delete")
	p.within("alertdialog", "Delete webhook "+host+"?").click("button", "Yes, delete")
	p.reaches(notificationPage)
	p.seesText("No webhooks yet")
}

// awaitText opens a page until it shows a text.
func awaitText(t *testing.T, p *page, path, text string) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		p.open(path)
		if strings.Contains(p.html(), text) {
			return
		}
	}
	t.Fatalf("%s does not show %q", path, text)
}

func TestWebhook_WithoutScriptAndAReceiverThatMisbehaves(t *testing.T) {
	t.Parallel()
	srv := start(t, "demo", "--webhook-allow", "127.0.0.0/8")
	hook := startReceiver(t)
	p := newPage(t, srv, noScript, dark, mobile)
	signIn(t, p, adminEmail, demoPassword)
	for _, path := range []string{"/fails", "/endless"} {
		secret := addWebhook(t, p, hook.url+path, "Token created")
		hook.knows(t, secret)
		p.click("link", "Close")
		p.click("button", "Send test")
		hook.gets(t, path, func(m received) bool { return m.Path == path && m.Verified })
		want := map[string]string{"/fails": "It answered with status 503.", "/endless": "Status 200 after"}[path]
		awaitText(t, p, p.path(), want)
		axe(t, p)
		screenshot(t, p, "webhook-dark"+strings.ReplaceAll(path, "/", "-"))
	}
	p.open(notificationPage)
	p.seesText("Failing")
	axe(t, p)
	screenshot(t, p, "webhooks-dark")
	if code := srv.Stop(); code != 0 {
		t.Errorf("it ended with %d", code)
	}
}

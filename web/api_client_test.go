package web_test

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"latchkey/internal/actor"
	"latchkey/internal/apiclient"
)

const clientForms = "/settings/access-management/api-clients"

// newAPIClient adds an API client.
func (s *site) newAPIClient(t testing.TB, admin actor.Standing) string {
	t.Helper()
	c, err := s.app.Clients.Register(context.Background(), admin.Caller(), apiclient.NewClient{Name: rand.Text()})
	if err != nil {
		t.Fatal(err)
	}
	return c.ID
}

func TestAPIClients_TheSecretIsShownOnceAndWorksUntilDeletion(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	form := url.Values{"name": {"Billing <API>"}, "submission": {submission(t, b.get(clientForms+"/new"))}}
	made := b.post(clientForms, form)
	secret := regexp.MustCompile(`lkacs_[0-9A-Z]+`).FindString(made.body)
	id := regexp.MustCompile(`(?s)Client ID.*?<code>([0-9A-Za-z]{27})</code>`).FindStringSubmatch(made.body)
	if made.status != http.StatusOK || secret == "" || id == nil || made.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d, secret %q, id %v, %v", made.status, secret, id, made.header)
	}
	for name, got := range map[string]answer{"the list": b.get(clientForms), "the form again": b.post(clientForms, form)} {
		if strings.Contains(got.body, secret) {
			t.Errorf("%s shows the secret", name)
		}
		if !strings.Contains(got.body, "Billing &lt;API&gt;") || !strings.Contains(got.body, secret[len(secret)-4:]) {
			t.Errorf("%s does not show the client: %d", name, got.status)
		}
	}
	if n := len(regexp.MustCompile(`>Billing &lt;API&gt;<`).FindAllString(b.get(clientForms).body, -1)); n != 1 {
		t.Errorf("%d clients were made", n)
	}
	ask := func() answer {
		r, err := http.NewRequest(http.MethodPost, s.URL+"/oauth2/introspect", strings.NewReader("token=x"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(id[1], secret)
		return s.browser(t).do(r)
	}
	if got := ask(); got.status != http.StatusOK || got.body != `{"active":false}` {
		t.Errorf("introspection: %d %s", got.status, got.body)
	}
	confirm := b.get(clientForms + "/" + id[1] + "/delete")
	if !strings.Contains(confirm.body, "Delete API client Billing &lt;API&gt;?") || !strings.Contains(confirm.body, "Yes, delete") {
		t.Errorf("the question before the deletion: %d", confirm.status)
	}
	if got := b.post(clientForms+"/"+id[1]+"/delete", nil); got.status != http.StatusSeeOther {
		t.Errorf("deletion: %d", got.status)
	}
	if got := ask(); got.status != http.StatusUnauthorized {
		t.Errorf("introspection afterwards: %d", got.status)
	}
}

func TestAPIClients_EveryMistakeIsNamed(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	form := url.Values{"name": {"Billing"}, "submission": {submission(t, b.get(clientForms+"/new"))}}
	if got := b.post(clientForms, form); got.status != http.StatusOK {
		t.Fatalf("the sound form: %d", got.status)
	}
	for name, message := range map[string]string{
		"": "Enter a name.", "BILLING": "Another API client has this name.", strings.Repeat("x", 65): "Use at most 64 characters.",
		"a\u202eb": "The name contains characters that cannot be shown.",
	} {
		got := b.post(clientForms, with(form, "name", name, "submission", rand.Text()))
		if got.status != http.StatusBadRequest || !got.hasError("form-name", message) {
			t.Errorf("%q: %d, no error %q", name, got.status, message)
		}
	}
}

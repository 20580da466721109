package app

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/config"
	"latchkey/internal/store/storetest"
	"latchkey/internal/token"
)

// TestReused_SuspendsATokenWhosePreviousValueIsUsed asks the server with the value from before a rotation.
func TestReused_SuspendsATokenWhosePreviousValueIsUsed(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	a, err := New(ctx, config.Config{Addr: "127.0.0.1:0", Data: t.TempDir(), LogLevel: "info", LogFormat: "text",
		MakeAuditKey: true}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ada, err := a.Accounts.Organizations.Install(ctx, account.NewInstallation{Organization: "Acme", Workspace: "Main", Name: "Ada",
		Email: "ada@acme.example", Plan: access.PlanEnterprise})
	must(err)
	admin := storetest.SignIn(t, a.Store, ada.ID)
	made, err := a.Tokens.GenerateOrganization(ctx, admin.Caller(), token.NewOrganization{Name: "siem"})
	must(err)
	turned, err := a.Tokens.Rotate(ctx, admin.Caller(), made.ID, token.Rotation{})
	must(err)
	a.reused.every = 0
	ended := make(chan struct{})
	go func() { a.reused.run(ctx, a.Tokens, a.calm); close(ended) }()
	defer func() { stop(); <-ended }()
	use := func(secret token.Secret) int {
		r, w := httptest.NewRequestWithContext(ctx, http.MethodGet, "/v2/token", nil), httptest.NewRecorder()
		r.Header.Set("Authorization", "Bearer "+secret.Reveal())
		a.Handler.ServeHTTP(w, r)
		return w.Code
	}
	if use(made.Secret) != http.StatusUnauthorized || use(turned.Secret) != http.StatusOK {
		t.Fatal("the previous value works, or the current one does not")
	}
	time.Sleep(100 * time.Millisecond)
	if got := use(turned.Secret); got != http.StatusOK {
		t.Fatalf("suspended without a rule: %d", got)
	}
	_, err = a.Rules.Save(ctx, admin.Caller(), token.RuleChange{Rules: token.Rules{SuspendReused: true}})
	must(err)
	use(made.Secret)
	for deadline := time.Now().Add(10 * time.Second); use(turned.Secret) != http.StatusUnauthorized; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the token still works")
		}
	}
}

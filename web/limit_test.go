package web_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/apiclient"
	"latchkey/internal/config"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

// TestForms_SayWhichLimitIsReached fills up what a form adds to, and wants the form again with the
// limit and with what was typed.
func TestForms_SayWhichLimitIsReached(t *testing.T) {
	s := newSiteOn(t, config.Config{Data: filepath.Dir(storetest.Empty(t)), MaxPersonalTokens: 1})
	b := s.signedIn(t, adminEmail)
	ctx, org := context.Background(), s.caller(t, adminEmail).Organization
	err := s.app.Store.InTx(ctx, actor.System(""), func(tx *store.Tx) (err error) {
		for n := range access.MaxWorkspaces {
			err = errors.Join(err, tx.InsertWorkspace(ctx, account.Workspace{ID: fmt.Sprint("w", n), Organization: org, Name: fmt.Sprint("W ", n),
				Environment: account.Production, Region: "US", CreatedAt: tx.Now(), UpdatedAt: tx.Now()}))
		}
		for n := range access.MaxGroups {
			err = errors.Join(err, tx.InsertGroup(ctx, account.Group{ID: fmt.Sprint("g", n), Organization: org, Name: fmt.Sprint("G ", n),
				CreatedAt: tx.Now(), UpdatedAt: tx.Now()}))
		}
		for n := range access.MaxAPIClients {
			c := apiclient.Credential{Client: apiclient.Client{ID: fmt.Sprint("c", n), Organization: org, Name: fmt.Sprint("C ", n), CreatedAt: tx.Now()}}
			c.Digest[0] = byte(n)
			err = errors.Join(err, tx.InsertAPIClient(ctx, c, ""))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	const (
		pats    = "/settings/profile/personal-access-tokens"
		clients = administration + "/api-clients"
	)
	for path, c := range map[string]struct {
		form url.Values
		says string
	}{
		pats: {url.Values{"workspace": {firstWorkspace(t, s)}, "scope": {"read_only"}, "expiration": {"30d"},
			"submission": {submission(t, b.get(pats+"/new"))}}, "at most 1 personal access tokens"},
		clients:                        {url.Values{"submission": {submission(t, b.get(clients+"/new"))}}, "at most 100 API clients"},
		"/settings/workspaces/new":     {url.Values{"environment": {"PRODUCTION"}, "region": {"US"}}, "at most 500 workspaces"},
		administration + "/groups/new": {url.Values{"step": {"create"}}, "at most 5000 groups"},
	} {
		c.form.Set("name", "One more, please")
		got := b.post(path, c.form)
		if got.status != http.StatusBadRequest || !strings.Contains(got.body, c.says) || !strings.Contains(got.body, "One more, please") {
			t.Errorf("%s: %d, without %q", path, got.status, c.says)
		}
	}
}

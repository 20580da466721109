package web_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/invitation"
	"latchkey/internal/policy"
	"latchkey/internal/random"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

// fill replaces the parameters of a route by things that really exist, made for this one
// request: a refusal is then about the visitor and not about the id, and an Admin's
// destructive request spoils nothing for the next.
func (s *site) fill(t testing.TB, path string) string {
	t.Helper()
	if !strings.Contains(path, ":") {
		return path
	}
	admin := s.caller(t, adminEmail)
	makers := []struct {
		under string
		make  func(testing.TB, actor.Standing) string
	}{
		{"personal-access-tokens/", s.anyPersonalToken},
		{"service-access-tokens/", s.anyServiceToken},
		{"/tokens/", s.anyPersonalToken},
		{"users/", s.newMember},
		{"groups/", s.newGroup},
		{"invitations/", s.newInvitation},
		{"api-clients/", s.newAPIClient},
		{"notifications/", s.newWebhook},
		{"identity-providers/", s.newProvider},
		{"/sso/oidc/", s.newProvider},
		{"/sso/saml/", s.newSAMLProvider},
		{"presets/", s.newPreset},
		{"settings/workspaces/", s.newWorkspace},
		{"audit-logs/", s.anyEvent},
		{"/workspaces/", func(t testing.TB, _ actor.Standing) string { return firstWorkspace(t, s) }},
	}
	for _, m := range makers {
		if strings.Contains(path, m.under+":id") {
			path = strings.Replace(path, m.under+":id", m.under+m.make(t, admin), 1)
		}
	}
	if id, found := strings.CutSuffix(path[:max(0, strings.Index(path, "/:delivery"))], "/deliveries"); found {
		path = strings.Replace(path, ":delivery", s.failedDelivery(t, admin, id[strings.LastIndexByte(id, '/')+1:]), 1)
	}
	if id, found := strings.CutSuffix(path[:max(0, strings.Index(path, "/:member"))], "/members"); found {
		path = strings.Replace(path, ":member", s.linkedMember(t, admin, id[strings.LastIndexByte(id, '/')+1:]), 1)
	}
	return strings.NewReplacer("export/:format", "export/csv", ":workspace", firstWorkspace(t, s), ":domain", "none.example",
		// The staging area is empty and nothing was deployed.
		":seq", "1", ":kind", "members", "deployed/:id", "deployed/none", ":format", "report.txt").Replace(path)
}

func (s *site) anyPersonalToken(t testing.TB, admin actor.Standing) string {
	t.Helper()
	mine, err := every(s.app.Tokens.Personal(context.Background(), admin, token.Listing{}))
	if err != nil || len(mine) == 0 {
		t.Fatalf("no token of the Admin's: %v", err)
	}
	return mine[0].ID
}

// every returns the tokens of a list.
func every(l token.Listed, err error) ([]token.Token, error) { return l.Tokens, err }

func (s *site) anyServiceToken(t testing.TB, admin actor.Standing) string {
	t.Helper()
	services, err := every(s.app.Tokens.Services(context.Background(), admin, token.Workspace, token.Listing{}))
	if err != nil || len(services) == 0 {
		t.Fatalf("no service token: %v", err)
	}
	return services[0].ID
}

// newMember adds somebody who is in the first workspace.
func (s *site) newMember(t testing.TB, admin actor.Standing) string {
	t.Helper()
	ctx, now, id := context.Background(), s.now(), ksuid.New().String()
	m := account.Member{ID: id, Organization: admin.Organization, Email: strings.ToLower(id) + "@acme.example", Name: "Throw Away",
		Role: access.RoleMember, Status: account.Active, CreatedAt: now, UpdatedAt: now}
	p := policy.Policy{ID: ksuid.New().String(), Organization: admin.Organization, Workspace: firstWorkspace(t, s),
		Kind: policy.OfMember, Subject: id, Version: 1, UpdatedAt: now}
	err := s.app.Store.InTx(ctx, actor.System(""), func(tx *store.Tx) error {
		return errors.Join(tx.InsertMember(ctx, m,
			""), tx.InsertPolicy(ctx, p))
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (s *site) newGroup(t testing.TB, admin actor.Standing) string {
	t.Helper()
	g, err := s.app.Accounts.Groups.Create(context.Background(), admin.Caller(),
		account.GroupSettings{Name: ksuid.New().String()}, []string{firstWorkspace(t, s)})
	if err != nil {
		t.Fatal(err)
	}
	return g.ID
}

func (s *site) newInvitation(t testing.TB, admin actor.Standing) string {
	t.Helper()
	command := invitation.NewInvitations{Emails: []string{ksuid.New().String() + "@acme.example"}, Role: access.RoleMember,
		Workspaces: []string{firstWorkspace(t, s)}}
	invited, err := s.app.Invitations.Invite(context.Background(), admin.Caller(), command, func(random.Secret) string { return "" })
	if err != nil || len(invited.Sent) != 1 {
		t.Fatalf("invite: %+v %v", invited, err)
	}
	return invited.Sent[0].ID
}

func (s *site) newPreset(t testing.TB, admin actor.Standing) string {
	t.Helper()
	p, err := s.app.Presets.Save(context.Background(), admin.Caller(), ksuid.New().String(),
		map[access.Permission]policy.Extent{"source:edit": policy.ChosenResources})
	if err != nil {
		t.Fatal(err)
	}
	return p.ID
}

func (s *site) anyEvent(t testing.TB, admin actor.Standing) string {
	t.Helper()
	events, err := s.app.Store.RecentEvents(context.Background(), admin.Organization, "", 1)
	if err != nil || len(events) == 0 {
		t.Fatalf("no event: %v", err)
	}
	return events[0].ID
}

func (s *site) newWorkspace(t testing.TB, admin actor.Standing) string {
	t.Helper()
	w, err := s.app.Accounts.Workspaces.Create(context.Background(), admin.Caller(),
		account.WorkspaceSettings{Name: ksuid.New().String(), Environment: account.Development, Region: "US"})
	if err != nil {
		t.Fatal(err)
	}
	return w.ID
}

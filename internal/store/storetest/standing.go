package storetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/apiclient"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/signin"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

// Standing checks that a transaction knows who acts in it as of its own moment.
func Standing(t *testing.T, open Open) {
	t.Run("what_ends_a_caller_ends_it_for_transactions", func(t *testing.T) { endsCallers(t, open) })
	for name, test := range map[string]func(*testing.T, *standingBed){
		"callers stand as the database says":           standsAsStored,
		"what shrinks rights shrinks them at once":     shrinksRights,
		"nobody and unknown references get no further": refusesStrangers,
		"the server acts for an organization":          actsForOrganization,
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) { test(t, newStandingBed(t, open(t))) })
	}
}

// standingBed is an account bed in which Bo, who may edit sources in the one workspace
// through a group, and the Admin Ada are signed in, with a token of each kind and an API client.
type standingBed struct {
	*accountBed
	bo, pat, sat, oat, client actor.Caller
}

const (
	bedEdit    = access.Permission("source:edit")
	bedConnect = access.Permission("source:connect")
)

func newStandingBed(t *testing.T, s *store.Store) *standingBed {
	b := &standingBed{accountBed: newAccountBed(t, s)}
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		p, err := tx.PolicyAt(ctx, bedOrg, policy.Place{Kind: policy.OfGroup, Workspace: bedProd, Subject: bedGroup})
		p.Body, p.Version = access.Policy{bedEdit: access.Everywhere()}, p.Version+1
		now := tx.Now()
		return errors.Join(err, tx.UpdatePolicy(ctx, p),
			tx.DeletePolicy(ctx, bedPolicy("p-member", policy.OfMember, bedBo, now)),
			tx.InsertToken(ctx, token.Token{ID: "pat", Organization: bedOrg, Kind: token.Personal, Name: "probe", Owner: bedBo, Workspace: bedProd,
				Scope: access.ScopeReadWrite, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}, token.Digest("pat"), ""),
			tx.InsertToken(ctx, token.Token{ID: "sat", Organization: bedOrg, Kind: token.Workspace, Name: "ci", Workspace: bedProd,
				Policy: access.Policy{bedConnect: access.Everywhere()}, CreatedAt: now}, token.Digest("sat"), ""),
			tx.InsertToken(ctx, token.Token{ID: "oat", Organization: bedOrg, Kind: token.Organization, Name: "idp",
				CreatedAt: now}, token.Digest("oat"), ""),
			tx.InsertAPIClient(ctx, apiclient.Credential{Client: apiclient.Client{ID: "client", Organization: bedOrg,
				Name: "Billing", CreatedAt: now}}, ""))
	})
	b.bo = SignIn(t, s, bedBo).Caller()
	of := func(kind actor.Kind, id string) actor.Caller {
		return actor.Caller{Ref: actor.Ref{Kind: kind, ID: id}, Origin: actor.Origin{IP: "192.0.2.1", RequestID: "r-" + id}}
	}
	b.pat, b.sat, b.oat, b.client = of(actor.Token, "pat"), of(actor.Token, "sat"), of(actor.Token, "oat"), of(actor.Client, "client")
	return b
}

// may lists which of the two permissions a caller has in the workspace now.
func (b *standingBed) may(t *testing.T, by actor.Caller) string {
	t.Helper()
	var may []string
	p := Stands(t, b.Store, by).Principal
	for _, perm := range []access.Permission{bedEdit, bedConnect} {
		if access.Decide(access.BuiltIn(), p, perm, access.Resource{Organization: bedOrg, Workspace: bedProd}).Allowed {
			may = append(may, string(perm))
		}
	}
	return strings.Join(may, " ")
}

func standsAsStored(t *testing.T, b *standingBed) {
	for name, c := range map[string]struct {
		by               actor.Caller
		kind             access.Kind
		id, called, mail string
		may              string
	}{
		"the Admin":             {b.admin.Caller(), access.Member, bedAda, "ada", "ada@acme.example", "source:edit source:connect"},
		"a member":              {b.bo, access.Member, bedBo, "bo", "bo@acme.example", "source:edit"},
		"a personal token":      {b.pat, access.PersonalToken, "pat", "bo", "bo@acme.example", "source:edit"},
		"a workspace token":     {b.sat, access.WorkspaceToken, "sat", "ci", "", "source:connect"},
		"an organization token": {b.oat, access.OrganizationToken, "oat", "idp", "", ""},
		"an API client":         {b.client, access.Nobody, "", "API client Billing", "", ""},
	} {
		s := Stands(t, b.Store, c.by)
		if s.Kind != c.kind || s.ID != c.id || s.Name != c.called || s.Email != c.mail || s.Organization != bedOrg || s.Caller() != c.by {
			t.Errorf("%s: %+v", name, s)
		}
		if got := b.may(t, c.by); got != c.may {
			t.Errorf("%s may %q, want %q", name, got, c.may)
		}
	}
}

// ends lists what ends callers, and whom.
func (b *standingBed) ends() map[string]struct {
	do   func(ctx context.Context, tx *store.Tx) error
	whom []actor.Caller
} {
	type end = struct {
		do   func(ctx context.Context, tx *store.Tx) error
		whom []actor.Caller
	}
	return map[string]end{
		"the session is ended": {func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.EndSession(ctx, b.bo.Ref.ID)
			return err
		}, []actor.Caller{b.bo}},
		"the session is over": {func(ctx context.Context, tx *store.Tx) error {
			long := tx.Now().Add(-signin.AbsoluteLimit)
			return tx.InsertSession(ctx, signin.Session{ID: "over", Member: bedBo, CreatedAt: long, LastSeenAt: tx.Now()}, []byte("over"))
		}, []actor.Caller{{Ref: actor.Ref{Kind: actor.Session, ID: "over"}}}},
		"the member is deactivated": {func(ctx context.Context, tx *store.Tx) error {
			m, err := tx.Member(ctx, bedOrg, bedBo)
			m.Status = account.Deactivated
			return errors.Join(err, tx.UpdateMember(ctx, m))
		}, []actor.Caller{b.bo, b.pat}},
		"the member is deleted": {func(ctx context.Context, tx *store.Tx) error {
			return tx.DeleteMembers(ctx, bedOrg, []string{bedBo})
		}, []actor.Caller{b.bo, b.pat}},
		"the owner leaves the workspace": {func(ctx context.Context, tx *store.Tx) error {
			return tx.RemoveFromGroup(ctx, bedGroup, bedBo)
		}, []actor.Caller{b.pat}},
		"the workspace is deleted": {func(ctx context.Context, tx *store.Tx) error {
			return tx.DeleteWorkspace(ctx, bedOrg, bedProd)
		}, []actor.Caller{b.pat, b.sat}},
		"the tokens are deleted": {func(ctx context.Context, tx *store.Tx) error {
			return tx.TombstoneTokens(ctx, bedOrg, []string{"pat", "sat", "oat"})
		}, []actor.Caller{b.pat, b.sat, b.oat}},
		"a token has expired": {func(ctx context.Context, tx *store.Tx) error {
			return tx.InsertToken(ctx, token.Token{ID: "expired", Organization: bedOrg, Kind: token.Organization, Name: "late", CreatedAt: tx.Now(),
				ExpiresAt: tx.Now()}, token.Digest("expired"), "")
		}, []actor.Caller{{Ref: actor.Ref{Kind: actor.Token, ID: "expired"}}}},
		"the API client is deleted": {func(ctx context.Context, tx *store.Tx) error {
			return tx.DeleteAPIClient(ctx, bedOrg, "client")
		}, []actor.Caller{b.client}},
	}
}

// endsCallers commits each end in a store of its own.
func endsCallers(t *testing.T, open Open) {
	for name := range newStandingBed(t, open(t)).ends() {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			b := newStandingBed(t, open(t))
			end := b.ends()[name]
			b.inTx(t, end.do)
			for _, by := range append([]actor.Caller{b.admin.Caller(), b.bo, b.pat, b.sat, b.oat, b.client}, end.whom...) {
				ran := false
				err := b.InTx(t.Context(), by, func(*store.Tx) error { ran = true; return nil })
				gone := slices.Contains(end.whom, by)
				if gone && (ran || !fault.Is(err, fault.Unauthenticated)) || !gone && (!ran || err != nil) {
					t.Errorf("%+v: a transaction ran: %t, %v", by.Ref, ran, err)
				}
			}
		})
	}
}

func shrinksRights(t *testing.T, b *standingBed) {
	for _, step := range []struct {
		name    string
		do      func(ctx context.Context, tx *store.Tx) error
		by      actor.Caller
		is      access.Role
		may     string
		isStill bool // in the workspace
	}{
		{"the Admin is demoted", func(ctx context.Context, tx *store.Tx) error {
			m, err := tx.Member(ctx, bedOrg, bedAda)
			m.Role = access.RoleMember
			return errors.Join(err, tx.UpdateMember(ctx, m))
		}, b.admin.Caller(), access.RoleMember, "", false},
		{"the group's policy shrinks", func(ctx context.Context, tx *store.Tx) error {
			p, err := tx.PolicyAt(ctx, bedOrg, policy.Place{Kind: policy.OfGroup, Workspace: bedProd, Subject: bedGroup})
			p.Body, p.Version = access.Policy{}, p.Version+1
			return errors.Join(err, tx.UpdatePolicy(ctx, p))
		}, b.bo, access.RoleMember, "", true},
		{"and with it the token's rights", func(context.Context, *store.Tx) error { return nil }, b.pat, access.RoleMember, "", true},
		{"the member leaves the group", func(ctx context.Context, tx *store.Tx) error {
			return tx.RemoveFromGroup(ctx, bedGroup, bedBo)
		}, b.bo, access.RoleMember, "", false},
	} {
		b.inTx(t, step.do)
		s := Stands(t, b.Store, step.by)
		if got := b.may(t, step.by); s.Role != step.is || got != step.may || s.IsIn(bedProd) != step.isStill {
			t.Errorf("%s: is %s, may %q, is in: %t", step.name, s.Role, got, s.IsIn(bedProd))
		}
	}
}

func refusesStrangers(t *testing.T, b *standingBed) {
	for _, kind := range []actor.Kind{actor.Nobody, actor.Session, actor.Token, actor.Client, 99} {
		for _, id := range []string{"", "unknown", bedAda} {
			err := b.InTx(t.Context(), actor.Caller{Ref: actor.Ref{Kind: kind, ID: id, Organization: bedOrg}}, func(*store.Tx) error {
				t.Errorf("a transaction of kind %d, id %q runs", kind, id)
				return nil
			})
			if !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("kind %d, id %q: %v", kind, id, err)
			}
		}
	}
	for secret, want := range map[string]bool{"pat": true, "sat": false, "unknown": false} {
		by := b.pat
		by.Ref.Digest = token.Digest(secret)
		err := b.InTx(t.Context(), by, func(*store.Tx) error { return nil })
		if (err == nil) != want || !want && !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("a token by the secret of %s: %v", secret, err)
		}
	}
}

func actsForOrganization(t *testing.T, b *standingBed) {
	if s := Stands(t, b.Store, actor.System(bedOrg)); s.Organization != bedOrg || s.Name != "System" || s.Kind != access.Nobody {
		t.Errorf("the server: %+v", s)
	}
	origin := actor.Origin{IP: "192.0.2.7"}
	if s := Stands(t, b.Store, actor.Anonymous(origin)); s.Organization != "" || s.Kind != access.Nobody || s.Origin != origin {
		t.Errorf("a visitor: %+v", s)
	}
}

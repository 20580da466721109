package load

import (
	"context"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/apiclient"
	"latchkey/internal/audit"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

// seeded is an organization with many live tokens.
type seeded struct {
	data    string // folder
	secrets []string
	client  apiclient.Registered
}

// seed fills a new database: members in workspaces, some through groups, each with policies
// and tokens of either scope, and one service token in ten.
func seed(t *testing.T, tokens int) seeded {
	t.Helper()
	ctx, s := context.Background(), seeded{data: t.TempDir()}
	st, err := store.Open(ctx, store.Options{Path: filepath.Join(s.data, "latchkey.db")})
	must(t, err)
	org, now := ksuid.New().String(), time.Now()
	must(t, st.InTx(ctx, func(tx *store.Tx) error {
		return tx.InsertOrganization(ctx, account.Organization{ID: org, Name: "Acme", Plan: access.PlanEnterprise, CreatedAt: now})
	}))
	admin := audit.Caller{Name: "Ada", Principal: access.Principal{Kind: access.Member, ID: "ada", Organization: org, Role: access.RoleAdmin}}
	clients := apiclient.New(apiclient.Deps{Store: store.APIClients{Store: st}, Catalogue: access.BuiltIn()})
	s.client, err = clients.Register(ctx, admin, "Load", "1")
	must(t, err)
	p := people{t: t, ctx: ctx, store: st, org: org, now: now}
	p.add(1000, 5)
	for from := 0; from < tokens; from += 10000 {
		s.secrets = append(s.secrets, p.tokens(from, min(10000, tokens-from))...)
	}
	must(t, st.Close())
	return s
}

type people struct {
	t          *testing.T
	ctx        context.Context
	store      *store.Store
	org        string
	now        time.Time
	members    []string
	workspaces []string
}

// add makes workspaces, a group in each, and members who are in one workspace each.
func (p *people) add(members, workspaces int) {
	policy := access.Policy{"source:edit": access.Everywhere(), "destination:edit": access.Only("d1", "d2"), "source:live_events": access.Everywhere()}
	must(p.t, p.store.InTx(p.ctx, func(tx *store.Tx) error {
		groups := make([]string, workspaces)
		for i := range workspaces {
			w, g := ksuid.New().String(), ksuid.New().String()
			p.workspaces, groups[i] = append(p.workspaces, w), g
			must(p.t, tx.InsertWorkspace(p.ctx, account.Workspace{ID: w, Organization: p.org, Name: fmt.Sprint("Workspace ", i),
				Environment: account.Production, Region: "US", CreatedAt: p.now, UpdatedAt: p.now}))
			must(p.t, tx.InsertGroup(p.ctx, account.Group{ID: g, Organization: p.org, Name: fmt.Sprint("Group ", i), CreatedAt: p.now, UpdatedAt: p.now}))
			p.policy(tx, w, account.BaselinePolicy, "", access.Policy{"source:edit": access.Only("s1")})
			p.policy(tx, w, account.GroupPolicy, g, policy)
		}
		for i := range members {
			m := ksuid.New().String()
			p.members = append(p.members, m)
			must(p.t, tx.InsertMember(p.ctx, account.Member{ID: m, Organization: p.org, Email: fmt.Sprintf("m%d@example.com", i), Name: fmt.Sprint("Member ", i),
				Role: access.RoleMember, Status: account.Active, CreatedAt: p.now, UpdatedAt: p.now}, ""))
			if i%2 == 0 {
				must(p.t, tx.AddToGroup(p.ctx, groups[i%workspaces], m))
			} else {
				p.policy(tx, p.workspaces[i%workspaces], account.MemberPolicy, m, policy)
			}
		}
		return nil
	}))
}

func (p *people) policy(tx *store.Tx, workspace string, kind account.PolicyKind, subject string, body access.Policy) {
	must(p.t, tx.InsertPolicy(p.ctx, account.Policy{ID: ksuid.New().String(), Organization: p.org, Workspace: workspace, Kind: kind,
		Subject: subject, Body: body, Version: 1, UpdatedAt: p.now}))
}

func (p *people) tokens(from, n int) []string {
	secrets := make([]string, n)
	must(p.t, p.store.InTx(p.ctx, func(tx *store.Tx) error {
		for i := range secrets {
			k := from + i
			t := token.Token{ID: ksuid.New().String(), Organization: p.org, Kind: token.Personal, Name: fmt.Sprint("token ", k),
				Owner: p.members[k%len(p.members)], Workspace: p.workspaces[k%len(p.members)%len(p.workspaces)],
				Scope: access.ScopeReadWrite, CreatedAt: p.now, ExpiresAt: p.now.AddDate(0, 1+k%12, 0)}
			switch {
			case k%10 == 3:
				t.Kind, t.Owner, t.Scope = token.Workspace, "", ""
				t.Policy = access.Policy{"source:edit": access.Everywhere(), "destination:connect": access.Everywhere()}
			case k%10 < 3:
				t.Scope, t.ExpiresAt = access.ScopeReadOnly, time.Time{}
			}
			secret, err := token.Generate(t.Kind, rand.Reader)
			if err != nil {
				return err
			}
			secrets[i] = secret.Reveal()
			t.Hint = token.Hint(secrets[i])
			if err := tx.InsertToken(p.ctx, t, token.Digest(secrets[i]), ""); err != nil {
				return err
			}
		}
		return nil
	}))
	return secrets
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

package load

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/segmentio/ksuid"
	_ "modernc.org/sqlite"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/apiclient"
	"latchkey/internal/policy"
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
	must(t, st.InTx(ctx, actor.System(""), func(tx *store.Tx) error {
		err := tx.InsertOrganization(ctx, account.Organization{ID: org, Name: "Acme", Plan: access.PlanEnterprise, CreatedAt: now})
		return errors.Join(err, signInAda(ctx, tx, org))
	}))
	ada := actor.Caller{Ref: actor.Ref{Kind: actor.Session, ID: "session of ada"}}
	clients := apiclient.New(apiclient.Deps{Store: store.APIClients(st), Catalogue: access.BuiltIn()})
	s.client, err = clients.Register(ctx, ada, apiclient.NewClient{Name: "Load"})
	must(t, err)
	p := people{t: t, ctx: ctx, store: st, org: org, now: now}
	p.add(1000, 5)
	must(t, st.Close())
	s.secrets = p.tokens(filepath.Join(s.data, "latchkey.db"), tokens)
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
	body := access.Policy{"source:edit": access.Everywhere(), "destination:edit": access.Only("d1", "d2"),
		"source:live_events": access.Everywhere()}
	must(p.t, p.store.InTx(p.ctx, actor.System(""), func(tx *store.Tx) error {
		groups := make([]string, workspaces)
		for i := range workspaces {
			w, g := ksuid.New().String(), ksuid.New().String()
			p.workspaces, groups[i] = append(p.workspaces, w), g
			must(p.t, tx.InsertWorkspace(p.ctx, account.Workspace{ID: w, Organization: p.org, Name: fmt.Sprint("Workspace ", i),
				Environment: account.Production, Region: "US", CreatedAt: p.now, UpdatedAt: p.now}))
			must(p.t, tx.InsertGroup(p.ctx, account.Group{ID: g, Organization: p.org, Name: fmt.Sprint("Group ", i),
				CreatedAt: p.now, UpdatedAt: p.now}))
			p.policy(tx, w, policy.Baseline, "", access.Policy{"source:edit": access.Only("s1")})
			p.policy(tx, w, policy.OfGroup, g, body)
		}
		for i := range members {
			m := ksuid.New().String()
			p.members = append(p.members, m)
			must(p.t, tx.InsertMember(p.ctx, account.Member{ID: m, Organization: p.org, Email: fmt.Sprintf("m%d@example.com", i),
				Name: fmt.Sprint("Member ", i),
				Role: access.RoleMember, Status: account.Active, CreatedAt: p.now, UpdatedAt: p.now}, ""))
			if i%2 == 0 {
				must(p.t, tx.AddToGroup(p.ctx, groups[i%workspaces], m))
			} else {
				p.policy(tx, p.workspaces[i%workspaces], policy.OfMember, m, body)
			}
		}
		return nil
	}))
}

func (p *people) policy(tx *store.Tx, workspace string, kind policy.Kind, subject string, body access.Policy) {
	must(p.t, tx.InsertPolicy(p.ctx, policy.Policy{ID: ksuid.New().String(), Organization: p.org, Workspace: workspace, Kind: kind,
		Subject: subject, Body: body, Version: 1, UpdatedAt: p.now}))
}

// tokens adds tokens and returns their secrets. It writes to the database itself: the
// store takes four times as long, which is minutes for a million.
func (p *people) tokens(file string, n int) []string {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=synchronous(0)&_pragma=busy_timeout(10000)&_pragma=cache_size(-1000000)")
	must(p.t, err)
	defer db.Close()
	tx, err := db.Begin()
	must(p.t, err)
	insert, err := tx.Prepare(`INSERT INTO tokens (id, organization_id, kind, name, digest, hint, owner_id, workspace_id, scope, policy, created_at, expires_at, name_key)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $4)`)
	must(p.t, err)
	secrets := make([]string, n)
	for i := range secrets {
		t := p.token(i)
		secret, err := token.Generate(t.Kind, rand.Reader)
		must(p.t, err)
		secrets[i] = secret.Reveal()
		digest, policy, expires := token.Digest(secrets[i]), "", any(nil)
		if t.Kind == token.Workspace {
			policy = t.Policy.String()
		}
		if !t.ExpiresAt.IsZero() {
			expires = t.ExpiresAt.UnixMilli()
		}
		_, err = insert.Exec(ksuid.New().String(), p.org, t.Kind, t.Name, digest[:], token.Hint(secrets[i]), t.Owner,
			t.Workspace, t.Scope, policy,
			p.now.UnixMilli(), expires)
		must(p.t, err)
	}
	must(p.t, tx.Commit())
	return secrets
}

// token is the i-th one.
func (p *people) token(i int) token.Token {
	t := token.Token{Kind: token.Personal, Name: fmt.Sprint("token ", i), Owner: p.members[i%len(p.members)],
		Workspace: p.workspaces[i%len(p.members)%len(p.workspaces)], Scope: access.ScopeReadWrite, ExpiresAt: p.now.AddDate(0, 1+i%12, 0)}
	switch {
	case i%10 == 3:
		t.Kind, t.Owner, t.Scope = token.Workspace, "", ""
		t.Policy = access.Policy{"source:edit": access.Everywhere(), "destination:connect": access.Everywhere()}
	case i%10 < 3:
		t.Scope, t.ExpiresAt = access.ScopeReadOnly, time.Time{}
	}
	return t
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

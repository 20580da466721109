package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/invitation"
	"latchkey/internal/policy"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
	"latchkey/internal/token"
)

func TestAccounts_OnSQLite(t *testing.T) { storetest.Accounts(t, openSQLite) }

func openSQLite(t *testing.T) *store.Store { return openAt(t) }

func openAt(t testing.TB) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "latchkey.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// size is how big an organization is.
type size struct{ members, groups, workspaces, resources int }

// full is the size that pages must cope with.
func full() size { return size{members: 1000, groups: 200, workspaces: 50, resources: 5000} }

// fill makes an organization: every member is in five groups and has a policy of its own in
// two workspaces, every group is linked to four, every fourth member has tokens.
func fill(t testing.TB, s *store.Store, n size) actor.Standing {
	t.Helper()
	err := s.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error { return filler{t.Context(), tx, tx.Now()}.fill(n) })
	if err != nil {
		t.Fatal(err)
	}
	return actor.Standing{Principal: access.Principal{Kind: access.Member, ID: "m0", Organization: "org", Role: access.RoleAdmin}, Name: "Ada"}
}

type filler struct {
	ctx context.Context
	tx  *store.Tx
	now time.Time
}

func (f filler) fill(n size) error {
	if err := f.tx.InsertOrganization(f.ctx, account.Organization{ID: "org", Name: "Acme", Plan: access.PlanEnterprise,
		CreatedAt: f.now}); err != nil {
		return err
	}
	for i := range n.workspaces {
		if err := f.workspace(i, n.resources/n.workspaces); err != nil {
			return err
		}
	}
	for i := range n.groups {
		if err := f.group(i, n.workspaces); err != nil {
			return err
		}
	}
	for i := range n.members {
		if err := f.member(i, n); err != nil {
			return err
		}
	}
	return nil
}

func id(prefix string, i int) string { return fmt.Sprint(prefix, i) }

func (f filler) workspace(i, resources int) error {
	w := account.Workspace{ID: id("w", i), Organization: "org", Name: id("Workspace ", i), Environment: account.Production,
		Region: "US", CreatedAt: f.now, UpdatedAt: f.now}
	if err := f.tx.InsertWorkspace(f.ctx, w); err != nil {
		return err
	}
	for r := range resources {
		if err := storetest.InsertResource(f.ctx, f.tx, w.ID, policy.Resource{ID: fmt.Sprintf("r%d-%d", i, r), Type: "source",
			Name: id("Source ", r)}); err != nil {
			return err
		}
	}
	return f.policy(policy.Baseline, i, "", access.Policy{"source:edit": access.Everywhere()})
}

func (f filler) policy(kind policy.Kind, workspace int, subject string, body access.Policy) error {
	return f.tx.InsertPolicy(f.ctx, policy.Policy{ID: fmt.Sprint(kind, workspace, subject), Organization: "org", Workspace: id("w", workspace),
		Kind: kind, Subject: subject, Body: body, Version: 1, UpdatedAt: f.now})
}

func (f filler) group(i, workspaces int) error {
	g := account.Group{ID: id("g", i), Organization: "org", Name: id("Group ", i), CreatedAt: f.now, UpdatedAt: f.now}
	if err := f.tx.InsertGroup(f.ctx, g); err != nil {
		return err
	}
	for k := range min(4, workspaces) {
		if err := f.policy(policy.OfGroup, (i*4+k)%workspaces, g.ID, busyPolicy()); err != nil {
			return err
		}
	}
	return nil
}

// busyPolicy holds a dozen permissions, one of them limited.
func busyPolicy() access.Policy {
	p := access.Policy{"source:edit": access.Only("r0-1", "r0-2", "r0-3", "r0-4")}
	for _, perm := range access.BuiltIn().Permissions()[1:12] {
		p[perm] = access.Everywhere()
	}
	return p
}

func (f filler) member(i int, n size) error {
	m := account.Member{ID: id("m", i), Organization: "org", Email: fmt.Sprintf("m%d@acme.example", i), Name: id("Member ", i),
		Role: access.RoleMember, Status: account.Active, CreatedAt: f.now, UpdatedAt: f.now}
	if i == 0 {
		m.Role = access.RoleAdmin
	}
	if err := f.tx.InsertMember(f.ctx, m, ""); err != nil {
		return err
	}
	for k := range min(5, n.groups) {
		if err := f.tx.AddToGroup(f.ctx, id("g", (i+k*7)%n.groups), m.ID); err != nil {
			return err
		}
	}
	for k := range min(2, n.workspaces) {
		if err := f.policy(policy.OfMember, (i+k)%n.workspaces, m.ID, busyPolicy()); err != nil {
			return err
		}
	}
	if i%4 > 0 {
		return nil
	}
	t := token.Token{ID: id("t", i), Organization: "org", Kind: token.Personal, Owner: m.ID,
		Workspace: id("w", i%n.workspaces), CreatedAt: f.now}
	return f.tx.InsertToken(f.ctx, t, token.Digest(t.ID), "")
}

// pages is what every page of account administration reads.
func pages(t testing.TB, a storetest.UseCases, by actor.Standing) map[string]func() error {
	ctx := t.Context()
	member := policy.Place{Kind: policy.OfMember, Workspace: "w1", Subject: "m1"}
	var all []string
	rows, err := a.Workspaces.List(ctx, by, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range rows {
		all = append(all, w.ID)
	}
	return map[string]func() error{
		"Subject":     func() error { _, err := a.Policies.Subject(ctx, "org", "m1"); return err },
		"FindMembers": func() error { _, err := a.Members.Find(ctx, by, account.MemberQuery{Limit: 100}); return err },
		"SearchMembers": func() error {
			_, err := a.Members.Find(ctx, by, account.MemberQuery{Search: "member 9", Sort: account.ByTokens})
			return err
		},
		"GroupMembers":  func() error { _, err := a.Members.Find(ctx, by, account.MemberQuery{InGroup: "g1"}); return err },
		"MemberDetails": func() error { _, err := a.Members.Details(ctx, by, "m1"); return err },
		"Impact":        func() error { _, err := a.Members.Impact(ctx, by, account.These("m0", "m4", "m8")); return err },
		"GroupRows":     func() error { _, err := a.Groups.List(ctx, by); return err },
		"Group":         func() error { _, err := a.Groups.Get(ctx, by, "g1"); return err },
		"WorkspaceRows": func() error { _, err := a.Workspaces.List(ctx, by, nil); return err },
		"Baselines":     func() error { _, err := a.Policies.Baselines(ctx, by, nil); return err },
		"Policy":        func() error { _, err := a.Policies.At(ctx, by, member); return err },
		"ChangeSummary": func() error { _, err := a.Policies.ChangeSummary(ctx, by, member, busyPolicy()); return err },
		"ResourcesIn":   func() error { _, err := a.Policies.ResourcesIn(ctx, by, all); return err },
		"Invitations":   func() error { _, err := a.Invitations.Find(ctx, by, invitation.Query{}); return err },
		"EffectiveOf":   func() error { _, err := a.Policies.EffectiveOf(ctx, by, "m1"); return err },
		"Explain": func() error {
			_, err := a.Policies.Explain(ctx, by, policy.Question{Token: "t4", Permission: "source:edit", Workspace: "w4", Resource: "r4-1"})
			return err
		},
	}
}

func TestAccountPages_NeedTheSameQueriesAtAnySize(t *testing.T) {
	counts := map[string][2]int64{}
	for i, n := range []size{{10, 3, 6, 12}, {120, 30, 12, 240}} {
		s := openAt(t)
		by := fill(t, s, n)
		queries := s.CountQueries()
		a := storetest.NewUseCases(s)
		for name, read := range pages(t, a, by) {
			if name == "ChangeSummary" { // its limited permission names resources that exist in w0 only
				continue
			}
			before := queries()
			if err := read(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			c := counts[name]
			c[i] = queries() - before
			counts[name] = c
		}
	}
	for name, c := range counts {
		if c[0] != c[1] || c[0] > 15 || c[0] == 0 {
			t.Errorf("%s needs %d queries in a small organization and %d in a larger one", name, c[0], c[1])
		}
	}
}

// processorTime is what the process has used of the processors.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkAccountPages measures what the pages read, at full size; a page must not need
// more than 50 ms of CPU in all.
func BenchmarkAccountPages(b *testing.B) {
	s := openAt(b)
	by := fill(b, s, full())
	a := storetest.NewUseCases(s)
	for name, read := range pages(b, a, by) {
		if name == "ChangeSummary" {
			continue
		}
		b.Run(name, func(b *testing.B) {
			start, n := processorTime(b), 0
			for ; b.Loop(); n++ {
				if err := read(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((processorTime(b)-start).Microseconds())/1000/float64(n), "cpu-ms/op")
		})
	}
}

func TestDeleteMembers_NeedsTheSameStatementsForManyMembers(t *testing.T) {
	s := openAt(t)
	fill(t, s, size{130, 3, 6, 12})
	needed := func(from, to int) (n int64) {
		err := s.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
			var members []account.Member
			var ids []string
			for i := from; i < to; i++ {
				m, err := tx.Member(t.Context(), "org", id("m", i))
				if err != nil {
					return err
				}
				members, ids = append(members, m), append(ids, m.ID)
			}
			count := tx.CountStatements()
			ended, err := tx.EndCredentials(t.Context(), members, account.Removed)
			if err == nil && len(ended.Tokens) != (to-from)/4 {
				t.Errorf("%d tokens ended, want %d", len(ended.Tokens), (to-from)/4)
			}
			if err == nil {
				err = tx.DeleteMembers(t.Context(), "org", ids)
			}
			n = count()
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if few, many := needed(4, 8), needed(8, 128); few != many || few == 0 || few > 12 { // one for each kind of credential
		t.Errorf("4 members need %d statements, 120 members %d", few, many)
	}
	if n, err := s.Count(t.Context(), `SELECT count(*) FROM members`); err != nil || n != 130-124 {
		t.Errorf("%d members are left, %v", n, err)
	}
}

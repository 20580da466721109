package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/policy"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

// TestExisting_KnowsWhatEventsMayLinkTo looks up things of every kind: those that exist, one that was
// deleted, a personal token, which has no page, and a member of another organization.
func TestExisting_KnowsWhatEventsMayLinkTo(t *testing.T) {
	for name, open := range map[string]func(*testing.T) *store.Store{"SQLite": openSQLite, "PostgreSQL": openPostgres} {
		t.Run(name, func(t *testing.T) {
			s, ctx, at := open(t), t.Context(), time.UnixMilli(1)
			person := func(id, org string) account.Member {
				return account.Member{ID: id, Organization: org, Email: id + "@acme.example", Name: id, Role: access.RoleMember,
					Status: account.Active, CreatedAt: at, UpdatedAt: at}
			}
			tok := func(id string, kind token.Kind) token.Token {
				return token.Token{ID: id, Organization: "o1", Kind: kind, Name: id, Hint: "lk", Workspace: "w1", CreatedAt: at}
			}
			if err := s.InTx(ctx, actor.System(""), func(tx *store.Tx) error {
				var errs []error
				for _, org := range []string{"o1", "o2"} {
					errs = append(errs, tx.InsertOrganization(ctx, account.Organization{ID: org, Name: org, Plan: access.PlanFree, CreatedAt: at}),
						tx.InsertMember(ctx, person("member-"+org, org), ""))
				}
				errs = append(errs, tx.InsertWorkspace(ctx, account.Workspace{ID: "w1", Organization: "o1", Name: "W", Environment: account.Development,
					Region: "EU", CreatedAt: at, UpdatedAt: at}))
				for _, id := range []string{"g1", "g2"} {
					errs = append(errs, tx.InsertGroup(ctx, account.Group{ID: id, Organization: "o1", Name: id, CreatedAt: at, UpdatedAt: at}))
				}
				errs = append(errs, tx.InsertPolicy(ctx, policy.Policy{ID: "p1", Organization: "o1", Workspace: "w1", Kind: policy.OfGroup,
					Subject: "g1",
					Body:    access.Policy{}, UpdatedAt: at}))
				for id, kind := range map[string]token.Kind{"t1": token.Workspace, "t2": token.Workspace, "pat": token.Personal} {
					errs = append(errs, tx.InsertToken(ctx, tok(id, kind), token.Digest(id), ""))
				}
				return errors.Join(append(errs, tx.DeleteGroup(ctx, "o1", "g2"), tx.DeleteToken(ctx, "o1", "t2"))...)
			}); err != nil {
				t.Fatal(err)
			}
			got, err := store.AuditLog(s).Existing(ctx, "o1", []string{"member-o1", "member-o2", "w1", "g1", "g2", "p1", "t1", "t2", "pat", "none"})
			want := audit.Existing{"member-o1": "", "w1": "", "g1": "", "p1": "g1", "t1": "", "pat": ""}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got)\n%s", err, diff)
			}
		})
	}
}

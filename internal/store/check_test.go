package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/demo"
	"latchkey/internal/registry"
	"latchkey/internal/store"
)

// hasher makes hashes that look like those of package signin.
type hasher struct{}

func (hasher) Hash(context.Context, string) (string, error) {
	return "$argon2id$v=19$m=19456,t=2,p=1$LYvOXT4E8PmpDarwmWCLPw$YK3fgqLIbcLBOWsMFh1Dz0VxG8jWAOjUqKBPoLvSj5o", nil
}

// checked returns the rules that have findings.
func checked(t *testing.T, s *store.Store, o store.CheckOptions) []string {
	t.Helper()
	found, err := s.Check(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var rules []string
	for _, f := range found {
		t.Log(f.Rule, f.Text)
		if !slices.Contains(rules, f.Rule) {
			rules = append(rules, f.Rule)
		}
	}
	return rules
}

// logStates appends the events that say what a policy and a token are.
func logStates(t *testing.T, s *store.Store) {
	t.Helper()
	organization, err := s.SignInOrganization(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	policy, err1 := s.Text(t.Context(), `SELECT min(id) FROM policies`)
	body, err2 := s.Text(t.Context(), `SELECT body FROM policies ORDER BY id LIMIT 1`)
	token, err3 := s.Text(t.Context(), `SELECT min(id) FROM tokens WHERE kind = 'personal' AND deleted_at IS NULL`)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	tokens, err := s.TokenRecords(t.Context(), []string{token})
	if err != nil || len(tokens) != 1 {
		t.Fatal(tokens, err)
	}
	r, end := tokens[0], "null"
	if !r.ExpiresAt.IsZero() {
		end = `"` + audit.FormatTime(r.ExpiresAt) + `"`
	}
	state := fmt.Sprintf(`{"name":%q,"kind":"personal","hint":%q,"owner":%q,"workspace":%q,"scope":%q,"expiresAt":%s}`,
		r.Name, r.Hint, r.Owner,
		r.Workspace, r.Scope, end)
	err = s.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
		by := actor.OfSystem(organization)
		return errors.Join(
			tx.AppendEvent(t.Context(), audit.Did(by, audit.Updated, audit.Target{Type: audit.TargetPolicy, ID: policy}).Changed("{}", body)),
			tx.AppendEvent(t.Context(), audit.Did(by, audit.Created, audit.Target{Type: audit.TargetPersonalToken, ID: token}).Changed("", state)))
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestCheck_NamesTheRuleThatIsBroken(t *testing.T) {
	const firstPolicy, firstToken = `(SELECT min(id) FROM policies)`,
		`(SELECT min(id) FROM tokens WHERE kind = 'personal' AND deleted_at IS NULL)`
	engines(t, func(t *testing.T, s *store.Store) {
		if err := demo.Seed(t.Context(), s, hasher{}, registry.Secrets{}); err != nil {
			t.Fatal(err)
		}
		if s.Shared() {
			if err := s.Exec(t.Context(), `CREATE EXTENSION IF NOT EXISTS amcheck`); err != nil {
				t.Fatal(err)
			}
		}
		logStates(t, s)
		index(t, s)
		for _, gently := range []bool{false, true} {
			if rules := checked(t, s, store.CheckOptions{Gently: gently}); rules != nil {
				t.Fatalf("of a sound database: %v", rules)
			}
		}
		for _, c := range []struct{ want, damage, repair string }{
			{"values", `UPDATE tokens SET name = 'x' || name WHERE kind = 'organization'`,
				`UPDATE tokens SET name = substr(name, 2) WHERE kind = 'organization'`},
			{"values", `UPDATE members SET created_at = created_at * 100000`, `UPDATE members SET created_at = created_at / 100000`},
			{"values", `UPDATE resources SET config = config || '}'`, `UPDATE resources SET config = substr(config, 1, length(config) - 1)`},
			{"log_agrees", `UPDATE policies SET body = (SELECT max(x.body) FROM policies x WHERE x.body <> policies.body) WHERE id = ` + firstPolicy,
				`UPDATE policies SET body = (SELECT max(after_state) FROM audit_events WHERE target_type = 'policy') WHERE id = ` + firstPolicy},
			{"log_agrees", `UPDATE tokens SET expires_at = coalesce(expires_at, 0) + 1000000000000 WHERE id = ` + firstToken,
				`UPDATE tokens SET expires_at = nullif(expires_at - 1000000000000, 0) WHERE id = ` + firstToken},
			{"token_count", `UPDATE token_counts SET running = running + 1`, `UPDATE token_counts SET running = running - 1`},
			{"token_count", `UPDATE token_settled SET until = until + 40000000000`, `UPDATE token_settled SET until = until - 40000000000`},
			{"baseline", `DELETE FROM policies WHERE kind = 'baseline'`, ""},
			{"token_owner", `UPDATE tokens SET owner_id = 'aaaaaaaaaaaaaaaaaaaaaaaaaaa' WHERE kind = 'personal'`, ""},
		} {
			if err := s.Exec(t.Context(), c.damage); err != nil {
				t.Fatalf("%s: %v", c.damage, err)
			}
			if rules := checked(t, s, store.CheckOptions{}); !slices.Contains(rules, c.want) || c.repair != "" && len(rules) != 1 {
				t.Errorf("%s: broken are %s, want %s", c.damage, strings.Join(rules, ", "), c.want)
			}
			if c.repair == "" {
				continue
			}
			if err := s.Exec(t.Context(), c.repair); err != nil {
				t.Fatalf("%s: %v", c.repair, err)
			}
		}
	})
}

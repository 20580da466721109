package store

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/token"
	"latchkey/internal/verify"
)

// openWithResources opens a store with one organization, one workspace of it and some resources.
func openWithResources(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "latchkey.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for _, statement := range []string{
		`INSERT INTO organizations (id, name, plan, created_at) VALUES ('o1', 'One', 'enterprise', 0), ('o2', 'Two', 'enterprise', 0)`,
		`INSERT INTO workspaces (id, organization_id, name, environment, region, created_at, updated_at)
			VALUES ('w1', 'o1', 'One', 'PRODUCTION', 'US', 0, 0), ('w2', 'o1', 'Two', 'PRODUCTION', 'US', 0, 0)`,
		`INSERT INTO resources (id, workspace_id, type, name, created_at, updated_at)
			VALUES ('s1', 'w1', 'source', 'S1', 0, 0), ('s2', 'w2', 'source', 'S2', 0, 0),
				('d1', 'w1', 'destination', 'D1', 0, 0), ('t1', 'w1', 'table', 'T1', 0, 0)`,
	} {
		if _, err := s.write.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestTokens_PolicyIsImmutableByTheDatabasesOwnRule(t *testing.T) {
	s, ctx := openWithResources(t), t.Context()
	made := token.Token{ID: "t", Organization: "o1", Kind: token.Workspace, Name: "ci", Workspace: "w1",
		CreatedAt: s.Now(), Policy: access.Policy{"source:edit": access.Everywhere()}}
	if err := s.InTx(ctx, actor.System(""), func(tx *Tx) error { return tx.InsertToken(ctx, made, token.Digest("x"), "") }); err != nil {
		t.Fatal(err)
	}
	for _, policy := range []string{`{}`, ``, `{"source:edit":{"all":true,"ids":[]},"source:connect":{"all":true,"ids":[]}}`} {
		_, err := s.write.ExecContext(ctx, `UPDATE tokens SET policy = $1 WHERE id = 't'`, policy)
		if err == nil || !strings.Contains(err.Error(), "immutable") {
			t.Errorf("policy %q: %v", policy, err)
		}
	}
	if got, err := s.Token(ctx, "o1", "t"); err != nil || !got.Policy.Equal(made.Policy) {
		t.Errorf("policy = %v, %v", got.Policy, err)
	}
}

// TestLiveTokens_ADamagedRowIsNotReadAsAnother has rows after which a reader would look for the next token at the wrong
// place.
func TestLiveTokens_ADamagedRowIsNotReadAsAnother(t *testing.T) {
	for change, want := range map[string]string{
		`digest = substr(digest, 1, 31)`:        "token a: the digest has 31 bytes",
		`digest = digest || x'00'`:              "token a: the digest has 33 bytes",
		`digest = x''`:                          "token a: the digest has 0 bytes",
		`created_at = 'yesterday'`:              `token a: strconv.ParseInt: parsing "yesterday"`,
		`id = 'a' || char(31), name = char(31)`: "token a",
	} {
		s, ctx := openWithResources(t), t.Context()
		for _, id := range []string{"a", "b"} {
			made := token.Token{ID: id, Organization: "o1", Kind: token.Organization, Name: "ci", CreatedAt: s.Now()}
			if err := s.InTx(ctx, actor.System(""), func(tx *Tx) error { return tx.InsertToken(ctx, made, token.Digest(id), "") }); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.write.ExecContext(ctx, `UPDATE tokens SET `+change+` WHERE id = 'a'`); err != nil {
			t.Fatal(err)
		}
		read := 0
		err := s.LiveTokens(ctx, verify.Part{Of: 1}, func(verify.Record) error { read++; return nil })
		if err == nil || !strings.Contains(err.Error(), want) || read > 0 {
			t.Errorf("%s: %d read, %v, want %q", change, read, err, want)
		}
	}
}

func TestResourceTypes_KnowsTheWorkspaceAndTheTypesAskedFor(t *testing.T) {
	s := openWithResources(t)
	for _, c := range []struct {
		organization, workspace string
		types                   []string
		want                    map[string]string
	}{
		{"o1", "w1", []string{"source", "destination"}, map[string]string{"s1": "source", "d1": "destination"}},
		{"o1", "w2", []string{"source", "table"}, map[string]string{"s2": "source"}},
		{"o2", "w1", []string{"source"}, map[string]string{}},
		{"o1", "w1", nil, map[string]string{}},
	} {
		got, err := s.ResourceTypes(t.Context(), c.organization, c.workspace, c.types)
		if d := cmp.Diff(c.want, got); err != nil || d != "" {
			t.Errorf("%+v: %v\n%s", c, err, d)
		}
	}
}

// A list that a person waits for must not walk every token there is.
func TestTokenQueries_UseAnIndex(t *testing.T) {
	s := openWithResources(t)
	chosen := func(f token.Filter) *choice {
		c, err := s.choose(t.Context(), "o1", f, s.Now())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	owned, idle := chosen(token.Filter{Owner: "ada"}), chosen(token.Filter{State: token.Suspended})
	for _, c := range []struct {
		index, query string
		args         []any
	}{
		{"tokens_holder", `SELECT t.id FROM ` + owned.text(), owned.args},
		{"tokens_holder", `SELECT t.id FROM ` + idle.text(), idle.args},
		{"tokens_inventory", chosen(token.Filter{}).limited("9"), []any{"o1"}},
		{"tokens_workspace", inWorkspace, []any{"o1", "w1"}},
		{"token_ends_next (next_at>? AND next_at<?)", dueEnds, []any{"o1", 9, 50}},
		{"tokens_digest", `SELECT ` + tokenColumns + tokenTables + ` WHERE t.digest = $1`, []any{"x"}},
		{"tokens_name", nameTakenQuery(), []any{"o", "personal", "m", "n", "w", "t", 0}},
		{"tokens_expires_at", expiredQuery(), []any{0, 1, 1}},
		{"tokens_submission", keyUsedQuery, []any{"x", "y"}},
	} {
		plan, err := all(t.Context(), &s.queries, func(row scanner) (string, error) {
			var id, parent, unused int
			var detail string
			err := row.Scan(&id, &parent, &unused, &detail)
			return detail, err
		}, `EXPLAIN QUERY PLAN `+c.query, c.args...)
		if err != nil {
			t.Fatal(err)
		}
		if text := strings.Join(plan, "\n"); !strings.Contains(text, c.index) || c.query == dueEnds && strings.Contains(text, "TEMP B-TREE") {
			t.Errorf("%s is not used, or not in its order:\n%s", c.index, text)
		}
	}
}

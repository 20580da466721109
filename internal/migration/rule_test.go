package migration_test

import (
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/migration"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

// rule sets the rules of the organization for its tokens.
func (b *bed) rule(r token.Rules) {
	b.t.Helper()
	r, err := r.Check()
	b.must(err)
	b.must(b.store.InTx(b.t.Context(), actor.System(""), func(tx *store.Tx) error {
		now, err := tx.Ruling(b.t.Context(), b.org)
		if err != nil {
			return err
		}
		return tx.SaveRuling(b.t.Context(), b.org, token.Ruling{Rules: r, Revision: now.Revision + 1})
	}))
}

// TestDeploy_KeepsTheTokenRules imports tokens that last too long, and some that break another rule. The preview says
// what happens to each.
func TestDeploy_KeepsTheTokenRules(t *testing.T) {
	t.Parallel()
	b := newBed(t, access.PlanEnterprise)
	b.rule(token.Rules{Service: token.Lifetime{Longest: 20}, ReadOnly: true})
	b.stage(migration.WithPolicies)
	r := b.preview()
	levels := map[string]int{}
	for _, e := range r.Entries {
		switch e.Text {
		case "Gets an earlier expiration. Token rules require an expiration for service access tokens.",
			"Gets an earlier expiration. Token rules allow at most 20 days for service access tokens.":
			levels["earlier"]++
		case "Is suspended. Token rules allow only the scope Read-Only.":
			levels["suspended"]++
		}
	}
	if levels["earlier"] != 2 || levels["suspended"] == 0 {
		t.Errorf("the preview says %v: %+v", levels, r.Entries)
	}
	b.deploy()
	tokens, err := b.store.MatchingTokens(t.Context(), b.org, token.Filter{}, b.clock.now(), 100)
	b.must(err)
	latest, suspended := b.clock.now().Add(20*24*time.Hour), 0
	for _, tok := range tokens {
		if tok.Kind != token.Personal && (tok.ExpiresAt.IsZero() || tok.ExpiresAt.After(latest)) {
			t.Errorf("%s ends %v", tok.Name, tok.ExpiresAt)
		}
		if tok.Kind == token.Personal && tok.Scope != access.ScopeReadOnly && !token.ExpiredAt(tok.ExpiresAt, b.clock.now()) {
			if !tok.Suspension.Set() {
				t.Errorf("%s has the scope %s and works", tok.Name, tok.Scope)
			}
			suspended++
		}
	}
	if suspended != levels["suspended"] {
		t.Errorf("%d are suspended, the preview said %d", suspended, levels["suspended"])
	}
	rules := token.Rules{Service: token.Lifetime{Longest: 20, MustExpire: true}, ReadOnly: true}
	if n, err := b.store.CountBreaking(t.Context(), b.org, rules, b.clock.now()); err != nil || n != 0 {
		t.Errorf("%d break the rules, %v", n, err)
	}
	if !b.refused(edSecret) {
		t.Error("a token that breaks a rule works")
	}
}

// TestDeploy_AfterTheRulesChangedAsksAgain changes the rules between the preview and the deployment.
func TestDeploy_AfterTheRulesChangedAsksAgain(t *testing.T) {
	t.Parallel()
	b := newBed(t, access.PlanEnterprise)
	b.stage(migration.WithPolicies)
	b.rule(token.Rules{Makers: token.Nobody})
	if _, err := b.Deploy(t.Context(), b.admin, "Acme"); err == nil {
		t.Fatal("deployed other than the preview said")
	}
	b.deploy()
	if !b.refused(edSecret) {
		t.Error("a token of a member who may not generate any works")
	}
}

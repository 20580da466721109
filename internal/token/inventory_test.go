package token_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

// stocktaking is the store on which an inventory acts for somebody.
type stocktaking struct {
	token.InventoryStore
	as actor.Standing
}

func (s stocktaking) InTx(ctx context.Context, _ actor.Caller, fn func(token.InventoryTx) error) error {
	return s.InventoryStore.InTx(ctx, actor.System(s.as.Organization), func(tx token.InventoryTx) error { return fn(counting{tx, s.as}) })
}

type counting struct {
	token.InventoryTx
	as actor.Standing
}

func (c counting) By() actor.Standing { return c.as }

// TestShorten_RecordsWhenThePreviousSecretEnds shortens a token whose previous secret would work longer, and
// one that has none.
func TestShorten_RecordsWhenThePreviousSecretEnds(t *testing.T) {
	w := newWorld(t)
	inventory := token.NewInventory(stocktaking{store.Inventory(w.store), w.admin}, access.BuiltIn(), w.clock)
	rotated := w.made(w.admin, token.NewOrganization{Name: "rotated", IdempotencyKey: w.key()})
	plain := w.made(w.admin, token.NewOrganization{Name: "plain", IdempotencyKey: w.key()})
	turned, err := w.Rotate(t.Context(), w.admin.Caller(), rotated.ID, token.Rotation{Overlap: 48 * time.Hour})
	must(t, err)
	changed, err := inventory.Shorten(t.Context(), w.admin.Caller(), token.Selection{IDs: []string{rotated.ID, plain.ID}}, w.in(time.Hour))
	must(t, err)
	if len(changed) != 2 {
		t.Fatalf("changed %+v", changed)
	}
	previous := func(end time.Time) string {
		return `"previous":{"hint":"` + rotated.Hint + `","endsAt":"` + audit.FormatTime(end) + `"}`
	}
	for _, e := range w.events()[:2] {
		if e.Target.ID == plain.ID {
			if strings.Contains(e.Before+e.After, "previous") {
				t.Errorf("the other token has none: %+v", e)
			}
			continue
		}
		if !strings.Contains(e.Before, previous(turned.Previous.EndsAt)) || !strings.Contains(e.After, previous(w.in(time.Hour))) {
			t.Errorf("before %s\nafter %s", e.Before, e.After)
		}
	}
}

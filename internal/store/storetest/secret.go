package storetest

import (
	"context"
	"strings"
	"testing"

	"latchkey/internal/fault"
	"latchkey/internal/registry"
	"latchkey/internal/store"
)

// keepsSecrets checks that secrets are kept per configuration, whatever their path, and go with
// their resource.
func keepsSecrets(t *testing.T, b *registryBed) {
	b.ends(t)
	own, link := registry.Holder{Resource: "s1", Part: registry.OfResource}, registry.Holder{Resource: "s1", Part: registry.OfTrackingPlan}
	values := []registry.Sealed{{Path: `["a\u0000",0,"` + registry.Path(strings.Repeat("long", 2000)) + `"]`, Key: "k1", Value: []byte{0, 255, 39}},
		{Path: `["password"]`, Key: "k2", Value: []byte("x")}}
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.SaveSealed(ctx, own, append(values, values[1])[1:2]); err != nil {
			return err
		}
		if err := tx.SaveSealed(ctx, link, values[1:]); err != nil {
			return err
		}
		return tx.SaveSealed(ctx, own, values)
	})
	read := func(h registry.Holder) []registry.Sealed {
		return mustRead(t, func(ctx context.Context) ([]registry.Sealed, error) { return b.SealedValues(ctx, h) })
	}
	mustMatch(t, values, read(own))
	mustMatch(t, values[1:], read(link))
	mustMatch(t, []registry.Holder{own, link}, mustRead(t, b.SealedHolders))
	mustMatch(t, map[string][]registry.Path{"s1": {values[0].Path, values[1].Path}},
		mustRead(t, func(ctx context.Context) (map[string][]registry.Path, error) {
			return b.SecretPaths(ctx, []string{"d1", "s1", "none"})
		}))
	mustMatch(t, map[string][]registry.Path{},
		mustRead(t, func(ctx context.Context) (map[string][]registry.Path, error) { return b.SecretPaths(ctx, nil) }))
	mustBe(t, b.fails(func(ctx context.Context, tx *store.Tx) error {
		return tx.SaveSealed(ctx, registry.Holder{Resource: "none", Part: registry.OfResource}, values)
	}), fault.Conflict)
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.RemoveResource(ctx, bedWorkspace, "s1") })
	if holders := mustRead(t, b.SealedHolders); len(holders) > 0 {
		t.Errorf("after the resource: %v", holders)
	}
}

// keepsConfigs checks that configurations are read in pages and saved without another time.
func keepsConfigs(t *testing.T, b *registryBed) {
	b.ends(t)
	b.put(t, b.resource("p1", plain(registry.TrackingPlan)))
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		return tx.AddSourceLink(ctx, registry.SourceLink{TrackingPlan: "p1", Source: "s1", Config: `{"l":1}`, CreatedAt: b.now, UpdatedAt: b.now})
	})
	before := b.read(t, registry.Source, "s1")
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.SaveConfig(ctx, registry.Config{Holder: registry.Holder{Resource: "s1", Part: registry.OfResource}, Text: `{"new":1}`}); err != nil {
			return err
		}
		return tx.SaveConfig(ctx, registry.Config{Holder: registry.Holder{Resource: "s1", Part: registry.OfTrackingPlan}, Text: `{"l":2}`})
	})
	before.Config = `{"new":1}`
	mustMatch(t, before, b.read(t, registry.Source, "s1"))
	var ids []string
	for after := ""; ; {
		page := mustRead(t, func(ctx context.Context) ([]registry.Config, error) {
			return b.Configs(ctx, registry.OfResource, after, 1)
		})
		if len(page) == 0 {
			break
		}
		after = page[0].Resource
		ids = append(ids, after)
		if page[0].Text == "{}" || page[0].Part != registry.OfResource {
			t.Errorf("%+v", page[0])
		}
	}
	if got := strings.Join(ids, " "); !strings.Contains(got, "s1") || strings.Contains(got, "p1") {
		t.Errorf("configurations of %s", got)
	}
	mustMatch(t, []registry.Config{{Holder: registry.Holder{Resource: "s1", Part: registry.OfTrackingPlan}, Text: `{"l":2}`}},
		mustRead(t, func(ctx context.Context) ([]registry.Config, error) {
			return b.Configs(ctx, registry.OfTrackingPlan, "", 10)
		}))
}

// keepsSealingKey checks the one row that says which key is in use.
func keepsSealingKey(t *testing.T, b *registryBed) {
	state := func(key string, traces bool) {
		t.Helper()
		mustMatch(t, key, mustRead(t, b.SealingKey))
		mustMatch(t, traces, mustRead(t, b.TracesLeft))
	}
	set := func(key string, traces bool) {
		t.Helper()
		b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.SetSealingKey(ctx, key, traces) })
	}
	state("", false)
	set("k1", false)
	state("k1", false)
	set("k2", true)
	set("k3", false) // what is left stays until it is overwritten
	state("k3", true)
	if err := b.Overwrite(t.Context()); err != nil {
		t.Fatal(err)
	}
	state("k3", false)
}

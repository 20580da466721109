package migration_test

import (
	"context"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/migration"
	"latchkey/internal/store"
	"latchkey/internal/store/pgtest"
)

// haltingStore is the store of a node that shows no step by itself, as if that connection
// were lost, and whose transactions halt at their first event.
type haltingStore struct {
	migration.Store
	halted, goOn chan struct{}
}

func (haltingStore) AnnounceStep(context.Context, string, migration.Step) (func(), error) {
	return func() {}, nil
}

func (s haltingStore) InTx(ctx context.Context, by actor.Caller, fn func(migration.Tx) error) error {
	return s.Store.InTx(ctx, by, func(tx migration.Tx) error {
		tx.Area = haltingArea{tx.Area, s}
		return fn(tx)
	})
}

type haltingArea struct {
	migration.Area
	store haltingStore
}

func (a haltingArea) AppendEvent(ctx context.Context, e audit.Event) error {
	select {
	case a.store.halted <- struct{}{}:
		<-a.store.goOn
	case <-a.store.goOn:
	}
	return a.Area.AppendEvent(ctx, e)
}

func TestRunning_AnotherNodeKnowsOfADeploymentAsLongAsItsTransactionLives(t *testing.T) {
	url := pgtest.Migrated(t)
	b := newBedOn(t, access.PlanEnterprise, store.Options{URL: url})
	other, err := store.Open(t.Context(), store.Options{URL: url})
	b.must(err)
	t.Cleanup(func() { b.must(other.Close()) })
	elsewhere := migration.New(store.Migrations(other), access.BuiltIn())
	b.stage(migration.WithPolicies)

	s := haltingStore{store.Migrations(b.store), make(chan struct{}), make(chan struct{})}
	deploying := migration.New(s, access.BuiltIn())
	t.Cleanup(deploying.Close)
	ended := make(chan error, 1)
	go func() { _, err := deploying.Deploy(t.Context(), b.admin, "Acme"); ended <- err }()
	select {
	case <-s.halted:
	case <-time.After(20 * time.Second):
		t.Fatal("the deployment does not begin")
	}
	if running, w, err := elsewhere.Running(t.Context(), b.admin); !running || !w.Elsewhere || w.Step != migration.StepDeploy {
		t.Errorf("another node sees %+v, %v", w, err)
	}
	if _, err := elsewhere.Reset(t.Context(), b.admin); !fault.Is(err, fault.Conflict) {
		t.Errorf("it resets: %v", err)
	}
	if _, err := elsewhere.Deploy(t.Context(), b.admin, "Acme"); !fault.Is(err, fault.Conflict) {
		t.Errorf("it deploys: %v", err)
	}
	close(s.goOn)
	b.must(<-ended)
	if running, w, err := elsewhere.Running(t.Context(), b.admin); running || err != nil {
		t.Errorf("afterwards it sees %+v, %v", w, err)
	}
	if o, err := elsewhere.Overview(t.Context(), b.admin); err != nil || !o.Empty() || len(o.Deployments) != 1 {
		t.Errorf("it finds %+v, %v", o, err)
	}
}

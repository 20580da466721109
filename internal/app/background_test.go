package app

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/config"
	"latchkey/internal/seal"
	"latchkey/internal/store"
	"latchkey/internal/store/pgtest"
)

// sealing returns the job that seals what others have stored plain, if a server has it.
func sealing(t *testing.T, cfg config.Config) (*App, *job) {
	t.Helper()
	cfg.Addr, cfg.LogLevel, cfg.LogFormat = "127.0.0.1:0", "info", "text"
	a, err := New(t.Context(), cfg, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	for _, j := range a.jobs() {
		if strings.HasPrefix(j.name, "seal ") {
			return a, &j
		}
	}
	return a, nil
}

func TestJobs_NobodyElseStoresSecretsPlainInADataFolder(t *testing.T) {
	if _, j := sealing(t, config.Config{Data: t.TempDir()}); j != nil {
		t.Error("a server that has its folder to itself looks for plain secrets of others")
	}
}

func TestJobs_SealPlainAfterAnHourAndDoNotRewriteTheDatabase(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret.key")
	id, err := NewKeyFile(file)
	if err != nil {
		t.Fatal(err)
	}
	a, j := sealing(t, config.Config{DatabaseURL: pgtest.Migrated(t), SecretKeyFile: file})
	if j == nil || j.after != time.Hour || j.every != time.Hour {
		t.Fatalf("%+v", j)
	}
	err = a.Store.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error { return tx.SetSealingKey(t.Context(), id, true) })
	if err != nil {
		t.Fatal(err)
	}
	if err := j.do(t.Context()); err != nil {
		t.Error(err)
	}
	if left, err := a.Store.TracesLeft(t.Context()); err != nil || !left {
		t.Errorf("what the next start overwrites is gone: %v, %v", left, err)
	}
	other, err := seal.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if a.Secrets.Keys = seal.NewRing(other); j.do(t.Context()) == nil {
		t.Error("the job does not look at the key")
	}
}

func TestRepeat_WaitsForWhatTheStartHasDone(t *testing.T) {
	a, _ := sealing(t, config.Config{Data: t.TempDir()})
	ended, end := context.WithCancel(t.Context())
	end()
	a.feed.Run(ended) // from now on this node leads
	for _, after := range []time.Duration{0, time.Hour} {
		done := 0
		ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
		a.repeat(ctx, job{name: "count", every: time.Hour, do: func(context.Context) error { done++; return nil }, after: after})
		stop()
		if (done == 0) != (after > 0) {
			t.Errorf("after %v: done %d times", after, done)
		}
	}
}

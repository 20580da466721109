package migration_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/migration"
	"latchkey/internal/store"
)

// holdWriter keeps every other change waiting until the result is called.
func (b *bed) holdWriter() (release func()) {
	b.t.Helper()
	held, end, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		_ = b.store.InTx(context.Background(), actor.System(""), func(*store.Tx) error { close(held); <-end; return errors.New("nothing") })
	}()
	<-held
	return func() { close(end); <-done }
}

// ended waits for the end of a step and returns what is told of it.
func (b *bed) ended(by actor.Standing) migration.Work {
	b.t.Helper()
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		if running, _, err := b.Running(b.t.Context(), by); err != nil || !running {
			b.must(err)
			w, err := b.Work(b.t.Context(), by)
			b.must(err)
			return w
		}
	}
	b.t.Fatal("the step does not end")
	return migration.Work{}
}

func TestStartImport_GoesOnBehindTheRequestAndTellsItsEndOnce(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	t.Cleanup(b.Close)
	b.member("ann", "ann@acme.example", access.RoleAdmin)
	ann := b.caller("ann")
	b.upload(example(t))
	release := b.holdWriter()
	ctx, cancel := context.WithCancel(t.Context())
	ended, err := b.StartImport(ctx, b.admin, migration.WithPolicies, time.Millisecond)
	if ended || err != nil {
		t.Fatalf("ended %v, %v", ended, err)
	}
	cancel() // the request is over
	if w, err := b.Work(t.Context(), ann); err != nil || !w.Running() || w.Step != migration.StepStage {
		t.Errorf("another Admin sees %+v, %v", w, err)
	}
	for name, call := range map[string]func() error{
		"a second import": func() error { _, err := b.StartImport(t.Context(), ann, migration.Fresh, time.Second); return err },
		"a deployment":    func() error { _, err := b.Deploy(t.Context(), ann, "Acme"); return err },
		"a reset":         func() error { _, err := b.Reset(t.Context(), ann); return err },
	} {
		if err := call(); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s meanwhile: %v", name, err)
		}
	}
	release()
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		if running, _, _ := b.Running(t.Context(), ann); !running {
			break
		}
	}
	if w, err := b.Work(t.Context(), ann); err != nil || w.Step != "" {
		t.Errorf("somebody else is told of the end: %+v, %v", w, err)
	}
	if w := b.ended(b.admin); !w.Ended || w.Err != nil || w.Whole != 18 || w.All != 18 ||
		w.Kind != migration.ServiceTokens || w.Done != 2 || w.Total != 2 {
		t.Errorf("the end is told as %+v", w)
	}
	if w, err := b.Work(t.Context(), b.admin); err != nil || w.Step != "" {
		t.Errorf("the end is told twice: %+v, %v", w, err)
	}
	if o, err := b.Overview(t.Context(), b.admin); err != nil || o.Staging.State != migration.Staged ||
		o.Staging.Strategy != migration.WithPolicies {
		t.Errorf("the staging area is %+v, %v", o.Staging, err)
	}
}

func TestStartDeploy_TellsWhatItFailedWith(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	t.Cleanup(b.Close)
	b.stage(migration.WithPolicies)
	if ended, err := b.StartDeploy(t.Context(), b.admin, "nonsense", time.Minute); !ended || !fault.Is(err, fault.Invalid) {
		t.Errorf("a wrong name: %v, %v", ended, err)
	}
	b.member("late", "ed@acme.example", access.RoleMember)
	release := b.holdWriter()
	if ended, err := b.StartDeploy(t.Context(), b.admin, "Acme", time.Millisecond); ended || err != nil {
		t.Fatalf("ended %v, %v", ended, err)
	}
	release()
	if w := b.ended(b.admin); !fault.Is(w.Err, fault.Conflict) || w.Step != migration.StepDeploy {
		t.Errorf("the end is told as %+v", w)
	}
	if i := b.item(migration.Members, "m-ed"); !i.Open() {
		t.Errorf("the conflict that came up is not there: %+v", i)
	}
	b.choose(migration.Members, "m-ed", migration.Keep)
	if ended, err := b.StartDeploy(t.Context(), b.admin, "Acme", time.Minute); !ended || err != nil {
		t.Errorf("ended %v, %v", ended, err)
	}
	if ended, err := b.StartDeploy(t.Context(), b.admin, "Acme", time.Minute); !ended || !fault.Is(err, fault.NotFound) {
		t.Errorf("a second deployment: %v, %v", ended, err)
	}
}

func TestClose_UndoesWhatIsUnderWay(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.stage(migration.WithPolicies)
	release := b.holdWriter()
	if ended, err := b.StartDeploy(t.Context(), b.admin, "Acme", time.Millisecond); ended || err != nil {
		t.Fatalf("ended %v, %v", ended, err)
	}
	b.Close()
	release()
	if w := b.ended(b.admin); w.Err == nil {
		t.Error("the deployment came to its end")
	}
	if o, err := b.Overview(t.Context(), b.admin); err != nil || o.Staging.State != migration.Staged || len(o.Deployments) != 0 {
		t.Errorf("left is %+v, %v", o, err)
	}
	if !b.refused(etlSecret) {
		t.Error("a token of the import is good")
	}
}

func TestUpload_TellsHowFarItIsAndAResetEndsIt(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	from, to := io.Pipe()
	defer to.Close()
	failed := make(chan error, 1)
	go func() {
		_, err := b.Upload(t.Context(), b.admin, "slow.json", from, nil)
		from.CloseWithError(err)
		failed <- err
	}()
	write := func(text string) { _, _ = io.WriteString(to, text) } // fails when nobody reads any more
	write(`{"format":"latchkey-legacy-export","version":1,"organization":{"id":"o","name":"O"},"workspaces":[{"id":"w","name":"W"}],"resources":[`)
	send := func(section string) {
		var text strings.Builder
		for i := range 1000 {
			text.WriteString(`{"id":"` + section + strings.Repeat("x", i%50) + string(rune('a'+i/50)) +
				`","workspace":"w","type":"source","name":"S"},`)
		}
		write(text.String())
	}
	send("a")
	for until := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		running, w, err := b.Running(t.Context(), b.admin)
		if err == nil && running && w.Step == migration.StepRead && w.Done >= 1000 {
			break
		}
		if time.Now().After(until) {
			t.Fatalf("reading is told as %+v, %v", w, err)
		}
	}
	if was, err := b.Reset(t.Context(), b.admin); err != nil || !was {
		t.Errorf("reset: %v, %v", was, err)
	}
	b.upload(example(t)) // another file may come at once
	send("b")
	send("c")
	if err := <-failed; !fault.Is(err, fault.Conflict) {
		t.Errorf("the first upload ended with %v", err)
	}
	if o, err := b.Overview(t.Context(), b.admin); err != nil || o.Staging.FileName != "export.json" || o.Staging.State != migration.Uploaded {
		t.Errorf("the staging area is %+v, %v", o.Staging, err)
	}
	b.must(b.Import(t.Context(), b.admin, migration.WithPolicies))
	b.deploy()
}

func TestStaging_LiveTokensKeepTheirPowerThroughout(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.stage(migration.WithPolicies)
	b.deploy() // its tokens are the live ones from now on
	var deployed atomic.Bool
	stop, checked := make(chan struct{}), make(chan int)
	go func() {
		n := 0
		defer func() { checked <- n }()
		for {
			select {
			case <-stop:
				return
			default:
			}
			n++
			for _, secret := range []string{edSecret, etlSecret} {
				v, err := b.verify.Verify(context.Background(), secret)
				if err != nil || v.Principal().Workspace != "ws-prod" {
					t.Errorf("check %d: a live token is refused or elsewhere: %v", n, err)
					return
				}
				may := access.Decide(access.BuiltIn(), v.Principal(), "source:edit",
					access.Resource{Organization: b.org, Workspace: "ws-prod", Type: "source", ID: "src-app"}).Allowed
				if may != (secret == edSecret) {
					t.Errorf("check %d: the power of a live token has changed", n)
					return
				}
			}
			if _, err := b.verify.Verify(context.Background(), largeSecret(3)); err == nil && !deployed.Load() {
				t.Errorf("check %d: a staged token is good", n)
				return
			}
		}
	}()
	from, to := io.Pipe()
	go func() { writeLarge(to, 50); to.Close() }()
	_, err := b.Upload(t.Context(), b.admin, "large.json", from, nil)
	b.must(err)
	for _, strategy := range []migration.Strategy{migration.Fresh, migration.WithPolicies} {
		b.must(b.Import(t.Context(), b.admin, strategy))
	}
	b.preview()
	deployed.Store(true) // from here on they may be good
	b.deploy()
	if b.refused(largeSecret(3)) {
		t.Error("a token of the deployed file is refused")
	}
	close(stop)
	if n := <-checked; n < 20 {
		t.Errorf("live tokens were checked %d times only", n)
	}
}

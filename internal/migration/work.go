package migration

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/fault"
)

// Step is what is done with a file.
type Step string

// The steps, in their order.
const (
	StepRead   Step = "read"
	StepStage  Step = "stage"
	StepDeploy Step = "deploy"
)

// Progress is how far a step is.
type Progress struct {
	Kind  Kind // what is being worked on; "" while a file is read
	Done  int  // how many of that kind
	Total int  // of how many; 0 when nobody knows
	Whole int  // how many of all kinds
	All   int  // of how many
}

// Work is a step under way, or one of this process that has ended.
type Work struct {
	Progress
	Step      Step
	By        string // who began it: a member's id
	Elsewhere bool   // in another program on the database: nothing but the step is known
	Ended     bool
	Err       error // what it ended with
}

// Running reports whether it is under way.
func (w Work) Running() bool { return w.Step != "" && !w.Ended }

// errBusy refuses a second step beside one that must be alone.
var errBusy = fault.NewConflict("The import is being staged or deployed right now. Wait until that is done.")

// works knows the step under way of each organization in this process. It lives in memory: a
// step that changes something is one transaction, so that nothing of it is left when the
// process ends. Other processes see through [Store.KeepStep] that there is one.
type works struct {
	mu      sync.Mutex
	of      map[string]*run
	context context.Context
	end     context.CancelFunc
	running sync.WaitGroup
}

func newWorks() *works {
	ctx, end := context.WithCancel(context.Background())
	return &works{of: map[string]*run{}, context: ctx, end: end}
}

// run is one step.
type run struct {
	works   *works
	work    Work
	ended   chan struct{}
	release func() // ends what others see of it; nil: they see nothing
}

// begin notes a step. Conflict while the organization's import is staged or deployed. One
// that is only being read makes way: the staging area itself keeps two files apart.
func (w *works) begin(organization string, step Step, by string) (*run, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r := w.of[organization]; r != nil && !r.work.Ended && r.work.Step != StepRead {
		return nil, errBusy
	}
	r := &run{works: w, work: Work{Step: step, By: by}, ended: make(chan struct{})}
	w.of[organization] = r
	return r, nil
}

// begin notes a step and shows it to other processes. Conflict while the organization's
// import is staged or deployed, here or elsewhere.
func (s *Service) begin(ctx context.Context, by actor.Standing, step Step) (*run, error) {
	if err := s.alone(ctx, by.Organization); err != nil {
		return nil, err
	}
	before, _ := s.works.now(by.Organization)
	r, err := s.works.begin(by.Organization, step, by.ID)
	if err != nil {
		return nil, err
	}
	if before != nil { // a file that is read for nothing by now: one sign at a time is enough
		before.hide()
	}
	release, err := s.store.KeepStep(ctx, by.Organization, step)
	if err != nil {
		r.finish(err)
		s.works.forget(by.Organization, r)
		return nil, err
	}
	r.works.mu.Lock()
	r.release = release
	r.works.mu.Unlock()
	return r, nil
}

// hide ends what other processes see of the step.
func (r *run) hide() {
	r.works.mu.Lock()
	release := r.release
	r.release = nil
	r.works.mu.Unlock()
	if release != nil {
		release()
	}
}

// tell notes how far the step is.
func (r *run) tell(p Progress) {
	r.works.mu.Lock()
	defer r.works.mu.Unlock()
	r.work.Progress = p
}

// finish notes how the step ended. Others do not see it any more when this process says so.
func (r *run) finish(err error) {
	r.hide()
	r.works.mu.Lock()
	defer r.works.mu.Unlock()
	r.work.Ended, r.work.Err = true, err
	close(r.ended)
}

// forget drops a step that has ended: whoever began it has heard of its end.
func (w *works) forget(organization string, r *run) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.of[organization] == r {
		delete(w.of, organization)
	}
}

// now is the organization's step, if there is one.
func (w *works) now(organization string) (*run, Work) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r := w.of[organization]; r != nil {
		return r, r.work
	}
	return nil, Work{}
}

// now is the organization's step: the one under way in this process or elsewhere, or one that
// has ended here.
func (s *Service) now(ctx context.Context, organization string) (*run, Work, error) {
	r, work := s.works.now(organization)
	if work.Running() {
		return r, work, nil
	}
	steps, err := s.store.KeptSteps(ctx, organization)
	if len(steps) > 0 {
		return nil, Work{Step: steps[0], Elsewhere: true}, err
	}
	return r, work, err
}

// alone reports whether no import of the organization is being staged or deployed.
func (s *Service) alone(ctx context.Context, organization string) error {
	_, work, err := s.now(ctx, organization)
	if err == nil && work.Running() && work.Step != StepRead {
		return errBusy
	}
	return err
}

// start runs do in the background. It goes on when ctx ends, but not when the service is
// closed.
func (w *works) start(ctx context.Context, r *run, do func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(w.context, cancel)
	w.running.Go(func() {
		defer cancel()
		defer stop()
		r.finish(guarded(ctx, do))
	})
}

// guarded turns a panic into an error: nobody above a goroutine would.
func guarded(ctx context.Context, do func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.NewInternal(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	return do(ctx)
}

// Close ends what runs in the background and waits for it. What was not done is undone.
func (s *Service) Close() {
	s.works.end()
	s.works.running.Wait()
}

// Work is the step under way for the caller's organization, or the zero Work. One that has
// ended in this process is told once, to whoever began it. That it ended in another one is
// seen from the staging area, if that is read afterwards.
func (s *Service) Work(ctx context.Context, by actor.Standing) (Work, error) {
	if err := s.may(by); err != nil {
		return Work{}, err
	}
	r, work, err := s.now(ctx, by.Organization)
	if err != nil || !work.Ended {
		return work, err
	}
	if work.By != by.ID {
		return Work{}, nil
	}
	s.works.forget(by.Organization, r)
	return work, nil
}

// Running is the step under way, if there is one, and does not tell of one that has ended.
func (s *Service) Running(ctx context.Context, by actor.Standing) (bool, Work, error) {
	if err := s.may(by); err != nil {
		return false, Work{}, err
	}
	_, work, err := s.now(ctx, by.Organization)
	return work.Running(), work, err
}

// wait starts a step in the background and waits for a while. ended is true when it came to
// its end meanwhile, and err is how; else [Service.Work] tells of it from now on.
func (s *Service) wait(ctx context.Context, by actor.Standing, step Step, patience time.Duration, do func(context.Context, *run) error) (ended bool, err error) {
	if err := s.may(by); err != nil {
		return true, err
	}
	r, err := s.begin(ctx, by, step)
	if err != nil {
		return true, err
	}
	s.works.start(ctx, r, func(ctx context.Context) error { return do(ctx, r) })
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-r.ended:
	case <-timer.C:
		return false, nil
	}
	s.works.forget(by.Organization, r)
	return true, r.work.Err
}

// ImportSoon is Import in the background, waited for no longer than patience. ended is
// false when it still goes on; then [Service.Work] tells how far it is and how it ended.
func (s *Service) ImportSoon(ctx context.Context, by actor.Standing, strategy Strategy, patience time.Duration) (ended bool, err error) {
	return s.wait(ctx, by, StepStage, patience, func(ctx context.Context, r *run) error {
		return s.importWith(ctx, by, strategy, r)
	})
}

// DeploySoon is Deploy in the background, as ImportSoon is Import.
func (s *Service) DeploySoon(ctx context.Context, by actor.Standing, typed string, patience time.Duration) (ended bool, err error) {
	return s.wait(ctx, by, StepDeploy, patience, func(ctx context.Context, r *run) error {
		_, err := s.deployWith(ctx, by, typed, r)
		return err
	})
}

// step runs do as a step of the caller's, in the foreground.
func (s *Service) step(ctx context.Context, by actor.Standing, step Step, do func(*run) error) error {
	if err := s.may(by); err != nil {
		return err
	}
	r, err := s.begin(ctx, by, step)
	if err != nil {
		return err
	}
	err = do(r)
	r.finish(err)
	s.works.forget(by.Organization, r)
	return err
}

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

// Step is a step of a migration.
type Step string

// The steps, in order.
const (
	StepRead   Step = "read"
	StepStage  Step = "stage"
	StepDeploy Step = "deploy"
)

// Progress is the progress of a step.
type Progress struct {
	Kind  Kind // kind of the current items; "" while a file is read
	Done  int  // number of processed items of the kind
	Total int  // number of items of the kind; 0 if unknown
	Whole int  // number of processed items of all kinds
	All   int  // number of items of all kinds
}

// Work is a running step, or one of this process that has ended.
type Work struct {
	Progress
	Step      Step
	By        string // id of the member who started it
	Elsewhere bool   // runs in another program on the database: only Step is set
	Ended     bool
	Err       error // its result, if it has ended
}

// Running reports whether the step is running.
func (w Work) Running() bool { return w.Step != "" && !w.Ended }

// errBusy refuses a second step beside one that must be alone.
var errBusy = fault.NewConflict("The import is being staged or deployed. Wait until that is done.")

// works holds the running step of each organization in this process. It is only in memory: a
// step that changes something is one transaction, which is rolled back if the process ends.
// Other processes learn of the step through [Store.AnnounceStep].
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
	release func() // ends the announcement; nil if there is none
}

// begin records a step. The error is Conflict while the organization's import is being staged or
// deployed. A file that is being read does not prevent a new step: the staging area itself keeps
// two files apart.
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

// begin records a step and announces it to other processes. The error is Conflict while the
// organization's import is being staged or deployed, here or elsewhere.
func (s *Service) begin(ctx context.Context, by actor.Standing, step Step) (*run, error) {
	if err := s.alone(ctx, by.Organization); err != nil {
		return nil, err
	}
	before, _ := s.works.now(by.Organization)
	r, err := s.works.begin(by.Organization, step, by.ID)
	if err != nil {
		return nil, err
	}
	if before != nil { // reading that file is pointless now; one announcement at a time is enough
		before.hide()
	}
	release, err := s.store.AnnounceStep(ctx, by.Organization, step)
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

// hide ends the announcement of the step.
func (r *run) hide() {
	r.works.mu.Lock()
	release := r.release
	r.release = nil
	r.works.mu.Unlock()
	if release != nil {
		release()
	}
}

// report records the progress of the step.
func (r *run) report(p Progress) {
	r.works.mu.Lock()
	defer r.works.mu.Unlock()
	r.work.Progress = p
}

// finish records the result of the step. It ends the announcement first, so that other processes
// no longer see the step when this one reports its end.
func (r *run) finish(err error) {
	r.hide()
	r.works.mu.Lock()
	defer r.works.mu.Unlock()
	r.work.Ended, r.work.Err = true, err
	close(r.ended)
}

// forget removes an ended step whose result was reported.
func (w *works) forget(organization string, r *run) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.of[organization] == r {
		delete(w.of, organization)
	}
}

// now returns the organization's step, if there is one.
func (w *works) now(organization string) (*run, Work) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r := w.of[organization]; r != nil {
		return r, r.work
	}
	return nil, Work{}
}

// now returns the organization's step: one that is running here or elsewhere, or one that has
// ended here.
func (s *Service) now(ctx context.Context, organization string) (*run, Work, error) {
	r, work := s.works.now(organization)
	if work.Running() {
		return r, work, nil
	}
	steps, err := s.store.AnnouncedSteps(ctx, organization)
	if len(steps) > 0 {
		return nil, Work{Step: steps[0], Elsewhere: true}, err
	}
	return r, work, err
}

// alone returns an error if the organization's import is being staged or deployed.
func (s *Service) alone(ctx context.Context, organization string) error {
	_, work, err := s.now(ctx, organization)
	if err == nil && work.Running() && work.Step != StepRead {
		return errBusy
	}
	return err
}

// start runs do in the background. It continues if ctx ends, but not if the service is closed.
func (w *works) start(ctx context.Context, r *run, do func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(w.context, cancel)
	w.running.Go(func() {
		defer cancel()
		defer stop()
		r.finish(guarded(ctx, do))
	})
}

// guarded turns a panic into an error, because nothing else recovers in a goroutine.
func guarded(ctx context.Context, do func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.NewInternal(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	return do(ctx)
}

// Close cancels background work, which is then rolled back, and waits for it.
func (s *Service) Close() {
	s.works.end()
	s.works.running.Wait()
}

// Work returns the running step of the caller's organization, or the zero Work. A step that has
// ended in this process is returned once, to the member who started it. To learn how a step in
// another process ended, read the staging area afterwards.
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

// Running returns the running step, if there is one. It does not return one that has ended.
func (s *Service) Running(ctx context.Context, by actor.Standing) (bool, Work, error) {
	if err := s.may(by); err != nil {
		return false, Work{}, err
	}
	_, work, err := s.now(ctx, by.Organization)
	return work.Running(), work, err
}

// wait starts a step in the background and waits up to patience. If the step has ended by then,
// ended is true and err is its result; otherwise [Service.Work] returns it from then on.
func (s *Service) wait(ctx context.Context, by actor.Standing, step Step, patience time.Duration,
	do func(context.Context, *run) error) (ended bool, err error) {
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

// StartImport runs Import in the background and waits for it up to patience. ended is false if
// it is still running; then [Service.Work] returns its progress and result.
func (s *Service) StartImport(ctx context.Context, by actor.Standing, strategy Strategy, patience time.Duration) (ended bool, err error) {
	return s.wait(ctx, by, StepStage, patience, func(ctx context.Context, r *run) error {
		return s.importWith(ctx, by, strategy, r)
	})
}

// StartDeploy runs Deploy in the background, as StartImport does for Import. The error is Unproven as well, for a
// session that was proven too long ago.
func (s *Service) StartDeploy(ctx context.Context, by actor.Standing, typed string, patience time.Duration) (ended bool, err error) {
	return s.wait(ctx, by, StepDeploy, patience, func(ctx context.Context, r *run) error {
		_, err := s.deployWith(ctx, by, typed, r)
		return err
	})
}

// step runs do as a step of the caller in the foreground.
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

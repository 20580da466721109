package signin_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/random"
	"latchkey/internal/signin"
	"latchkey/internal/store"
)

// postbox keeps the mails that it is given, or refuses them.
type postbox struct {
	mu      sync.Mutex
	refuses bool
	mails   []string // address and text
}

func (p *postbox) Send(_ context.Context, to, _, text string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuses {
		return errors.New("mailbox full")
	}
	p.mails = append(p.mails, to+"\n"+text)
	return nil
}

func newMailing(t *testing.T) (*fixture, *postbox) {
	f, box := newFixture(t), &postbox{}
	f.Service = signin.New(store.SignIns(f.store), f.hasher, access.BuiltIn(), signin.WithMailer(box))
	return f, box
}

// forget asks for a link from an address and lets the workers do everything that waits.
func (f *fixture) forget(t *testing.T, email, ip string) {
	t.Helper()
	if err := f.Forgot(t.Context(), email, marked, from(ip)); err != nil {
		t.Fatal(err)
	}
	f.work(t)
}

func (f *fixture) work(t *testing.T) {
	stopped, stop := context.WithCancel(t.Context())
	stop()
	f.RunMail(stopped, slog.New(slog.DiscardHandler))
}

func marked(secret random.Secret) string { return "secret=" + secret.Reveal() + "!" }

func (p *postbox) secret(t *testing.T) random.Secret {
	t.Helper()
	if len(p.mails) == 0 {
		t.Fatal("no mail")
	}
	_, rest, _ := strings.Cut(p.mails[len(p.mails)-1], "secret=")
	secret, _, _ := strings.Cut(rest, "!")
	return random.Secret(secret)
}

func TestForgot_MailsALinkToActiveMembersOnly(t *testing.T) {
	for email, want := range map[string]int{" BO@acme.example": 1, external: 1, gone: 0, nobody: 0, "": 0} {
		t.Run(email, func(t *testing.T) {
			f, box := newMailing(t)
			f.forget(t, email, home)
			if len(box.mails) != want || len(f.events(t)) != want {
				t.Fatalf("%d mails, %d events", len(box.mails), len(f.events(t)))
			}
			if want == 0 {
				return
			}
			e := f.events(t)[0]
			if e.ActorName != "Not signed in" || e.ActorType != audit.System || e.Origin.IP != home {
				t.Errorf("%+v", e)
			}
			if _, err := f.recover(t, box.secret(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestForgot_AStrangerEndsNoLink(t *testing.T) {
	f, box := newMailing(t)
	secret := f.recovery(t, bo)
	f.forget(t, bo, "203.0.113.9")
	if len(box.mails) != 0 {
		t.Error("a second link was sent")
	}
	if _, err := f.recover(t, secret); err != nil {
		t.Errorf("the first link: %v", err)
	}
}

func TestForgot_AnAccountGetsFewLinks(t *testing.T) {
	f, box := newMailing(t)
	for i := range 2 * signin.ForgotPerAccount {
		f.forget(t, bo, fmt.Sprintf("203.0.113.%d", i))
		f.exec(t, `DELETE FROM recoveries`)
	}
	if len(box.mails) != signin.ForgotPerAccount {
		t.Errorf("%d mails", len(box.mails))
	}
	f.clock.Advance(signin.ForgotWindow)
	f.forget(t, bo, home)
	if len(box.mails) != signin.ForgotPerAccount+1 {
		t.Errorf("%d mails after an hour", len(box.mails))
	}
}

func TestForgot_ANetworkAsksSeldom(t *testing.T) {
	f, box := newMailing(t)
	for range signin.ForgotPerNetwork {
		f.forget(t, nobody, home)
	}
	f.forget(t, bo, home)
	if len(box.mails) != 0 {
		t.Error("the limit does not hold")
	}
	f.forget(t, bo, "203.0.113.9")
	if len(box.mails) != 1 {
		t.Error("another network gets nothing")
	}
}

func TestForgot_AMailThatWasRefusedLeavesNoLink(t *testing.T) {
	f, box := newMailing(t)
	box.refuses = true
	f.forget(t, bo, home)
	if n := f.count(t, `SELECT count(*) FROM recoveries`); n != 0 {
		t.Errorf("%d links", n)
	}
	box.refuses = false
	f.forget(t, bo, home)
	if len(box.mails) != 1 {
		t.Error("the next request gets nothing")
	}
}

func TestForgot_AFullQueueDropsAndAnswersTheSame(t *testing.T) {
	f, box := newMailing(t)
	for i := range 200 {
		if err := f.Forgot(t.Context(), nobody, marked, from(fmt.Sprintf("203.0.113.%d", i))); err != nil {
			t.Fatal(err)
		}
	}
	f.forget(t, bo, home) // dropped: the queue is full
	if len(box.mails) != 0 {
		t.Error("the queue has no end")
	}
	f.forget(t, bo, home)
	if len(box.mails) != 1 {
		t.Error("it does not go on")
	}
}

func TestForgot_WithoutMailThereIsNone(t *testing.T) {
	f := newFixture(t)
	if err := f.Forgot(t.Context(), bo, marked, actor.Origin{}); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
}

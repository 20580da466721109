package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/notify"
	"latchkey/internal/registry"
	"latchkey/internal/seal"
	"latchkey/internal/store"
)

// Notify checks what the store promises of webhooks. open gives an empty store of its own to every test
// and closes it with the test.
func Notify(t *testing.T, open func(t *testing.T) *store.Store) {
	for name, test := range map[string]func(*testing.T, *notifyBed){
		"a message is queued in the transaction of its event": queuesWithEvents,
		"two senders send each message once":                  sendsOnce,
		"a message of a sender that died is sent again":       sendsAfterDeath,
		"old deliveries go, waiting ones are bounded":         boundsDeliveries,
		"a new key seals the secrets of webhooks":             resealsWebhooks,
		"another organization has no such webhook":            withholdsWebhooks,
		"a webhook goes with all that is its own":             dropsWebhooks,
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) { test(t, newNotifyBed(t, open(t))) })
	}
}

// notifyBed is an organization with a key, and the use cases of webhooks.
type notifyBed struct {
	*accountBed
	keys seal.Ring
	use  *notify.Service
}

func newNotifyBed(t *testing.T, s *store.Store) *notifyBed {
	t.Helper()
	key, err := seal.NewKey(rand.Reader)
	b := &notifyBed{accountBed: newAccountBed(t, s), keys: seal.NewRing(key)}
	if err == nil {
		_, err = registry.Secrets{Keys: b.keys}.Seal(t.Context(), store.Keys(s))
	}
	if err != nil {
		t.Fatal(err)
	}
	b.use = notify.New(notify.Deps{Store: store.Webhooks(s), Catalogue: access.BuiltIn(), Keys: b.keys,
		Check: func(context.Context, string) string { return "" }})
	return b
}

// add adds a webhook for new tokens.
func (b *notifyBed) add(t *testing.T) notify.Made {
	t.Helper()
	made, err := b.use.Add(t.Context(), b.admin.Caller(), notify.Settings{URL: "https://hooks.example/in",
		Events: []string{"token.created"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// happens appends events of new tokens.
func (b *notifyBed) happens(t *testing.T, n int) {
	t.Helper()
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		for i := range n {
			if err := tx.AppendEvent(ctx, newToken(b.admin, i)); err != nil {
				return err
			}
		}
		return nil
	})
}

func newToken(by actor.Standing, i int) audit.Event {
	return audit.Did(by, audit.Created, audit.Target{Type: audit.TargetPersonalToken, ID: fmt.Sprint("token-", i), Name: "ci"})
}

// sent returns the deliveries of a webhook.
func (b *notifyBed) sent(t *testing.T, webhook string) []notify.Delivery {
	t.Helper()
	return mustRead(t, func(ctx context.Context) ([]notify.Delivery, error) { return b.Deliveries(ctx, webhook, 0, 20_000) })
}

// sender returns a sender whose posts end as post says.
func (b *notifyBed) sender(post func(id string) notify.Answer) *notify.Sender {
	return notify.NewSender(notify.SenderDeps{Queue: store.WebhookQueue(b.Store), Keys: b.keys, Now: b.Now, Log: slog.New(slog.DiscardHandler),
		Post: func(_ context.Context, _ string, header map[string]string, _ string) notify.Answer {
			return post(header["webhook-id"])
		}})
}

// queuesWithEvents checks that messages are written with events that a webhook wants, and with no others.
func queuesWithEvents(t *testing.T, b *notifyBed) {
	b.happens(t, 1)
	w := b.add(t)
	b.happens(t, 1)
	err := b.try(t, func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(tx.AppendEvent(ctx, newToken(b.admin, 7)), errors.New("no"))
	})
	if err == nil {
		t.Fatal("no error")
	}
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		return tx.AppendEvent(ctx, audit.Did(b.admin, audit.Created, audit.Target{Type: audit.TargetGroup, ID: "g"}))
	})
	list := b.sent(t, w.ID)
	if len(list) != 1 || list[0].State != notify.Waiting || list[0].Type != "token.created" || !strings.Contains(list[0].Body, `"token-0"`) {
		t.Fatalf("%+v", list)
	}
	if _, err := b.use.Enable(t.Context(), b.admin.Caller(), w.ID, false); err != nil {
		t.Fatal(err)
	}
	b.happens(t, 1)
	if list := b.sent(t, w.ID); len(list) != 1 {
		t.Errorf("while it is disabled: %d", len(list))
	}
	if due := mustRead(t, func(ctx context.Context) ([]string, error) {
		return store.WebhookQueue(b.Store).DueWebhooks(ctx, b.Now())
	}); len(due) > 0 {
		t.Errorf("due: %v", due)
	}
}

// sendsOnce checks that senders side by side do not send anything twice.
func sendsOnce(t *testing.T, b *notifyBed) {
	w := b.add(t)
	const messages = 40
	b.happens(t, messages)
	var mu sync.Mutex
	times := map[string]int{}
	post := func(id string) notify.Answer {
		mu.Lock()
		defer mu.Unlock()
		times[id]++
		return notify.Answer{Status: 204}
	}
	var nodes sync.WaitGroup
	for range 2 {
		nodes.Go(func() {
			s := b.sender(post)
			for range messages {
				if err := s.Step(t.Context(), t.Context()); err != nil {
					t.Error(err)
				}
				s.Wait()
			}
		})
	}
	nodes.Wait()
	for id, n := range times {
		if n != 1 {
			t.Errorf("%s was sent %d times", id, n)
		}
	}
	if len(times) != messages {
		t.Errorf("%d messages were sent", len(times))
	}
	for _, d := range b.sent(t, w.ID) {
		if d.State != notify.Delivered || d.Tries != 1 || d.Status != 204 || !d.Next.IsZero() {
			t.Errorf("%+v", d)
		}
	}
}

// claims takes what is due until a time, as a sender that dies after it.
func (b *notifyBed) claims(t *testing.T, webhook, claim string, until time.Time) (list []notify.Claimed) {
	t.Helper()
	b.inTx(t, func(ctx context.Context, tx *store.Tx) (err error) {
		list, err = tx.Claim(ctx, webhook, claim, until, 10)
		return err
	})
	return list
}

// sendsAfterDeath checks that a claim ends, and that who lost it records nothing.
func sendsAfterDeath(t *testing.T, b *notifyBed) {
	w := b.add(t)
	b.happens(t, 1)
	first := b.claims(t, w.ID, "first", b.Now().Add(time.Hour))
	if len(first) != 1 {
		t.Fatalf("%+v", first)
	}
	if again := b.claims(t, w.ID, "second", b.Now().Add(time.Hour)); len(again) != 0 {
		t.Fatalf("it is claimed twice: %+v", again)
	}
	back := first[0].Delivery
	back.Next = b.Now().Add(-time.Second) // its time is over
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.Record(ctx, back, "first") })
	dead := b.claims(t, w.ID, "dead", b.Now().Add(-time.Second))
	var got string
	s := b.sender(func(id string) notify.Answer { got = id; return notify.Answer{Status: 200} })
	if err := s.Step(t.Context(), t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Wait()
	if got != dead[0].ID {
		t.Errorf("sent %q, not %q", got, dead[0].ID)
	}
	late := dead[0].Delivery
	late.State = notify.Failed
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.Record(ctx, late, "dead") })
	if list := b.sent(t, w.ID); list[0].State != notify.Delivered {
		t.Errorf("a lost claim recorded %+v", list[0])
	}
}

// boundsDeliveries checks how many deliveries are kept.
func boundsDeliveries(t *testing.T, b *notifyBed) {
	w := b.add(t)
	b.happens(t, 30)
	later := b.Now().Add(time.Hour)
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		return tx.GiveUp(ctx, later.Add(-48*time.Hour), 20, "too many")
	})
	states := map[notify.State]int{}
	for _, d := range b.sent(t, w.ID) {
		states[d.State]++
	}
	if states[notify.Failed] != 10 || states[notify.Waiting] != 20 {
		t.Errorf("%v", states)
	}
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		return tx.PruneDeliveries(ctx, later.Add(-48*time.Hour), 25)
	})
	if list := b.sent(t, w.ID); len(list) != 25 {
		t.Errorf("%d are left", len(list))
	}
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(tx.GiveUp(ctx, later, 1000, "too long"), tx.PruneDeliveries(ctx, later.Add(-48*time.Hour), 1000))
	})
	if list := b.sent(t, w.ID); len(list) != 25 || list[0].State != notify.Failed || list[0].Problem != "too long" {
		t.Errorf("%+v", list)
	}
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.PruneDeliveries(ctx, later, 1000) })
	if list := b.sent(t, w.ID); len(list) != 0 {
		t.Errorf("%d old ones are left", len(list))
	}
}

// resealsWebhooks checks that a rotation of the key takes the secrets of webhooks along, and that a
// discarded one is named.
func resealsWebhooks(t *testing.T, b *notifyBed) {
	w := b.add(t)
	if _, err := b.use.Roll(t.Context(), b.admin.Caller(), w.ID, ""); err != nil { // two secrets
		t.Fatal(err)
	}
	key, err := seal.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rotated, err := registry.Secrets{Keys: b.keys.With(key)}.Rotate(t.Context(), store.Keys(b.Store))
	if err != nil || rotated.Secrets != 2 {
		t.Fatalf("%+v, %v", rotated, err)
	}
	b.keys = seal.NewRing(key)
	b.happens(t, 1)
	answers := 0
	s := b.sender(func(string) notify.Answer { answers++; return notify.Answer{Status: 200} })
	if err := s.Step(t.Context(), t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Wait()
	if list := b.sent(t, w.ID); answers != 1 || list[0].State != notify.Delivered {
		t.Errorf("after the rotation: %+v", list)
	}
}

// withholdsWebhooks checks that ids of another organization are unknown.
func withholdsWebhooks(t *testing.T, b *notifyBed) {
	w := b.add(t)
	b.happens(t, 1)
	d := b.sent(t, w.ID)[0]
	stranger := b.admin
	stranger.Organization = "another"
	stranger.Principal.Organization = "another"
	_, err := b.use.Get(t.Context(), stranger, w.ID)
	mustBe(t, err, fault.NotFound)
	_, err = b.use.Deliveries(t.Context(), stranger, w.ID, 0, 10)
	mustBe(t, err, fault.NotFound)
	other := b.add(t)
	_, err = b.use.Delivery(t.Context(), b.admin, other.ID, d.ID)
	mustBe(t, err, fault.NotFound)
	_, err = b.use.SendAgain(t.Context(), b.admin.Caller(), other.ID, d.ID)
	mustBe(t, err, fault.NotFound)
	mustBe(t, b.try(t, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteWebhook(ctx, "another", w.ID) }), fault.NotFound)
	member := SignIn(t, b.Store, bedBo)
	_, err = b.use.List(t.Context(), member)
	mustBe(t, err, fault.Denied)
	_, err = b.use.Delete(t.Context(), member.Caller(), w.ID)
	mustBe(t, err, fault.Denied)
}

// dropsWebhooks checks that a deletion leaves nothing.
func dropsWebhooks(t *testing.T, b *notifyBed) {
	w := b.add(t)
	b.happens(t, 2)
	if _, err := b.use.Delete(t.Context(), b.admin.Caller(), w.ID); err != nil {
		t.Fatal(err)
	}
	if holders := mustRead(t, b.SealedHolders); len(b.sent(t, w.ID)) > 0 || len(holders) > 0 {
		t.Errorf("left: %v", holders)
	}
	b.happens(t, 1)
}

package notify_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/notify"
	"latchkey/internal/registry"
	"latchkey/internal/seal"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

// bed is an installation whose clock stands still, with a receiver for what is sent.
type bed struct {
	*storetest.Bed
	use    *notify.Service
	sender *notify.Sender

	mu     sync.Mutex
	answer func(url string) notify.Answer
	got    []sent
}

type sent struct {
	url, body string
	header    map[string]string
}

func newBed(t testing.TB) *bed {
	t.Helper()
	b := &bed{Bed: storetest.NewBed(t, access.PlanGrowth), answer: func(string) notify.Answer { return notify.Answer{Status: 200} }}
	key, err := seal.NewKey(rand.Reader)
	b.Must(err)
	keys := seal.NewRing(key)
	_, err = registry.Secrets{Keys: keys}.Seal(t.Context(), store.Keys(b.Store))
	b.Must(err)
	b.use = notify.New(notify.Deps{Store: store.Webhooks(b.Store), Catalogue: access.BuiltIn(), Keys: keys,
		Check: func(_ context.Context, url string) string {
			if strings.Contains(url, "inside") {
				return "It is private."
			}
			return ""
		}})
	b.sender = notify.NewSender(notify.SenderDeps{Queue: store.WebhookQueue(b.Store), Keys: keys, Now: b.Clock.Now,
		Log: slog.New(slog.DiscardHandler), Post: b.post})
	return b
}

func (b *bed) post(_ context.Context, url string, header map[string]string, body string) notify.Answer {
	b.mu.Lock()
	b.got = append(b.got, sent{url, body, header})
	answer := b.answer
	b.mu.Unlock()
	return answer(url)
}

func (b *bed) add(url string, events ...string) notify.Made {
	b.T.Helper()
	if len(events) == 0 {
		events = []string{"token.created"}
	}
	made, err := b.use.Add(b.T.Context(), b.Admin.Caller(), notify.Settings{URL: url, Events: events}, "")
	b.Must(err)
	return made
}

func (b *bed) happens(n int) {
	b.T.Helper()
	b.InTx(func(tx *store.Tx) error {
		for range n {
			e := audit.Did(b.Admin, audit.Created, audit.Target{Type: audit.TargetPersonalToken, ID: "t1", Name: "ci"})
			if err := tx.AppendEvent(b.T.Context(), e); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *bed) step() {
	b.T.Helper()
	b.Must(b.sender.Step(b.T.Context(), b.T.Context()))
	b.sender.Wait()
}

func (b *bed) first(webhook string) notify.Delivery {
	b.T.Helper()
	list, err := b.use.Deliveries(b.T.Context(), b.Admin, webhook, 0, 10)
	b.Must(err)
	if len(list) == 0 {
		b.T.Fatal("no delivery")
	}
	return list[0]
}

func TestSend_TriesAgainWithGrowingWaitsForADay(t *testing.T) {
	b := newBed(t)
	w := b.add("https://hooks.example/")
	b.answer = func(string) notify.Answer { return notify.Answer{Status: 503, Text: "\x00busy\xff"} }
	b.happens(1)
	began := b.Clock.Now()
	var waits []time.Duration
	for b.step(); b.first(w.ID).State == notify.Waiting; b.step() {
		d := b.first(w.ID)
		waits = append(waits, d.Next.Sub(b.Clock.Now()))
		if n := len(b.got); d.Status != 503 || d.Answer != "busy" || d.Tries != n || b.got[n-1].header["webhook-id"] != d.ID {
			t.Fatalf("%+v", d)
		}
		b.step() // not due
		if len(b.got) != len(waits) {
			t.Fatal("it does not wait")
		}
		b.Clock.Pass(max(waits[len(waits)-1], time.Minute))
	}
	if took := b.Clock.Now().Sub(began); took < 20*time.Hour || took > 24*time.Hour || len(waits) != 9 {
		t.Errorf("it tried %d times in %v: %v", len(b.got), took, waits)
	}
	for i := 1; i < len(waits); i++ {
		if waits[i] <= waits[i-1] {
			t.Errorf("the waits do not grow: %v", waits)
		}
	}
	d := b.first(w.ID)
	if d.State != notify.Failed || d.Problem != "It answered with status 503." {
		t.Errorf("%+v", d)
	}
	b.answer = func(string) notify.Answer { return notify.Answer{Status: 200} }
	_, err := b.use.SendAgain(t.Context(), b.Admin.Caller(), w.ID, d.ID)
	b.Must(err)
	b.Clock.Pass(time.Minute)
	b.step()
	last := b.got[len(b.got)-1]
	if again := b.first(w.ID); again.State != notify.Delivered || last.header["webhook-id"] != d.ID || last.body != d.Body {
		t.Errorf("%+v", again)
	}
}

func TestSend_ADisabledOrUnreachableWebhookKeepsNothingForever(t *testing.T) {
	b := newBed(t)
	w := b.add("https://hooks.example/")
	b.happens(2)
	_, err := b.use.Enable(t.Context(), b.Admin.Caller(), w.ID, false)
	b.Must(err)
	b.step()
	b.Clock.Pass(25 * time.Hour)
	b.Must(b.sender.Sweep(t.Context()))
	if d := b.first(w.ID); len(b.got) != 0 || d.State != notify.Failed {
		t.Errorf("%d sent, %+v", len(b.got), d)
	}
	b.Clock.Pass(30 * 24 * time.Hour)
	b.Must(b.sender.Sweep(t.Context()))
	if list, _ := b.use.Deliveries(t.Context(), b.Admin, w.ID, 0, 10); len(list) != 0 {
		t.Errorf("%d are left", len(list))
	}
}

// Ten thousand events for a webhook that is down cost little: few tries, bounded rows, and others are served.
func TestSend_AWebhookThatIsDownStaysBoundedAndDelaysNobody(t *testing.T) {
	b := newBed(t)
	down, up := b.add("https://down.example/"), b.add("https://up.example/", "token.deleted")
	b.answer = func(url string) notify.Answer {
		if strings.Contains(url, "down") {
			return notify.Answer{Problem: "The connection failed."}
		}
		return notify.Answer{Status: 200}
	}
	const events = 10_100
	b.happens(events)
	for range 60 { // a minute
		b.step()
		b.Clock.Pass(time.Second)
	}
	if n := len(b.got); n > 20 {
		t.Errorf("%d tries within a minute", n)
	}
	b.InTx(func(tx *store.Tx) error {
		return tx.AppendEvent(t.Context(), audit.Did(b.Admin, audit.Deleted, audit.Target{Type: audit.TargetServiceToken, ID: "t2", Name: "x"}))
	})
	b.step()
	if d := b.first(up.ID); d.State != notify.Delivered {
		t.Errorf("the other webhook: %+v", d)
	}
	b.Must(b.sender.Sweep(t.Context()))
	list, err := b.use.Deliveries(t.Context(), b.Admin, down.ID, 0, 20_000)
	b.Must(err)
	if len(list) != 10_000 {
		t.Errorf("%d deliveries are kept", len(list))
	}
	b.Clock.Pass(24 * time.Hour)
	b.Must(b.sender.Sweep(t.Context()))
	if list, _ = b.use.Deliveries(t.Context(), b.Admin, down.ID, 0, 20_000); len(list) != 1_000 {
		t.Errorf("%d failed ones are kept", len(list))
	}
}

func TestSend_AWebhookThatHangsHoldsNothingUp(t *testing.T) {
	b := newBed(t)
	b.add("https://hangs.example/")
	b.add("https://up.example/")
	release := make(chan struct{})
	b.answer = func(url string) notify.Answer {
		if strings.Contains(url, "hangs") {
			<-release
			return notify.Answer{Problem: "It did not answer in time."}
		}
		return notify.Answer{Status: 200}
	}
	const events = 20
	b.happens(events)
	count := func(url string) (n int) {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, s := range b.got {
			if strings.Contains(s.url, url) {
				n++
			}
		}
		return n
	}
	for deadline := time.Now().Add(20 * time.Second); count("up") < events && time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		b.Must(b.sender.Step(t.Context(), t.Context()))
	}
	if up, hangs := count("up"), count("hangs"); up != events || hangs > 4 {
		t.Errorf("%d went through, %d hang", up, hangs)
	}
	close(release)
	b.sender.Wait()
}

// A server that stops puts back what it could not finish, as if it had not been tried.
func TestRun_PutsBackWhatItCannotFinish(t *testing.T) {
	b := newBed(t)
	w := b.add("https://hangs.example/")
	b.happens(1)
	sending, cut := context.WithCancel(t.Context())
	b.answer = func(string) notify.Answer { <-sending.Done(); return notify.Answer{Problem: "cut"} }
	b.Must(b.sender.Step(t.Context(), sending))
	cut()
	b.sender.Wait()
	if d := b.first(w.ID); d.State != notify.Waiting || d.Tries != 0 || d.Next.After(b.Clock.Now()) {
		t.Fatalf("%+v", d)
	}
	b.answer = func(string) notify.Answer { return notify.Answer{Status: 200} }
	ctx, stop := context.WithCancel(t.Context())
	stop()
	b.sender.Run(ctx) // ends at once, and claims nothing
	if n := len(b.got); n != 1 {
		t.Errorf("%d sent", n)
	}
	b.step()
	if d := b.first(w.ID); d.State != notify.Delivered || b.got[0].header["webhook-id"] != d.ID {
		t.Errorf("%+v", d)
	}
}

func TestRoll_TheOldSecretSignsForADay(t *testing.T) {
	b := newBed(t)
	w := b.add("https://hooks.example/")
	rolled, err := b.use.Roll(t.Context(), b.Admin.Caller(), w.ID, "key-of-the-form")
	b.Must(err)
	if rolled.Secret.Reveal() == w.Secret.Reveal() || rolled.Secret.Reveal() == "" {
		t.Fatal("it is the same")
	}
	if _, err := b.use.Roll(t.Context(), b.Admin.Caller(), w.ID, "key-of-the-form"); !fault.Is(err, fault.Conflict) {
		t.Errorf("sent twice: %v", err)
	}
	signatures := func() []string {
		b.happens(1)
		b.step()
		return strings.Fields(b.got[len(b.got)-1].header["webhook-signature"])
	}
	if list := signatures(); len(list) != 2 || list[0] == list[1] {
		t.Errorf("%v", list)
	}
	b.Clock.Pass(24*time.Hour + time.Second)
	if list := signatures(); len(list) != 1 {
		t.Errorf("a day later: %v", list)
	}
}

// A secret that cannot be opened signs nothing: the page of the delivery says to roll it.
func TestRoll_ReplacesASecretThatCannotBeOpened(t *testing.T) {
	b := newBed(t)
	w := b.add("https://hooks.example/")
	b.InTx(func(tx *store.Tx) error {
		stored, err := tx.WebhookSecrets(t.Context(), w.ID)
		if err != nil {
			return err
		}
		stored[0].Value[0] ^= 1
		return tx.SaveWebhookSecrets(t.Context(), w.ID, stored)
	})
	b.happens(1)
	b.step()
	if d := b.first(w.ID); len(b.got) != 0 || !strings.Contains(d.Problem, "Roll it") {
		t.Fatalf("%+v", d)
	}
	if _, err := b.use.Roll(t.Context(), b.Admin.Caller(), w.ID, "key-of-the-form"); err != nil {
		t.Fatal(err)
	}
	b.Clock.Pass(time.Minute)
	b.step()
	if d := b.first(w.ID); d.State != notify.Delivered || len(strings.Fields(b.got[0].header["webhook-signature"])) != 1 {
		t.Errorf("%+v", d)
	}
}

func TestAdd_SaysEveryMistakeAndKeepsTheSecretToItself(t *testing.T) {
	b := newBed(t)
	for name, in := range map[string]notify.Settings{
		"url":    {URL: " ", Events: []string{"token.created"}},
		"inside": {URL: "https://inside.example", Events: []string{"token.created"}},
		"long":   {URL: "https://hooks.example/" + strings.Repeat("x", 2000), Events: []string{"token.created"}},
		"hidden": {URL: "https://hooks.example/\u202e", Events: []string{"token.created"}},
		"none":   {URL: "https://hooks.example"}, "unknown": {URL: "https://hooks.example", Events: []string{"token.unheard_of"}},
		"test": {URL: "https://hooks.example", Events: []string{notify.TestType}},
	} {
		if _, err := b.use.Add(t.Context(), b.Admin.Caller(), in, ""); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w := b.add("https://hooks.example/path?key=of-the-receiver")
	text, _ := json.Marshal(w)
	for _, got := range []string{fmt.Sprintf("%v %+v %#v %s", w, w, w, w.Secret), string(text)} {
		if strings.Contains(got, w.Secret.Reveal()) {
			t.Errorf("printed: %s", got)
		}
	}
	events, err := b.Store.EventsAfter(t.Context(), 0, 100)
	b.Must(err)
	log, _ := json.Marshal(events)
	if strings.Contains(string(log), "of-the-receiver") || strings.Contains(string(log), "whsec_") ||
		!strings.Contains(string(log), "hooks.example") {
		t.Errorf("the audit log: %s", log)
	}
	for range access.MaxWebhooks - 1 {
		b.add("https://hooks.example/")
	}
	if _, err := b.use.Add(t.Context(), b.Admin.Caller(), notify.Settings{URL: "https://h.example",
		Events: []string{"token.created"}}, ""); !fault.Is(err, fault.Denied) {
		t.Errorf("one too many: %v", err)
	}
}

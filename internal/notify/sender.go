package notify

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"strconv"
	"sync"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/plaintext"
	"latchkey/internal/seal"
)

// Bounds of sending.
const (
	perWebhook = 4           // messages on their way to one webhook, of one node
	lease      = time.Minute // of a claim; longer than a request may take
	lookEvery  = 500 * time.Millisecond
	finishing  = 5 * time.Second // what requests have when the server stops
	mostPause  = time.Minute     // between tries of a webhook that fails
	maxAnswer  = 1000            // characters of an answer that are kept
	maxProblem = 300

	giveUp      = 24 * time.Hour
	keepFor     = 30 * 24 * time.Hour
	keepMost    = 1_000
	mostWaiting = 10_000
)

// waits returns how long to wait after each failed try: all within giveUp.
func waits() []time.Duration {
	return []time.Duration{5 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour,
		4 * time.Hour, 6 * time.Hour, 10 * time.Hour}
}

// Answer is what a receiver said.
type Answer struct {
	Status   int    // 0 if there was no answer
	Text     string // the beginning of the body; any bytes
	Problem  string // a sentence, if there was no answer
	Duration time.Duration
}

// Claimed is a message to send, with what signs it.
type Claimed struct {
	Delivery
	To      Webhook
	Secrets []Sealed
}

// Queue is the outbox as the sender sees it.
type Queue interface {
	// DueWebhooks returns the enabled webhooks for which something is due.
	DueWebhooks(ctx context.Context, now time.Time) ([]string, error)
	// InTx runs fn in one write transaction of the server itself.
	InTx(ctx context.Context, by actor.Caller, fn func(QueueTx) error) error
}

// QueueTx is what the sender does in a transaction.
type QueueTx interface {
	Now() time.Time
	// Claim takes up to limit due messages of an enabled webhook until the lease ends.
	Claim(ctx context.Context, webhook, claim string, until time.Time, limit int) ([]Claimed, error)
	// Record saves how a try ended, unless the claim was lost.
	Record(ctx context.Context, d Delivery, claim string) error
	// GiveUp fails what has waited since before a time, and beyond the newest most of a webhook, with a
	// reason.
	GiveUp(ctx context.Context, before time.Time, most int, reason string) error
	// PruneDeliveries removes what does not wait and is older than a time, or beyond the newest most of a
	// webhook.
	PruneDeliveries(ctx context.Context, before time.Time, most int) error
}

// SenderDeps is what a [Sender] needs.
type SenderDeps struct {
	Queue Queue
	Keys  seal.Ring
	// Post sends a body to a URL. It ends in bounded time, and at once when the context does.
	Post func(ctx context.Context, url string, header map[string]string, body string) Answer
	Now  func() time.Time
	Log  *slog.Logger
}

// Sender sends what is due. Each node has one. It is safe for concurrent use.
type Sender struct {
	d SenderDeps

	mu      sync.Mutex
	current map[string]*endpoint // by webhook, while something is on its way or it fails
	running sync.WaitGroup
}

// endpoint is what this node knows of a webhook.
type endpoint struct {
	sending int       // messages on their way
	failed  int       // tries in a row
	resume  time.Time // do not try before
}

// NewSender returns a sender.
func NewSender(d SenderDeps) *Sender { return &Sender{d: d, current: map[string]*endpoint{}} }

// Run sends until ctx ends. Then it claims nothing more, lets what is on its way finish for a few seconds,
// and puts the rest back into the queue.
func (s *Sender) Run(ctx context.Context) {
	sending, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for ctx.Err() == nil {
		if err := s.Step(ctx, sending); err != nil && ctx.Err() == nil {
			s.d.Log.ErrorContext(ctx, "cannot look for webhooks to send, trying again", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-look.C:
		}
	}
	late := time.AfterFunc(finishing, cut)
	defer late.Stop()
	s.running.Wait()
}

// Step claims what is due and begins to send it, on the context sending.
func (s *Sender) Step(ctx, sending context.Context) error {
	now := s.d.Now()
	due, err := s.d.Queue.DueWebhooks(ctx, now)
	if err != nil {
		return err
	}
	room := s.room(due, now)
	if len(room) == 0 {
		return nil
	}
	claim := rand.Text()
	var claimed []Claimed
	err = s.d.Queue.InTx(ctx, actor.System(""), func(tx QueueTx) error {
		claimed = nil
		for webhook, n := range room {
			list, err := tx.Claim(ctx, webhook, claim, tx.Now().Add(lease), n)
			if err != nil {
				return err
			}
			claimed = append(claimed, list...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, c := range claimed {
		s.add(c.To.ID, 1)
		s.running.Go(func() {
			defer s.add(c.To.ID, -1)
			s.send(sending, c, claim)
		})
	}
	return nil
}

// Wait waits until nothing is on its way.
func (s *Sender) Wait() { s.running.Wait() }

// room returns how many messages each webhook may get now. One that fails gets one at a time, after a
// pause, whatever waits for it.
func (s *Sender) room(due []string, now time.Time) map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, e := range s.current {
		if e.sending == 0 && now.After(e.resume.Add(2*mostPause)) {
			delete(s.current, id) // it was deleted, or nothing waits for it
		}
	}
	room := map[string]int{}
	for _, id := range due {
		e := s.current[id]
		switch {
		case e == nil || e.failed == 0 && e.sending < perWebhook:
			room[id] = perWebhook
			if e != nil {
				room[id] -= e.sending
			}
		case e.failed > 0 && e.sending == 0 && !now.Before(e.resume):
			room[id] = 1
		}
	}
	return room
}

// add counts messages on their way.
func (s *Sender) add(webhook string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.current[webhook]
	if e == nil {
		e = &endpoint{}
		s.current[webhook] = e
	}
	e.sending += n
}

// ended remembers how a try of a webhook ended.
func (s *Sender) ended(webhook string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.current[webhook]
	if ok {
		e.failed, e.resume = 0, time.Time{}
		return
	}
	e.failed++
	e.resume = s.d.Now().Add(min(mostPause, time.Second<<min(e.failed-1, 6)))
}

// send sends a message and records how that ended.
func (s *Sender) send(ctx context.Context, c Claimed, claim string) {
	header, err := s.header(c)
	var answer Answer
	if err != nil {
		answer.Problem = "The signing secret cannot be read. Roll it."
		s.d.Log.ErrorContext(ctx, "cannot sign a message for a webhook", "webhook", c.To.ID, "error", err)
	} else {
		answer = s.d.Post(ctx, c.To.URL, header, c.Body)
	}
	cut := ctx.Err() != nil && answer.Status == 0 // the server stops: as if it had not been tried
	d := c.Delivery
	if cut {
		d.Next = s.d.Now()
	} else {
		d = d.tried(answer, s.d.Now())
		s.ended(c.To.ID, d.State == Delivered)
	}
	err = s.d.Queue.InTx(context.WithoutCancel(ctx), actor.System(""), func(tx QueueTx) error {
		return tx.Record(context.WithoutCancel(ctx), d, claim)
	})
	if err != nil { // the claim ends, and it is sent once more with the same id
		s.d.Log.ErrorContext(ctx, "cannot record how a webhook was sent, sending it again later", "error", err)
	}
}

// header returns the header of a message: signed now, by both secrets while the previous one counts.
func (s *Sender) header(c Claimed) (map[string]string, error) {
	now := s.d.Now()
	secret, err := open(s.d.Keys, c.To.ID, secretPath, c.Secrets)
	if err == nil && secret == "" {
		err = fmt.Errorf("it was discarded with the key that sealed it")
	}
	if err != nil {
		return nil, err
	}
	secrets := []string{secret}
	if now.Before(c.To.PreviousUntil) {
		previous, err := open(s.d.Keys, c.To.ID, previousPath, c.Secrets)
		if err != nil {
			return nil, err
		}
		if previous != "" {
			secrets = append(secrets, previous)
		}
	}
	signature, err := sign(c.ID, now, c.Body, secrets...)
	return map[string]string{"Content-Type": "application/json", "User-Agent": "Latchkey-Webhook/1",
		"webhook-id": c.ID, "webhook-timestamp": strconv.FormatInt(now.Unix(), 10), "webhook-signature": signature}, err
}

// tried returns the delivery after a try that was answered.
func (d Delivery) tried(a Answer, now time.Time) Delivery {
	d.Tries++
	d.Tried, d.Status, d.Duration, d.Next = now, a.Status, a.Duration, time.Time{}
	d.Answer = plaintext.Clip(plaintext.StripLines(a.Text), maxAnswer)
	d.Problem = plaintext.Clip(plaintext.Strip(a.Problem), maxProblem)
	switch {
	case a.Status/100 == 2:
		d.State, d.Problem = Delivered, ""
		return d
	case a.Status/100 == 3:
		d.Problem = "It redirects to another address, which is not followed."
	case d.Problem == "":
		d.Problem = fmt.Sprintf("It answered with status %d.", a.Status)
	}
	d.State = Failed
	list := waits()
	if d.Tries <= len(list) {
		wait := list[d.Tries-1]
		wait -= mathrand.N(wait/10 + 1) // so that messages that failed together do not come together
		if now.Add(wait).Before(d.Queued.Add(giveUp)) {
			d.State, d.Next = Waiting, now.Add(wait)
		}
	}
	return d
}

// Sweep fails what has waited too long, and removes old deliveries. One node is enough.
func (s *Sender) Sweep(ctx context.Context) error {
	return s.d.Queue.InTx(ctx, actor.System(""), func(tx QueueTx) error {
		if err := tx.GiveUp(ctx, tx.Now().Add(-giveUp), mostWaiting,
			"Not delivered in time: the webhook did not accept messages for too long."); err != nil {
			return err
		}
		return tx.PruneDeliveries(ctx, tx.Now().Add(-keepFor), keepMost)
	})
}

package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
)

// notebook is a store that records what each transaction appends.
type notebook struct {
	Store
	written [][]Event
	fails   error
}

func (n *notebook) InTx(_ context.Context, _ actor.Caller, fn func(Tx) error) error {
	if n.fails != nil {
		return n.fails
	}
	n.written = append(n.written, nil)
	return fn(notebookTx{book: n})
}

// notebookTx is a transaction of a notebook.
type notebookTx struct {
	Tx
	book *notebook
}

func (t notebookTx) AppendEvent(_ context.Context, e Event) error {
	n := t.book
	n.written[len(n.written)-1] = append(n.written[len(n.written)-1], e)
	return nil
}

// watching is a service over a notebook with a clock that the test moves.
type watching struct {
	*Service
	t     *testing.T
	notes *notebook
	log   bytes.Buffer
	clock time.Time
}

func newWatching(t *testing.T) *watching {
	w := &watching{t: t, notes: &notebook{}, clock: at(0)}
	w.Service = New(Deps{Store: w.notes, Now: func() time.Time { return w.clock }, Log: slog.New(slog.NewTextHandler(&w.log, nil))})
	return w
}

// refuse notes an attempt of a workspace token.
func (w *watching) refuse(token string, action Action, reason string) {
	w.Refused(Attempt{Action: action, Organization: "acme", Kind: access.WorkspaceToken, Token: token, Name: token, Reason: reason})
}

// flush writes what is due and returns it.
func (w *watching) flush() []Event {
	w.t.Helper()
	before := len(w.notes.written)
	if err := w.Flush(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	if len(w.notes.written) == before {
		return nil
	}
	return w.notes.written[before]
}

// everyReason is as many refusals of a token as its scope and the catalogue give.
func (w *watching) everyReason(token string) {
	for i := range 56 {
		w.refuse(token, AccessDenied, fmt.Sprint("may not do ", i))
	}
}

func TestRefused_BeyondSomeReasonsATokensAreCountedTogether(t *testing.T) {
	w := newWatching(t)
	w.everyReason("curious")
	log := w.flush()
	if len(log) != maxReasons+1 {
		t.Fatalf("%d events of one token", len(log))
	}
	if want := fmt.Sprintf(`{"reason":%q,"attempts":%d}`, otherReasons, 56-maxReasons); log[maxReasons].After != want {
		t.Errorf("the rest is %s, want %s", log[maxReasons].After, want)
	}
	w.everyReason("curious")
	if more := w.flush(); len(more) != 0 {
		t.Errorf("%d events more within the hour", len(more))
	}
	// Reasons without attempts are removed, so others have room.
	w.clock = w.clock.Add(attemptWindow)
	w.flush()
	w.clock = w.clock.Add(attemptWindow)
	w.flush()
	w.refuse("curious", AccessDenied, "may not do 55")
	if log := w.flush(); len(log) != 1 || !strings.Contains(log[0].After, "may not do 55") {
		t.Errorf("hours later: %+v", log)
	}
}

func TestRefused_WhatLiveTokensAreRefusedHidesNoDeadOne(t *testing.T) {
	w := newWatching(t)
	for i := range 700 {
		w.everyReason(fmt.Sprint("curious-", i))
	}
	w.refuse("stolen", UsedAfterRevocation, "revoked")
	log := w.flush()
	if len(log) != attemptsPerMinute || log[0].TokenID != "stolen" || log[0].Action != UsedAfterRevocation {
		t.Errorf("%d events, the first of %s", len(log), log[0].TokenID)
	}
}

func TestRefused_ATokensFirstReasonComesBeforeTheManyOfOthers(t *testing.T) {
	w := newWatching(t)
	for i := range 180 {
		w.everyReason(fmt.Sprint("curious-", i))
	}
	w.refuse("other", AccessDenied, "may not read")
	for minute := range 2 {
		for _, e := range w.flush() {
			if e.TokenID == "other" {
				return
			}
		}
		w.clock = w.clock.Add(time.Duration(minute+1) * time.Minute)
	}
	t.Error("another token's refusal is not written within two minutes")
}

func TestRefused_SaysHowManyHadNoRoom(t *testing.T) {
	w := newWatching(t)
	for i := range maxSeries + 7 {
		w.refuse(fmt.Sprint("token-", i), AccessDenied, "may not")
	}
	w.flush()
	w.refuse("one-more", AccessDenied, "may not")
	w.flush() // nothing is logged within the same minute
	if n := strings.Count(w.log.String(), "\n"); n != 1 || !strings.Contains(w.log.String(), "attempts=7") {
		t.Errorf("logged: %s", w.log.String())
	}
	if err := w.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(w.log.String(), "attempts=1\n") {
		t.Errorf("at the stop: %s", w.log.String())
	}
}

func TestClose_WritesWhatIsLeftInSmallTransactions(t *testing.T) {
	w := newWatching(t)
	const n = 3*attemptsPerTx + 20
	for i := range n {
		w.refuse(fmt.Sprint("token-", i), AccessDenied, "may not")
	}
	w.refuse("stolen", UsedAfterRevocation, "revoked")
	w.notes.fails = errors.New("away")
	if err := w.Close(t.Context()); !errors.Is(err, w.notes.fails) {
		t.Fatalf("without a database: %v", err)
	}
	w.notes.fails = nil
	if err := w.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := 0
	for _, events := range w.notes.written {
		all += len(events)
		if len(events) > attemptsPerTx {
			t.Errorf("%d events in one transaction", len(events))
		}
	}
	if all != n+1 || w.notes.written[0][0].TokenID != "stolen" {
		t.Errorf("%d events, the first of %s", all, w.notes.written[0][0].TokenID)
	}
}

func TestRefused_IsRecordedWithinAnHourWhateverTheClockDoes(t *testing.T) {
	for _, jump := range []time.Duration{-365 * 24 * time.Hour, -time.Hour, -time.Minute, time.Minute, time.Hour} {
		w := newWatching(t)
		w.refuse("token", AccessDenied, "may not")
		if log := w.flush(); len(log) != 1 {
			t.Fatalf("%d events at once", len(log))
		}
		w.clock = w.clock.Add(jump)
		w.refuse("token", AccessDenied, "may not")
		waited := time.Duration(0)
		for ; len(w.flush()) == 0; w.clock = w.clock.Add(time.Minute) {
			if waited += time.Minute; waited > attemptWindow {
				t.Fatalf("%v: nothing is recorded %v later", jump, waited)
			}
		}
		for range attemptsPerMinute + 1 { // nor do other tokens wait for a minute that is far away
			w.refuse(fmt.Sprint(len(w.attempts.series)), AccessDenied, "may not")
		}
		events := len(w.flush())
		w.clock = w.clock.Add(jump)
		for range 2 {
			w.clock = w.clock.Add(time.Minute)
			events += len(w.flush())
		}
		if events < attemptsPerMinute+1 {
			t.Errorf("%v: %d events of %d tokens", jump, events, attemptsPerMinute+1)
		}
	}
}

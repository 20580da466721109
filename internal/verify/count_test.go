package verify_test

import (
	"errors"
	"net/netip"
	"sync"
	"testing"
	"time"

	"latchkey/internal/token"
	"latchkey/internal/verify"
)

// counted is what the database says of a token's, or the organization's, requests by day.
func (w *world) counted(subject string) map[token.Day][2]int {
	w.t.Helper()
	today := token.DayOf(w.now())
	list, err := w.store.UseDays(w.ctx, subject, today-100, today)
	w.must(err)
	days := map[token.Day][2]int{}
	for _, c := range list {
		days[c.Day] = [2]int{c.Requests, c.Refusals}
	}
	return days
}

func (w *world) wantCounts(subject string, ago token.Day, requests, refusals int) {
	w.t.Helper()
	if got := w.counted(subject)[token.DayOf(w.now())-ago]; got != [2]int{requests, refusals} {
		w.t.Errorf("%d days ago: %v requests and refusals, want %d and %d", ago, got, requests, refusals)
	}
}

func TestCounts_AddUpByDayAcrossFlushesAndStarts(t *testing.T) {
	w := newWorld(t)
	g, other := w.organizationToken(), w.organizationToken()
	for range 3 {
		w.use(g.Secret.Reveal(), "10.0.0.1")
	}
	w.must(w.verify.Flush(w.ctx))
	w.must(w.verify.Flush(w.ctx)) // has nothing to add
	w.use(g.Secret.Reveal(), "")
	w.use(other.Secret.Reveal(), "")
	v, err := w.verify.Verify(w.ctx, g.Secret.Reveal())
	w.must(err)
	w.verify.Used(v, netip.Addr{}, "")
	w.verify.Denied(v)
	w.must(w.verify.Close(w.ctx))
	w.verify = w.newAuthority(verify.Deps{})
	w.pass(24 * time.Hour)
	w.use(g.Secret.Reveal(), "")
	w.must(w.verify.Close(w.ctx))
	w.wantCounts(g.ID, 1, 5, 1)
	w.wantCounts(g.ID, 0, 1, 0)
	w.wantCounts(other.ID, 1, 1, 0)
	w.wantCounts(w.org, 1, 6, 1)
	w.wantCounts(w.org, 0, 1, 0)
}

func TestCounts_ARefusedTokenIsCountedButNotUsed(t *testing.T) {
	w := newWorld(t)
	end := w.now().Add(time.Hour)
	g, err := w.tokens.GenerateOrganization(w.ctx, w.admin.Caller(), token.NewOrganization{Name: "short", ExpiresAt: end})
	w.must(err)
	w.pass(2 * time.Hour)
	for range 2 {
		if _, err := w.verify.Verify(w.ctx, g.Secret.Reveal()); err == nil {
			t.Fatal("an expired token is accepted")
		}
	}
	w.must(w.verify.Flush(w.ctx))
	w.wantCounts(g.ID, 0, 2, 2)
	if got := w.stored(g.ID); !got.LastUsedAt.IsZero() {
		t.Errorf("last used at %v", got.LastUsedAt)
	}
}

func TestCounts_WhatCannotBeSavedIsCountedLaterAndOnce(t *testing.T) {
	w := newWorld(t)
	broken := &unsaved{Store: w.store, err: errors.New("disk full")}
	w.verify = w.newAuthority(verify.Deps{Store: broken})
	g := w.organizationToken()
	w.use(g.Secret.Reveal(), "")
	if err := w.verify.Flush(w.ctx); !errors.Is(err, broken.err) {
		t.Fatal(err)
	}
	w.use(g.Secret.Reveal(), "")
	broken.err = nil
	w.must(w.verify.Flush(w.ctx))
	w.must(w.verify.Flush(w.ctx))
	w.wantCounts(g.ID, 0, 2, 0)
}

func TestCounts_NoneIsLostUnderLoad(t *testing.T) {
	w := newWorld(t)
	g := w.organizationToken()
	const users, uses = 4, 2000
	var wg sync.WaitGroup
	for range users {
		wg.Go(func() {
			for range uses {
				v, err := w.verify.Verify(w.ctx, g.Secret.Reveal())
				if err != nil {
					t.Error(err)
					return
				}
				w.verify.Used(v, netip.Addr{}, "")
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		w.must(w.verify.Flush(w.ctx))
	}
	w.must(w.verify.Flush(w.ctx))
	w.wantCounts(g.ID, 0, users*uses, 0)
}

package token

import (
	"context"
	"slices"
	"time"

	"latchkey/internal/actor"
)

// Uses of the two secrets of a token are counted in slots of five minutes.
const (
	slot         = 5 * time.Minute
	SlotsPerHour = int64(time.Hour / slot)
	SlotsPerDay  = 24 * SlotsPerHour
)

// SlotOf returns the slot of a moment.
func SlotOf(t time.Time) int64 { return t.UnixMilli() / slot.Milliseconds() }

// SecretCount is how often a secret was used in the last hour and in the last day, in whole slots.
type SecretCount struct{ Hour, Day int }

// Overlap is the two secrets of a token while both work.
type Overlap struct {
	Current, Previous SecretState
}

// OverlapOf returns the two secrets of a token that work at now. ok is false if there is no previous one.
func OverlapOf(secrets []SecretState, now time.Time) (o Overlap, ok bool) {
	i := slices.IndexFunc(secrets, func(s SecretState) bool { return s.Overlaps(now) })
	if i <= 0 {
		return Overlap{}, false
	}
	return Overlap{Current: secrets[0], Previous: secrets[i]}, true
}

// alarmFor is for how long the use of a secret after its end is told.
const alarmFor = 30 * 24 * time.Hour

// UsedAfterEnd returns the latest use of a previous secret of t after its end, if there was one in the
// last 30 days. The caller has read t with their rights.
func (s *Service) UsedAfterEnd(ctx context.Context, by actor.Standing, t Token) (SecretUse, bool, error) {
	if err := s.mayManage(by, t); err != nil {
		return SecretUse{}, false, err
	}
	return s.store.UsedAfterEnd(ctx, t, s.now().Add(-alarmFor))
}

// SafeToEnd reports whether the current secret is in use, and the previous one was not used for quiet
// since the current one was first used.
func (o Overlap) SafeToEnd(quiet time.Duration, now time.Time) bool {
	since := o.Current.FirstUsedAt
	if since.IsZero() {
		return false
	}
	if o.Previous.LastUsedAt.After(since) {
		since = o.Previous.LastUsedAt
	}
	return now.Sub(since) >= quiet
}

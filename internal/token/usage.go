package token

import (
	"context"
	"time"

	"latchkey/internal/actor"
)

// Day is a day in UTC, as the number of days since 1970-01-01.
type Day int64

// DayOf returns the day of a moment.
func DayOf(t time.Time) Day { return Day(t.Unix() / int64(24*time.Hour/time.Second)) }

// Time returns when the day begins.
func (d Day) Time() time.Time { return time.Unix(int64(d)*int64(24*time.Hour/time.Second), 0).UTC() }

// DayCount is how many requests came with a token on a day, and how many of them were refused:
// because the token may not do what was asked, or is expired or suspended. What came with a deleted
// token is not counted. Counts are saved every half a minute, with the day of that moment, and
// kept for [KeepDays] days.
type DayCount struct {
	Day      Day
	Requests int
	Refusals int
}

const (
	// KeepDays is for how many days counts are kept.
	KeepDays = 90
	// UsageDays is how many days [Service.Usage] returns.
	UsageDays = 30
)

// Usage returns the counts of the last [UsageDays] days of a token, oldest first and each day there.
// The error is as that of [Service.Get].
func (s *Service) Usage(ctx context.Context, by actor.Standing, id string) ([]DayCount, error) {
	t, err := s.Get(ctx, by, id)
	if err != nil {
		return nil, err
	}
	return s.usage(ctx, t.ID)
}

// OrganizationUsage is like Usage for all tokens of the organization together. The error is Denied
// unless by manages service tokens.
func (s *Service) OrganizationUsage(ctx context.Context, by actor.Standing) ([]DayCount, error) {
	if err := s.mayManageServices(by); err != nil {
		return nil, err
	}
	return s.usage(ctx, by.Principal.Organization)
}

func (s *Service) usage(ctx context.Context, subject string) ([]DayCount, error) {
	last := DayOf(s.now())
	first := last - UsageDays + 1
	days := make([]DayCount, UsageDays)
	for i := range days {
		days[i].Day = first + Day(i)
	}
	counted, err := s.store.UseDays(ctx, subject, first, last)
	for _, c := range counted {
		days[c.Day-first] = c
	}
	return days, err
}

// ForgetUsage deletes counts that are older than [KeepDays] days, and those of secrets that are older than one.
func (s *Service) ForgetUsage(ctx context.Context) error {
	return s.store.ForgetUses(ctx, DayOf(s.now())-KeepDays+1)
}

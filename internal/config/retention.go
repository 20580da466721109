package config

import (
	"fmt"
	"strconv"
	"time"
)

// Retention is how long something is kept. It is written in days, weeks or years of 365 days
// ("90d", "26w", "7y") or as a Go duration ("36h"). "0" means forever.
type Retention time.Duration

// UnmarshalText parses a retention.
func (r *Retention) UnmarshalText(text []byte) error {
	s := string(text)
	if s == "" || s == "0" {
		*r = 0
		return nil
	}
	const day = 24 * time.Hour
	units := map[byte]time.Duration{'d': day, 'w': 7 * day, 'y': 365 * day}
	if unit, ok := units[s[len(s)-1]]; ok {
		const most = 200 * 365 // days; a time.Duration holds little more
		n, err := strconv.Atoi(s[:len(s)-1])
		if err == nil && n >= 0 && time.Duration(n) <= most*day/unit {
			*r = Retention(time.Duration(n) * unit)
			return nil
		}
	} else if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		*r = Retention(d)
		return nil
	}
	return fmt.Errorf("%q does not look like 90d, 26w, 7y or 0", s)
}

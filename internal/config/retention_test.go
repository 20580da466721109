package config

import (
	"testing"
	"time"
)

func TestRetention_IsDaysWeeksYearsOrADuration(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{"": 0, "0": 0, "0d": 0, "90d": 90 * day, "26w": 182 * day,
		"7y": 2555 * day, "36h": 36 * time.Hour} {
		var r Retention
		if err := r.UnmarshalText([]byte(text)); err != nil || time.Duration(r) != want {
			t.Errorf("%q: %v, %v; want %v", text, time.Duration(r), err, want)
		}
	}
	for _, text := range []string{"d", "-1d", "90", "1m1d", "1000y", "99999999999999999999d", "-5h", "soon"} {
		var r Retention
		if err := r.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is accepted as %v", text, time.Duration(r))
		}
	}
}

func TestValidate_RefusesARetentionOfLessThanADay(t *testing.T) {
	c := Config{Addr: ":1", Data: "x", AuditRetention: time.Hour}
	if c.Validate() == nil {
		t.Error("an hour is accepted")
	}
	c.AuditRetention = 24 * time.Hour
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

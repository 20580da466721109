package token_test

import (
	"testing"
	"time"

	"latchkey/internal/token"
)

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func TestState_FollowsTheClockExactly(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		name  string
		token token.Token
		want  token.State
		label string
	}{
		{"no end", token.Token{}, token.Active, "Active"},
		{"far end", token.Token{ExpiresAt: noon.Add(90 * day)}, token.Active, "Active"},
		{"just over seven days", token.Token{ExpiresAt: noon.Add(7*day + 1)}, token.Active, "Active"},
		{"exactly seven days", token.Token{ExpiresAt: noon.Add(7 * day)}, token.ExpiresSoon, "Expires soon"},
		{"the last instant", token.Token{ExpiresAt: noon.Add(1)}, token.ExpiresSoon, "Expires soon"},
		{"the end itself", token.Token{ExpiresAt: noon}, token.Expired, "Expired"},
		{"after the end", token.Token{ExpiresAt: noon.Add(-1)}, token.Expired, "Expired"},
		{"owner deactivated", token.Token{Suspended: true}, token.Suspended, "Suspended"},
		{"owner deactivated, soon", token.Token{Suspended: true, ExpiresAt: noon.Add(day)}, token.Suspended, "Suspended"},
		{"owner deactivated, over", token.Token{Suspended: true, ExpiresAt: noon}, token.Expired, "Expired"},
		{"deleted and over", token.Token{DeletedAt: noon, ExpiresAt: noon, Suspended: true}, token.Deleted, "Deleted"},
	} {
		if got := c.token.State(noon); got != c.want || got.Label() != c.label {
			t.Errorf("%s: %q (%s), want %q", c.name, got, got.Label(), c.want)
		}
	}
}

func TestKind_HasALabelAndAPrefix(t *testing.T) {
	for kind, want := range map[token.Kind][2]string{
		token.Personal:     {"Personal access token", "lkpat_"},
		token.Workspace:    {"Workspace service access token", "lksat_"},
		token.Organization: {"Organization service access token", "lkoat_"},
		"other":            {"Unknown kind of token", ""},
	} {
		if got := [2]string{kind.Label(), kind.Prefix()}; got != want {
			t.Errorf("%q: %q", kind, got)
		}
	}
}

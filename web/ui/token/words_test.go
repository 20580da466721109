package token

import (
	"testing"
	"time"

	"latchkey/internal/token"
	"latchkey/views/component"
	"latchkey/web/ui/kit"
)

func TestExpiry_TurnsAtTheVeryMoment(t *testing.T) {
	tests := []struct {
		end              time.Time
		text, tone, word string
	}{
		{time.Time{}, "No expiration", component.Neutral, "Active"},
		{noon.Add(30 * kit.Day), "in 30 days", component.Neutral, "Active"},
		{noon.Add(token.SoonAfter + time.Millisecond), "in 7 days", component.Neutral, "Active"},
		{noon.Add(token.SoonAfter), "in 7 days", component.Warn, "Expires soon"},
		{noon.Add(time.Millisecond), "in less than a minute", component.Warn, "Expires soon"},
		{noon, "Expired just now", component.Bad, "Expired"},
		{noon.Add(-3 * kit.Day), "Expired 3 days ago", component.Bad, "Expired"},
	}
	for _, tt := range tests {
		tok := token.Token{ExpiresAt: tt.end}
		if got := expiry(tt.end, noon).Text; got != tt.text {
			t.Errorf("end %v: %q, want %q", tt.end, got, tt.text)
		}
		if got := dueTone(tok, noon); got != tt.tone {
			t.Errorf("end %v: tone %q, want %q", tt.end, got, tt.tone)
		}
		if got := state(tok, noon).Text; got != tt.word {
			t.Errorf("end %v: state %q, want %q", tt.end, got, tt.word)
		}
	}
	if got := state(token.Token{Suspended: true}, noon); got.Text != "Suspended" || got.Title == "" {
		t.Errorf("a suspended token: %+v", got)
	}
}

package token

import (
	"testing"
	"time"

	"latchkey/internal/token"
)

func TestSecretsView_ListsOnlyUsesSinceTheRotation(t *testing.T) {
	rotated := march.Add(-time.Hour)
	secrets := []token.SecretState{{Hint: "lkpat_…new1", MadeAt: rotated},
		{Hint: "lkpat_…old1", MadeAt: rotated.Add(-time.Hour), EndsAt: march.Add(time.Hour),
			LastUsedFrom: []token.SecretUse{{IP: "192.0.2.1", At: rotated}, {IP: "192.0.2.2", At: rotated.Add(-time.Millisecond)}}}}
	m := secretsView(token.Token{ID: "one"}, secrets, time.Hour, march)
	if len(m.StillUsed) != 1 || m.StillUsed[0].Address != "192.0.2.1" || len(m.Table.Columns) != 6 {
		t.Errorf("still used by %+v, %d columns", m.StillUsed, len(m.Table.Columns))
	}
	secrets[1].EndedAt = march
	if m = secretsView(token.Token{ID: "one"}, secrets, time.Hour, march); m.StillUsed != nil || m.Poll != "" || len(m.Table.Columns) != 4 {
		t.Errorf("after the end: still used by %+v, asks for %q, %d columns", m.StillUsed, m.Poll, len(m.Table.Columns))
	}
}

// The clock of each step is a moment after the rotation, at which the new token is used first after an hour.
func TestSecretsView_SaysWhenItIsSafeToEndTheOldToken(t *testing.T) {
	const quiet = 10 * time.Minute
	rotated := march.Add(-24 * time.Hour)
	at := func(d time.Duration) time.Time { return rotated.Add(d) }
	for _, step := range []struct {
		now, newFirst, oldLast time.Duration // after the rotation; 0: never
		want                   string
	}{
		{2 * time.Hour, 0, time.Minute, "Not safe to end yet"}, // the new one was not used
		{2 * time.Hour, time.Hour, 2*time.Hour - quiet + 1, "Not safe to end yet"},
		{2 * time.Hour, time.Hour, 2*time.Hour - quiet, "Safe to end now"},
		{2 * time.Hour, time.Hour, 2 * time.Hour, "Not safe to end yet"},
		{time.Hour + quiet - 1, time.Hour, 0, "Not safe to end yet"}, // silent, but for how long is not known yet
		{time.Hour + quiet, time.Hour, 0, "Safe to end now"},
		{time.Hour - 1, time.Hour, 0, "Not safe to end yet"}, // a clock that was set back
	} {
		secrets := []token.SecretState{{MadeAt: rotated}, {MadeAt: rotated.Add(-time.Hour), EndsAt: at(7 * 24 * time.Hour)}}
		if step.newFirst > 0 {
			secrets[0].FirstUsedAt = at(step.newFirst)
		}
		if step.oldLast > 0 {
			secrets[1].LastUsedAt = at(step.oldLast)
		}
		m := secretsView(token.Token{ID: "one"}, secrets, quiet, at(step.now))
		if m.Safe.Title != step.want || (m.Safe.Kind == "success") != (step.want == "Safe to end now") || m.End == nil {
			t.Errorf("%+v: %+v", step, m.Safe)
		}
	}
}

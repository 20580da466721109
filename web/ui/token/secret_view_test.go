package token

import (
	"testing"
	"time"

	"latchkey/internal/token"
)

func TestSecretsView_ListsOnlyUsesSinceTheRotation(t *testing.T) {
	rotated := march.Add(-time.Hour)
	secrets := []token.SecretState{{Hint: "lkpat_…new1", MadeAt: rotated}, {Hint: "lkpat_…old1", MadeAt: rotated.Add(-time.Hour), EndsAt: march.Add(time.Hour),
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

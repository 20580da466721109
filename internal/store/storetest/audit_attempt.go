package storetest

import (
	"fmt"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
)

func boundsAttempts(t *testing.T, b *logBed) {
	s := b.service(0)
	used := audit.Attempt{Action: audit.UsedAfterRevocation, Organization: bedOrg, Kind: access.PersonalToken, Token: "pat", Name: "laptop",
		Owner: "owner", Workspace: "prod", Reason: "revoked", Origin: actor.Origin{IP: "10.0.0.9"}}
	flush := func() []audit.Event {
		t.Helper()
		if err := s.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		return b.everything()
	}
	s.Refused(used)
	if log := flush(); len(log) != 1 || log[0].ActorID != "owner" || log[0].ActorType != audit.User || log[0].ActorEmail == "" ||
		log[0].TokenID != "pat" || log[0].Target.ID != "pat" || log[0].After != `{"reason":"revoked","attempts":1}` {
		t.Fatalf("the first attempt: %+v", log)
	}
	for range 5000 {
		s.Refused(used)
	}
	if log := flush(); len(log) != 1 {
		t.Fatalf("%d events after a flood", len(log))
	}
	other := used
	other.Reason = "expired"
	s.Refused(other)
	if log := flush(); len(log) != 2 || log[1].After != `{"reason":"expired","attempts":1}` {
		t.Errorf("what is refused for another reason is lost in the flood: %+v", log)
	}
	b.ahead = time.Hour
	if log := flush(); len(log) != 3 || log[2].After != `{"reason":"revoked","attempts":5000}` {
		t.Errorf("an hour later: %+v", log[len(log)-1])
	}
	s.Refused(used)
	s.Refused(other)
	if log := flush(); len(log) != 4 {
		t.Errorf("%d events within the next hour, want one for what was quiet before", len(log)-3)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if log := b.everything(); len(log) != 5 || log[4].After != `{"reason":"revoked","attempts":1}` {
		t.Errorf("at the stop: %+v", log[len(log)-1])
	}
	for i := range 20_000 {
		used.Token, used.Kind = fmt.Sprint("sat", i), access.WorkspaceToken
		s.Refused(used)
	}
	if n := len(flush()); n > 200 {
		t.Errorf("%d events of many tokens at once", n)
	}
	b.ahead += time.Minute
	before := len(b.everything())
	if n := len(flush()); n <= before {
		t.Error("those that had to wait are never written")
	}
}

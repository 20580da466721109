package notify

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"latchkey/internal/audit"
)

// The values are those of the specification's own libraries.
func TestSign_IsThatOfTheSpecification(t *testing.T) {
	got, err := sign("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), `{"test": 2432232314}`,
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; err != nil || got != want {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := sign("msg_1", time.Unix(0, 0), "", "whsec_%%"); err == nil {
		t.Error("a damaged secret signs")
	}
}

func TestKinds_AreInTheVocabularyAndOfferedOnce(t *testing.T) {
	offered := map[string]bool{}
	for _, k := range Kinds() {
		for _, target := range k.targets {
			if !audit.InVocabulary(target, k.action) {
				t.Errorf("%s: %s of %s never happens", k.Type, k.action, target)
			}
		}
	}
	for _, k := range Offered() {
		if offered[k.Type] {
			t.Errorf("%s is offered twice", k.Type)
		}
		offered[k.Type] = true
	}
	for _, k := range Kinds() {
		if !offered[k.Type] {
			t.Errorf("%s is not offered", k.Type)
		}
	}
}

func TestKindOf_SaysWhatHappened(t *testing.T) {
	event := audit.Event{ID: "e1", Organization: "o", Workspace: "w", Time: time.UnixMilli(1_700_000_000_123),
		ActorType: audit.User, ActorID: "m",
		ActorName: "Ada <&>", ActorEmail: "ada@acme.example", Action: audit.AccessDenied, After: `{"reason":"no scope","attempts":12}`,
		Target: audit.Target{Type: audit.TargetServiceToken, ID: "t", Name: "ci"}}
	kind, ok := KindOf(event)
	want := `{"type":"token.refused_often","timestamp":"2023-11-14T22:13:20.123Z","data":{"eventId":"e1","organizationId":"o","workspaceId":"w",` +
		`"target":{"type":"service_access_token","id":"t","name":"ci"},"actor":{"type":"user","id":"m","name":"Ada <&>","email":"ada@acme.example"},` +
		`"reason":"no scope","attempts":12}}`
	if got := kind.Body(event); !ok || got != want {
		t.Errorf("%v\n%s", ok, got)
	}
	event.After = `{"reason":"no scope","attempts":1}`
	if _, ok := KindOf(event); ok {
		t.Error("one refusal is not often")
	}
	event.Action, event.After = audit.Created, `{"policy":"large and private"}`
	if kind, ok = KindOf(event); !ok || strings.Contains(kind.Body(event), "private") || !json.Valid([]byte(kind.Body(event))) {
		t.Errorf("%v %s", ok, kind.Body(event))
	}
	event.Target.Type = audit.TargetPermission
	event.Action = audit.ResourceAccessUpdated
	if kind, _ = KindOf(event); kind.Type != "policy.updated" {
		t.Errorf("%+v", kind)
	}
	event.Target.Type = audit.TargetSession
	if _, ok = KindOf(event); ok {
		t.Error("a session is told of")
	}
}

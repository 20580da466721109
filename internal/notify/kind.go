package notify

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"latchkey/internal/audit"
)

// Kind is a type of event that webhooks can be told of.
type Kind struct {
	Type  string // "token.created"
	Group string // heading in the dashboard
	Label string

	targets []audit.TargetType
	action  audit.Action
	details bool // what the audit log says of it afterwards is small and belongs to the message
	// often is how many attempts one event must stand for; 0: any.
	often int
}

// TestType is the type of the message that "Send test" sends. Nobody subscribes to it.
const TestType = "webhook.test"

// refusedOften is how many refusals within the window of the audit log (an hour) make token.refused_often.
const refusedOften = 10

// Kinds returns what webhooks can subscribe to, in the order of the dashboard. A line here is all that a
// type needs: the outbox is filled from the events of the audit log.
func Kinds() []Kind {
	tokens := []audit.TargetType{audit.TargetPersonalToken, audit.TargetServiceToken}
	users := []audit.TargetType{audit.TargetUser}
	policies := []audit.TargetType{audit.TargetPolicy}
	access := []audit.TargetType{audit.TargetPermission} // the policies of single members
	return []Kind{
		{Type: "token.created", Group: "Tokens", Label: "Token created", targets: tokens, action: audit.Created},
		{Type: "token.rotated", Group: "Tokens", Label: "Token rotated", targets: tokens, action: audit.Rotated},
		{Type: "token.suspended", Group: "Tokens", Label: "Token suspended", targets: tokens, action: audit.Suspended},
		{Type: "token.resumed", Group: "Tokens", Label: "Token resumed", targets: tokens, action: audit.Resumed},
		{Type: "token.deleted", Group: "Tokens", Label: "Token deleted", targets: tokens, action: audit.Deleted},
		{Type: "token.expiring", Group: "Tokens", Label: "Token expires soon", targets: tokens, action: audit.Expiring, details: true},
		{Type: "token.unused", Group: "Tokens", Label: "Unused token is suspended soon", targets: tokens, action: audit.Unused, details: true},
		{Type: "token.expired", Group: "Tokens", Label: "Token expired", targets: tokens, action: audit.Expired},
		{Type: "token.used_after_revocation", Group: "Tokens", Label: "Token used after expiry or revocation", targets: tokens,
			action: audit.UsedAfterRevocation, details: true},
		{Type: "token.refused_often", Group: "Tokens", Label: "Token refused often", targets: tokens, action: audit.AccessDenied,
			details: true, often: refusedOften},
		{Type: "member.added", Group: "Members", Label: "Member added", targets: users, action: audit.AddedToOrganization},
		{Type: "member.removed", Group: "Members", Label: "Member removed", targets: users, action: audit.RemovedFromOrganization},
		{Type: "member.role_changed", Group: "Members", Label: "Member's role changed", targets: users, action: audit.ChangedPermission},
		{Type: "member.deactivated", Group: "Members", Label: "Member deactivated", targets: users, action: audit.Deactivated},
		{Type: "member.reactivated", Group: "Members", Label: "Member reactivated", targets: users, action: audit.Reactivated},
		{Type: "policy.created", Group: "Policies", Label: "Policy created", targets: policies, action: audit.Created},
		{Type: "policy.updated", Group: "Policies", Label: "Policy updated", targets: policies, action: audit.Updated},
		{Type: "policy.deleted", Group: "Policies", Label: "Policy deleted", targets: policies, action: audit.Deleted},
		{Type: "policy.updated", targets: access, action: audit.ResourceAccessUpdated},
		{Type: "policy.deleted", targets: access, action: audit.DeletedUserPermissions},
	}
}

// Offered returns the kinds to choose from: each type once.
func Offered() []Kind {
	return slices.DeleteFunc(Kinds(), func(k Kind) bool { return k.Label == "" })
}

// isOffered reports whether webhooks can subscribe to a type.
func isOffered(typ string) bool {
	return slices.ContainsFunc(Kinds(), func(k Kind) bool { return k.Type == typ })
}

// attempted is what the audit log says of refused attempts.
type attempted struct {
	Reason   string `json:"reason,omitempty"`
	Attempts int    `json:"attempts,omitempty"`
}

// ending is what the audit log says of a warning.
type ending struct {
	Days      int    `json:"days,omitempty"` // before the end
	ExpiresAt string `json:"expiresAt,omitempty"`
	// Of a token that is suspended because nobody uses it.
	UnusedSince string `json:"unusedSince,omitempty"`
	SuspendsAt  string `json:"suspendsAt,omitempty"`
}

// KindOf returns the kind of an event of the audit log; false if webhooks are not told of it.
func KindOf(e audit.Event) (Kind, bool) {
	for _, k := range Kinds() {
		if k.action == e.Action && slices.Contains(k.targets, e.Target.Type) {
			return k, k.often == 0 || attemptsOf(e).Attempts >= k.often
		}
	}
	return Kind{}, false
}

func attemptsOf(e audit.Event) (a attempted) {
	if json.Unmarshal([]byte(e.After), &a) != nil {
		return attempted{}
	}
	return a
}

// message is the body of a webhook as the Standard Webhooks specification suggests it.
type message struct {
	Type      string `json:"type"`
	Timestamp string `json:"timestamp"`
	Data      any    `json:"data"`
}

type named struct {
	Type  string `json:"type"`
	ID    string `json:"id,omitempty"`
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
}

// eventData is the data of a message: who did what to what, by id and name. Policies, which may be
// large, are not in it, nor is anything secret.
type eventData struct {
	EventID        string `json:"eventId"` // in the audit log
	OrganizationID string `json:"organizationId"`
	WorkspaceID    string `json:"workspaceId,omitempty"`
	Target         named  `json:"target"`
	Actor          named  `json:"actor"`
	IP             string `json:"ip,omitempty"`
	*attempted
	*ending
}

// Body returns the message about an event of this kind.
func (k Kind) Body(e audit.Event) string {
	data := eventData{EventID: e.ID, OrganizationID: e.Organization, WorkspaceID: e.Workspace,
		Target: named{Type: string(e.Target.Type), ID: e.Target.ID, Name: e.Target.Name},
		Actor:  named{Type: string(e.ActorType), ID: e.ActorID, Name: e.ActorName, Email: e.ActorEmail}, IP: e.Origin.IP}
	if k.details {
		var a attempted
		var end ending
		if json.Unmarshal([]byte(e.After), &a) == nil && json.Unmarshal([]byte(e.After), &end) == nil {
			data.attempted, data.ending = &a, &end
		}
	}
	return encode(message{k.Type, stamp(e.When()), data})
}

// testBody returns the message of "Send test".
func testBody(webhook string, now time.Time) string {
	return encode(message{TestType, stamp(now), map[string]string{"webhookId": webhook, "text": "This is a test from Latchkey."}})
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// encode returns m as JSON, with < and & as they are.
func encode(m message) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(m) != nil { // texts and numbers can always be encoded
		return ""
	}
	return string(bytes.TrimRight(b.Bytes(), "\n"))
}

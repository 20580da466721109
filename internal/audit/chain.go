package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/plaintext"
)

// TimeFormat is how the log writes times: UTC with milliseconds and Z.
const TimeFormat = "2006-01-02T15:04:05.000Z"

// FormatTime writes t as the log does.
func FormatTime(t time.Time) string { return t.UTC().Format(TimeFormat) }

// canonical is the form that is hashed. Fields are written in this order; adding one
// changes every later hash, so new facts go into a new version of the chain.
type canonical struct {
	Seq          int64  `json:"seq"`
	ID           string `json:"id"`
	Time         string `json:"time"`
	Organization string `json:"organization"`
	Workspace    string `json:"workspace"`
	ActorType    string `json:"actorType"`
	ActorID      string `json:"actorId"`
	ActorName    string `json:"actorName"`
	ActorEmail   string `json:"actorEmail"`
	TokenID      string `json:"tokenId"`
	Action       string `json:"action"`
	TargetType   string `json:"targetType"`
	TargetID     string `json:"targetId"`
	TargetName   string `json:"targetName"`
	IP           string `json:"ip"`
	UserAgent    string `json:"userAgent"`
	RequestID    string `json:"requestId"`
	Before       string `json:"before"`
	After        string `json:"after"`
}

// canonicalOf is e in the form that is hashed.
func canonicalOf(e Event) canonical {
	return canonical{
		Seq: e.Seq, ID: e.ID, Time: FormatTime(e.Time),
		Organization: e.Organization, Workspace: e.Workspace,
		ActorType: string(e.ActorType), ActorID: e.ActorID, ActorName: e.ActorName, ActorEmail: e.ActorEmail,
		TokenID: e.TokenID, Action: string(e.Action),
		TargetType: string(e.Target.Type), TargetID: e.Target.ID, TargetName: e.Target.Name,
		IP: e.Origin.IP, UserAgent: e.Origin.UserAgent, RequestID: e.Origin.RequestID,
		Before: e.Before, After: e.After,
	}
}

// event is the event that c is the form of, without its hashes. Of a time that is not in
// the log's form it keeps nothing, so that its hash does not hold.
func (c canonical) event() Event {
	at, _ := time.Parse(TimeFormat, c.Time)
	return Event{
		Seq: c.Seq, ID: c.ID, Time: at, Organization: c.Organization, Workspace: c.Workspace,
		ActorType: ActorType(c.ActorType), ActorID: c.ActorID, ActorName: c.ActorName, ActorEmail: c.ActorEmail,
		TokenID: c.TokenID, Action: Action(c.Action),
		Target: Target{Type: TargetType(c.TargetType), ID: c.TargetID, Name: c.TargetName, Workspace: c.Workspace},
		Origin: actor.Origin{IP: c.IP, UserAgent: c.UserAgent, RequestID: c.RequestID},
		Before: c.Before, After: c.After,
	}
}

// Sum computes the hash that chains e to its predecessor: SHA-256 over PrevHash and the
// canonical form, which is one JSON object without white space. It does not set e.Hash.
func (e Event) Sum() []byte {
	body, err := json.Marshal(canonicalOf(e))
	if err != nil {
		// A struct of strings and one integer always marshals.
		panic("audit: canonical form: " + err.Error())
	}
	h := sha256.New()
	h.Write(e.PrevHash)
	h.Write(body)
	return h.Sum(nil)
}

// Clean is e as the log can keep it on every engine: valid UTF-8 without NUL.
func (e Event) Clean() Event {
	for _, text := range []*string{&e.Organization, &e.Workspace, &e.ActorID, &e.ActorName, &e.ActorEmail, &e.TokenID,
		&e.Target.ID, &e.Target.Name, &e.Origin.IP, &e.Origin.UserAgent, &e.Origin.RequestID, &e.Before, &e.After} {
		*text = plaintext.Mend(*text)
	}
	return e
}

// Genesis is the PrevHash of the first event: 32 zero bytes.
func Genesis() []byte { return make([]byte, sha256.Size) }

// Anchor is a place in the chain: an event's number and hash.
type Anchor struct {
	Seq  int64 // 0: before the first event
	Hash []byte
}

// Start is the anchor before the first event.
func Start() Anchor { return Anchor{Hash: Genesis()} }

// Equal reports whether both are the same event.
func (a Anchor) Equal(b Anchor) bool { return a.Seq == b.Seq && bytes.Equal(a.Hash, b.Hash) }

// Broken is the error of a chain that does not hold. It names the first event with which it
// does not.
type Broken struct {
	Seq int64
	ID  string // empty when the event is not there
	Why string
}

// Error is one line for whoever looks into it.
func (b *Broken) Error() string {
	if b.ID == "" {
		return fmt.Sprintf("event %d %s", b.Seq, b.Why)
	}
	return fmt.Sprintf("event %d (%s) %s", b.Seq, b.ID, b.Why)
}

// Chain checks events one after the other.
type Chain struct{ last Anchor }

// NewChain starts after a known event.
func NewChain(after Anchor) *Chain { return &Chain{after} }

// Last is the place that the chain was followed to.
func (c *Chain) Last() Anchor { return c.last }

// Next checks that e is the event after the last one and is as it was written. The error is
// a [*Broken]; then the chain cannot be followed further.
func (c *Chain) Next(e Event) error {
	if err := c.link(Anchor{e.Seq, e.PrevHash}, e); err != nil {
		return err
	}
	if !bytes.Equal(e.Sum(), e.Hash) {
		return altered(e)
	}
	c.last = Anchor{e.Seq, e.Hash}
	return nil
}

// altered says that an event is another one than was hashed.
func altered(e Event) error {
	return &Broken{e.Seq, e.ID, "is not what was written: its hash does not fit its content"}
}

// link checks that an event with this number and predecessor follows the last one.
func (c *Chain) link(at Anchor, e Event) error {
	switch want := c.last.Seq + 1; {
	case at.Seq > want:
		return &Broken{Seq: want, Why: fmt.Sprintf("is missing: the next one is %d", at.Seq)}
	case at.Seq < want:
		return &Broken{at.Seq, e.ID, fmt.Sprintf("is out of order: it comes after event %d", c.last.Seq)}
	case !bytes.Equal(at.Hash, c.last.Hash):
		return &Broken{e.Seq, e.ID, "does not continue the event before it"}
	}
	return nil
}

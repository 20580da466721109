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

// TimeFormat is the layout of times in the log, which are in UTC.
const TimeFormat = "2006-01-02T15:04:05.000Z"

// FormatTime returns t in the [TimeFormat].
func FormatTime(t time.Time) string { return t.UTC().Format(TimeFormat) }

// canonical is the form of an event that is hashed, as JSON in this order of fields. There are two
// versions: in the first one, events had no clock time, and the form has no such member. As the
// member is hashed where it is, and its absence where it is not, no event can be passed off as one
// of the other version. A further field would have to be left out of older events in the same way.
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
	ClockTime    string `json:"clockTime,omitempty"` // absent from events of the first version
}

// canonicalOf returns e in the form that is hashed.
func canonicalOf(e Event) canonical {
	clock := ""
	if !e.Clock.IsZero() {
		clock = FormatTime(e.Clock)
	}
	return canonical{
		Seq: e.Seq, ID: e.ID, Time: FormatTime(e.Time),
		Organization: e.Organization, Workspace: e.Workspace,
		ActorType: string(e.ActorType), ActorID: e.ActorID, ActorName: e.ActorName, ActorEmail: e.ActorEmail,
		TokenID: e.TokenID, Action: string(e.Action),
		TargetType: string(e.Target.Type), TargetID: e.Target.ID, TargetName: e.Target.Name,
		IP: e.Origin.IP, UserAgent: e.Origin.UserAgent, RequestID: e.Origin.RequestID,
		Before: e.Before, After: e.After, ClockTime: clock,
	}
}

// event returns the event that c is the form of, without its hashes. A time that is not in the
// log's format becomes zero, so the hash does not match.
func (c canonical) event() Event {
	at, _ := time.Parse(TimeFormat, c.Time)
	clock, _ := time.Parse(TimeFormat, c.ClockTime)
	return Event{
		Seq: c.Seq, ID: c.ID, Time: at, Clock: clock, Organization: c.Organization, Workspace: c.Workspace,
		ActorType: ActorType(c.ActorType), ActorID: c.ActorID, ActorName: c.ActorName, ActorEmail: c.ActorEmail,
		TokenID: c.TokenID, Action: Action(c.Action),
		Target: Target{Type: TargetType(c.TargetType), ID: c.TargetID, Name: c.TargetName, Workspace: c.Workspace},
		Origin: actor.Origin{IP: c.IP, UserAgent: c.UserAgent, RequestID: c.RequestID},
		Before: c.Before, After: c.After,
	}
}

// Sum returns the hash that chains e to the event before it: SHA-256 of PrevHash followed by the
// canonical form of e, a JSON object without white space. It does not set e.Hash.
func (e Event) Sum() []byte {
	body, err := json.Marshal(canonicalOf(e))
	if err != nil {
		// A struct of strings and an integer can always be marshaled.
		panic("audit: canonical form: " + err.Error())
	}
	h := sha256.New()
	h.Write(e.PrevHash)
	h.Write(body)
	return h.Sum(nil)
}

// Clean returns e with texts that every database can keep: valid UTF-8 without NUL.
func (e Event) Clean() Event {
	for _, text := range []*string{&e.Organization, &e.Workspace, &e.ActorID, &e.ActorName, &e.ActorEmail, &e.TokenID,
		&e.Target.ID, &e.Target.Name, &e.Origin.IP, &e.Origin.UserAgent, &e.Origin.RequestID, &e.Before, &e.After} {
		*text = plaintext.Mend(*text)
	}
	return e
}

// Genesis returns the PrevHash of the first event: 32 zero bytes.
func Genesis() []byte { return make([]byte, sha256.Size) }

// Anchor is a place in the chain: the number and hash of an event.
type Anchor struct {
	Seq  int64 // 0 is before the first event
	Hash []byte
}

// Start returns the anchor before the first event.
func Start() Anchor { return Anchor{Hash: Genesis()} }

// Equal reports whether a and b are the same place.
func (a Anchor) Equal(b Anchor) bool { return a.Seq == b.Seq && bytes.Equal(a.Hash, b.Hash) }

// Broken is the error of a chain that does not hold. It names the first event at which it
// breaks.
type Broken struct {
	Seq int64
	ID  string // empty if the event is missing
	Why string // completes "event N …"
}

// Error returns the event and what is wrong with it, in one line.
func (b *Broken) Error() string {
	if b.ID == "" {
		return fmt.Sprintf("event %d %s", b.Seq, b.Why)
	}
	return fmt.Sprintf("event %d (%s) %s", b.Seq, b.ID, b.Why)
}

// Chain checks events one after another.
type Chain struct {
	last     Anchor
	versions versions
}

// versions counts the events without a clock time.
type versions struct {
	clocked bool  // whether an event had one
	without int64 // how many had none
	late    int64 // how many of these came after one that had it
}

// add counts the events that follow.
func (v *versions) add(next versions) {
	if v.clocked {
		next.late = next.without
	}
	v.clocked, v.without, v.late = v.clocked || next.clocked, v.without+next.without, v.late+next.late
}

// count counts the event that follows.
func (v *versions) count(clocked bool) {
	next := versions{clocked: clocked}
	if !clocked {
		next.without = 1
	}
	v.add(next)
}

// NewChain returns a chain that continues after an event that is trusted.
func NewChain(after Anchor) *Chain { return &Chain{last: after} }

// Last returns the place of the last event that was checked.
func (c *Chain) Last() Anchor { return c.last }

// Next checks that e follows the last event and is as it was written. Its error is a [*Broken],
// after which the chain cannot be followed further.
func (c *Chain) Next(e Event) error {
	if err := c.link(e); err != nil {
		return err
	}
	if !bytes.Equal(e.Sum(), e.Hash) {
		return altered(e)
	}
	c.last = Anchor{e.Seq, e.Hash}
	c.versions.count(!e.Clock.IsZero())
	return nil
}

// altered returns the error of an event that is not the one that was hashed.
func altered(e Event) error {
	return &Broken{e.Seq, e.ID, "is not what was written: its hash does not match its content"}
}

// link checks that e says of itself that it follows the last event.
func (c *Chain) link(e Event) error {
	switch want := c.last.Seq + 1; {
	case e.Seq > want:
		return &Broken{Seq: want, Why: fmt.Sprintf("is missing: the next one is %d", e.Seq)}
	case e.Seq < want:
		return &Broken{e.Seq, e.ID, fmt.Sprintf("is out of order: it comes after event %d", c.last.Seq)}
	case !bytes.Equal(e.PrevHash, c.last.Hash):
		return &Broken{e.Seq, e.ID, "does not continue the event before it"}
	}
	return nil
}

package provision

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/segmentio/ksuid"

	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// Request is one recorded provisioning request. It holds no credential and no body.
type Request struct {
	ID           string
	Organization string
	At           time.Time
	Token        string // id of the token that carried it
	TokenName    string
	Method       string
	Path         string // behind the base path, with what the query asks for
	Subject      string // whom or what it was about, as sent: a user name or a display name
	Status       int
	Type         ProblemType
	Detail       string // why it failed
	IP           string
	// Events is how many events of the audit log tell of it already: those of its changes, or
	// that of whoever refused the token. It is not kept.
	Events int
}

// Failed reports whether the request was refused or could not be done.
func (r Request) Failed() bool { return r.Status >= 400 }

// keptRequests is how many requests are kept of each kind: a thousand successes must not
// push out the failure that an Admin looks for.
const keptRequests = 200

// Requests lists the newest recorded requests, at most limit of them; failed keeps to
// those that failed. Denied to all but Admins.
func (s *Service) Requests(ctx context.Context, by actor.Standing, failed bool, limit int) ([]Request, error) {
	if err := s.manage(by); err != nil {
		return nil, err
	}
	return s.store.ProvisionRequests(ctx, by.Organization, failed, limit)
}

// Record keeps how a request of a token that may provision ended, in one transaction: in the list of the
// last requests, whose texts are cut to what it shows, and as one event of the audit log unless
// others tell of it. So every request is in the log: a change by what it changed, all else (what
// was read, refused, or there already) by an event of its own.
func (s *Service) Record(ctx context.Context, by actor.Caller, r Request) error {
	r.ID, r.IP = ksuid.New().String(), by.Origin.IP
	r.Method, r.Path, r.Subject, r.Detail = trim(r.Method, 20), trim(r.Path, 300), trim(r.Subject, 200), trim(r.Detail, 300)
	return s.store.InTx(ctx, by, func(tx Tx) error {
		by := tx.By()
		r.Organization, r.Token, r.TokenName, r.At = by.Organization, by.ID, by.Name, tx.Now()
		if err := tx.RecordRequest(ctx, r, keptRequests); err != nil || r.Events > 0 {
			return err
		}
		e, err := r.event(by)
		if err != nil {
			return err
		}
		return tx.AppendEvent(ctx, e)
	})
}

// event is the request as the audit log tells of it. Its target has the id of the resource that
// the path names, if it names one, so that it is found with all else about that.
func (r Request) event(by actor.Standing) (audit.Event, error) {
	text, err := json.Marshal(struct {
		Request string      `json:"request"`
		Subject string      `json:"subject,omitempty"`
		Status  int         `json:"status"`
		Type    ProblemType `json:"scimType,omitempty"`
		Reason  string      `json:"reason,omitempty"`
	}{r.Method + " " + r.Path, r.Subject, r.Status, r.Type, r.Detail})
	if err != nil {
		return audit.Event{}, fault.NewInternal(err)
	}
	path, _, _ := strings.Cut(r.Path, "?")
	kind, id := resourceOf(path)
	name := path
	if r.Subject != "" && kind != "" {
		name = kind + " " + r.Subject
	}
	target := audit.Target{Type: audit.TargetSCIMRequest, ID: id, Name: strings.TrimSpace(r.Method + " " + name)}
	return audit.Did(by, r.action(), target).Changed("", string(text)), nil
}

// action is what the log calls the outcome of a request that has no event of another kind.
func (r Request) action() audit.Action {
	switch {
	case r.Status >= 500:
		return audit.Failed
	case r.Failed():
		return audit.Refused
	case r.Method == "GET" || strings.HasSuffix(r.Path, "/.search"):
		return audit.Read
	}
	return audit.Unchanged
}

// resourceOf takes the path of a user or group apart: "/Users" and the id, which the collection
// itself does not have. Other paths have neither.
func resourceOf(path string) (kind, id string) {
	for _, kind := range []string{"/Users", "/Groups"} {
		if rest, ok := strings.CutPrefix(path, kind); ok && (rest == "" || rest[0] == '/') {
			if id = strings.Trim(rest, "/"); id == ".search" || strings.Contains(id, "/") {
				id = ""
			}
			return kind, id
		}
	}
	return "", ""
}

// trim returns what the log and the list of requests keep of a text that a provider sent.
func trim(s string, most int) string { return plaintext.Shorten(plaintext.Mend(s), most) }

// userChange is a transaction about users that counts what it tells the audit log.
type userChange struct {
	UserTx
	events int
}

// AppendEvent adds to the audit log.
func (c *userChange) AppendEvent(ctx context.Context, e audit.Event) error {
	c.events++
	return c.UserTx.AppendEvent(ctx, e)
}

// groupChange is a transaction about groups that counts what it tells the audit log.
type groupChange struct {
	GroupTx
	events int
}

// AppendEvent adds to the audit log.
func (c *groupChange) AppendEvent(ctx context.Context, e audit.Event) error {
	c.events++
	return c.GroupTx.AppendEvent(ctx, e)
}

// changeUsers runs fn as one change of the organization's users.
func (s *Service) changeUsers(ctx context.Context, call Call, fn func(tx *userChange, org account.Organization) error) error {
	return change(ctx, s, call, s.store.InUserTx, func(tx UserTx, org account.Organization) (int, error) {
		c := &userChange{UserTx: tx}
		err := fn(c, org)
		return c.events, err
	})
}

// changeGroups runs fn as one change of the organization's groups.
func (s *Service) changeGroups(ctx context.Context, call Call, fn func(tx *groupChange, org account.Organization) error) error {
	return change(ctx, s, call, s.store.InGroupTx, func(tx GroupTx, org account.Organization) (int, error) {
		c := &groupChange{GroupTx: tx}
		err := fn(c, org)
		return c.events, err
	})
}

// change runs fn as one change of the organization, held, all or nothing, and notes in the
// call's record how many events tell of it.
func change[T account.Tx](ctx context.Context, s *Service, call Call, inTx func(context.Context, actor.Caller, func(T) error) error,
	fn func(tx T, org account.Organization) (events int, err error)) error {
	events := 0
	err := inTx(ctx, call.By.Caller(), func(tx T) error {
		if err := s.may(tx.By()); err != nil {
			return err
		}
		org, err := tx.HoldOrganization(ctx, tx.By().Organization)
		if err != nil {
			return err
		}
		if err := open(org); err != nil {
			return err
		}
		events, err = fn(tx, org)
		return err
	})
	if err == nil && call.Record != nil {
		call.Record.Events += events
	}
	return err
}

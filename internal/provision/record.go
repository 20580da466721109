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

// Request is the record of a provisioning request. It contains no credential and no body.
type Request struct {
	ID           string
	Organization string
	At           time.Time
	Token        string // id of the token
	TokenName    string
	Method       string
	Path         string // after the base path, with the query parameters of SCIM
	Subject      string // the user name or display name in the request
	Status       int
	Type         ProblemType
	Detail       string // why it failed
	IP           string
	// Events is the number of audit events for the request so far: those of its changes, or
	// that of a refused token. It is not stored.
	Events int
}

// Failed reports whether the request was refused or failed.
func (r Request) Failed() bool { return r.Status >= 400 }

// keptRequests is how many successful and how many failed requests are kept. They are counted
// separately, so that a thousand successes do not push out the failure that an Admin looks for.
const keptRequests = 200

// Requests returns the newest recorded requests, at most limit, or only those that failed. The
// error is Denied for all but Admins.
func (s *Service) Requests(ctx context.Context, by actor.Standing, failed bool, limit int) ([]Request, error) {
	if err := s.manage(by); err != nil {
		return nil, err
	}
	return s.store.ProvisionRequests(ctx, by.Organization, failed, limit)
}

// Record stores the outcome of a request whose token may provision, in one transaction: in the
// list of the last requests, with shortened texts, and as one event of the audit log unless it
// has events already. So every request is in the log: a change as what it changed, any other
// request (that read, was refused or changed nothing) as an event of its own.
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

// event returns the audit event of the request. Its target has the id of the resource in the
// path, if any, so that it is found with the resource's other events.
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

// action returns the event action for the outcome of a request that has no other events.
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

// resourceOf returns the kind ("/Users") and id in the path of a user or group. The id is "" for
// the collection itself; both are "" for other paths.
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

// trim shortens and cleans a text from a provider for the log and the list of requests.
func trim(s string, most int) string { return plaintext.Shorten(plaintext.Mend(s), most) }

// userChange is a transaction about users that counts its audit events.
type userChange struct {
	UserTx
	events int
}

// AppendEvent appends an event to the log.
func (c *userChange) AppendEvent(ctx context.Context, e audit.Event) error {
	c.events++
	return c.UserTx.AppendEvent(ctx, e)
}

// groupChange is a transaction about groups that counts its audit events.
type groupChange struct {
	GroupTx
	events int
}

// AppendEvent appends an event to the log.
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

// change runs fn in one transaction with the organization's row locked, and stores the number of
// events in the call's record.
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

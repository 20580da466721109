package provision

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"time"

	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// timeLayout is the format of times: UTC, whole milliseconds.
const timeLayout = "2006-01-02T15:04:05.000Z"

// reader is what rendering needs, inside and outside a transaction.
type reader interface {
	// GroupsOfMembers returns the groups of each member, ordered by name.
	GroupsOfMembers(ctx context.Context, organization string, members []string) (map[string][]account.Named, error)
	// MembersByGroup returns the members of each group that the provider has not deleted,
	// ordered by id.
	MembersByGroup(ctx context.Context, organization string, groups []string) (map[string][]account.Named, error)
}

// CreateUser adds a user, or links the member whose address is its userName. The user is active
// unless the provider says otherwise. The error is Uniqueness for a member that is linked
// already, and InvalidSyntax or InvalidValue for an invalid body.
func (s *Service) CreateUser(ctx context.Context, call Call, body map[string]any) (Rendered, error) {
	var out Rendered
	err := s.changeUsers(ctx, call, func(tx *userChange, org account.Organization) error {
		doc, err := s.users.read(body)
		if err != nil {
			return err
		}
		address, err := email(doc)
		if err != nil {
			return err
		}
		if _, given := doc["active"]; !given {
			doc["active"] = true
		}
		u, err := tx.UserByName(ctx, org.ID, address)
		switch {
		case fault.Is(err, fault.NotFound):
			u, err = join(ctx, tx, call, org, doc, address)
		case err == nil && u.Linked && !u.Removed:
			err = conflict(Uniqueness, "The user %s is provisioned already.", u.Email)
		}
		if err != nil {
			return err
		}
		out, err = s.save(ctx, tx, call, org, u, doc)
		return err
	})
	return out, err
}

// join creates the member. The error is Uniqueness if another one has the address.
func join(ctx context.Context, tx *userChange, call Call, org account.Organization, doc Document, address string) (User, error) {
	name, err := displayName(doc)
	if err != nil {
		return User{}, err
	}
	if name == "" {
		name = plaintext.Clip(address, plaintext.MaxName)
	}
	m := account.Member{Email: address, Name: name, Status: account.Active, ExternalID: doc.text("externalId")}
	if doc["active"] == false {
		m.Status = account.Deactivated
	}
	m, err = account.Join(ctx, tx, tx.By(), org, m)
	if fault.Is(err, fault.Conflict) {
		err = conflict(Uniqueness, "The user %s exists already.", address)
	}
	return User{Member: m}, err
}

// User returns a user; NotFound if there is none.
func (s *Service) User(ctx context.Context, call Call, id string) (Rendered, error) {
	if err := s.Enter(ctx, call.By); err != nil {
		return Rendered{}, err
	}
	u, err := s.store.ProvisionedUser(ctx, call.By.Organization, id)
	if err != nil {
		return Rendered{}, notFound(err, "User", id)
	}
	return renderUser(ctx, s.store, call, u)
}

// notFound adds the id to a NotFound, for the provider's log.
func notFound(err error, what, id string) error {
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	return fault.NewNotFound(what + " " + cut(id))
}

// ReplaceUser replaces a user's attributes (RFC 7644 §3.5.1). Without active, the status stays.
// Another userName becomes the member's address; the error is Uniqueness if another member has it,
// and Mutability if an Admin does not allow that. It is StaleVersion if If-Match does not match, or
// one of CreateUser and User.
func (s *Service) ReplaceUser(ctx context.Context, call Call, id string, body map[string]any) (Rendered, error) {
	return s.changeUser(ctx, call, id, func(User, Document) (Document, error) { return s.users.read(body) })
}

// PatchUser applies operations to a user (RFC 7644 §3.5.2), all or none. The error is
// InvalidPath, InvalidFilter, NoTarget or InvalidValue for invalid operations, Mutability for
// attributes that cannot be changed, or Uniqueness, StaleVersion or NotFound as for ReplaceUser.
func (s *Service) PatchUser(ctx context.Context, call Call, id string, operations []Operation) (Rendered, error) {
	return s.changeUser(ctx, call, id, func(u User, doc Document) (Document, error) { return u.patch(s.users, doc, operations) })
}

func (s *Service) changeUser(ctx context.Context, call Call, id string, edit func(User, Document) (Document, error)) (Rendered, error) {
	var out Rendered
	err := s.changeUsers(ctx, call, func(tx *userChange, org account.Organization) error {
		u, err := s.userToChange(ctx, tx, call, id)
		if err != nil {
			return err
		}
		before, err := u.document()
		if err != nil {
			return err
		}
		after, err := edit(u, before)
		if err != nil {
			return err
		}
		out, err = s.save(ctx, tx, call, org, u, after)
		return err
	})
	return out, err
}

// userToChange loads a user and checks If-Match.
func (s *Service) userToChange(ctx context.Context, tx *userChange, call Call, id string) (User, error) {
	u, err := tx.ProvisionedUser(ctx, call.By.Organization, id)
	if err != nil {
		return User{}, notFound(err, "User", id)
	}
	if call.IfMatch == "" {
		return u, nil
	}
	r, err := renderUser(ctx, tx, call, u)
	if err != nil {
		return User{}, err
	}
	return u, call.unchanged(r.Version)
}

// save updates the member from the document and stores the document. An unchanged document is
// not written, so that its user counts as not modified (RFC 7644 §3.5.2.1).
func (s *Service) save(ctx context.Context, tx *userChange, call Call, org account.Organization, u User, doc Document) (Rendered, error) {
	before, err := u.document()
	if err != nil {
		return Rendered{}, err
	}
	if _, given := doc["active"]; !given {
		doc["active"] = before["active"]
	}
	attributes := changedAttributes(u.forClient(before), u.forClient(doc))
	if u.Linked && len(attributes) == 0 {
		return renderUser(ctx, tx, call, u)
	}
	m, err := move(ctx, tx, org, u.Member, doc)
	if err != nil {
		return Rendered{}, err
	}
	m, err = follow(ctx, tx, call, m, before, doc)
	if err != nil {
		return Rendered{}, err
	}
	text, err := stored(doc)
	if err != nil {
		return Rendered{}, err
	}
	if m.ExternalID = doc.text("externalId"); len(m.ExternalID) > maxElement {
		return Rendered{}, invalid(InvalidValue, "The attribute externalId is longer than %d bytes.", maxElement)
	}
	m.UpdatedAt = tx.Now()
	if err := tx.SaveUser(ctx, m, text, s.users.elements(withAddress(doc, m.Email))); err != nil {
		return Rendered{}, err
	}
	if tx.events == 0 {
		if err := account.NoteProvisioned(ctx, tx, tx.By(), m, u.Linked, true, attributes); err != nil {
			return Rendered{}, err
		}
	}
	return renderUser(ctx, tx, call, User{Member: m, Linked: true, Document: text})
}

// maxNamed is the maximum number of attributes that the audit log names for one change.
const maxNamed = 50

// changedAttributes returns the names of attributes that differ between two documents, in
// order.
func changedAttributes(before, after Document) []string {
	var names []string
	for name, value := range after {
		if !reflect.DeepEqual(before[name], value) {
			names = append(names, trim(name, 100))
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			names = append(names, trim(name, 100))
		}
	}
	slices.Sort(names)
	return names[:min(len(names), maxNamed)]
}

// move gives the member the address that userName says. Everything else that the document says about
// addresses has no effect.
func move(ctx context.Context, tx *userChange, org account.Organization, m account.Member, doc Document) (account.Member, error) {
	address, err := email(doc)
	if err != nil || address == m.Email {
		return m, err
	}
	if org.SCIMFixedAddresses {
		return m, invalid(Mutability, "The userName %s cannot be changed: it is the member's email address. "+
			"An Admin can allow it in Latchkey under Access Management, Provisioning.", m.Email)
	}
	_, err = tx.UserByName(ctx, org.ID, address)
	switch {
	case err == nil:
		return m, conflict(Uniqueness, "The user %s exists already.", address)
	case !fault.Is(err, fault.NotFound):
		return m, err
	}
	return account.SetEmail(ctx, tx, tx.By(), m, address)
}

// follow applies name and status. It changes the name only if it differs from the previous
// document's, so that a name chosen by the member stays.
func follow(ctx context.Context, tx *userChange, call Call, m account.Member, before, doc Document) (account.Member, error) {
	was, err := displayName(before)
	if err != nil {
		return m, err
	}
	name, err := displayName(doc)
	if err != nil {
		return m, err
	}
	if name != "" && name != was {
		if m, err = account.SetName(ctx, tx, tx.By(), m, name); err != nil {
			return m, err
		}
	}
	status := m.Status
	if active, given := doc["active"].(bool); given {
		status = account.Deactivated
		if active {
			status = account.Active
		}
	}
	return account.SetStatus(ctx, tx, tx.By(), m, status)
}

// DeleteUser deactivates the member and removes them from the groups that the provider manages.
// For the protocol the user is gone (RFC 7644 §3.6); creating it again restores it. The error
// is Conflict for the last active Admin, or NotFound or StaleVersion as for ReplaceUser.
func (s *Service) DeleteUser(ctx context.Context, call Call, id string) error {
	return s.changeUsers(ctx, call, func(tx *userChange, org account.Organization) error {
		u, err := s.userToChange(ctx, tx, call, id)
		if err != nil {
			return err
		}
		if _, err := account.SetStatus(ctx, tx, tx.By(), u.Member, account.Deactivated); err != nil {
			return err
		}
		groups, err := tx.GroupsOfMembers(ctx, org.ID, []string{u.ID})
		if err != nil {
			return err
		}
		for _, named := range groups[u.ID] {
			g, err := tx.Group(ctx, org.ID, named.ID)
			if err != nil {
				return err
			}
			if !g.External {
				continue
			}
			if err := account.Withdraw(ctx, tx, tx.By(), g, u.Member); err != nil {
				return err
			}
		}
		if tx.events == 0 {
			if err := account.NoteProvisioned(ctx, tx, tx.By(), u.Member, u.Linked, false, nil); err != nil {
				return err
			}
		}
		return tx.ForgetUser(ctx, org.ID, u.ID)
	})
}

func renderUser(ctx context.Context, r reader, call Call, u User) (Rendered, error) {
	list, err := renderUsers(ctx, r, call, []User{u})
	if err != nil {
		return Rendered{}, err
	}
	return list[0], nil
}

// renderUsers adds the attributes that only the server sets.
func renderUsers(ctx context.Context, r reader, call Call, users []User) ([]Rendered, error) {
	ids := make([]string, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	groups, err := r.GroupsOfMembers(ctx, call.By.Organization, ids)
	if err != nil {
		return nil, err
	}
	list := make([]Rendered, len(users))
	for i, u := range users {
		doc, err := u.document()
		if err != nil {
			return nil, err
		}
		doc = u.forClient(doc)
		if in := references(groups[u.ID], call.Base+"/Groups/", ""); len(in) > 0 {
			doc["groups"] = in
		}
		list[i], err = finish(doc, call.Base, "User", u.ID, u.CreatedAt, u.UpdatedAt)
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// references returns references with id, URL and name.
func references(list []account.Named, base, kind string) []any {
	out := make([]any, len(list))
	for i, n := range list {
		element := map[string]any{"value": n.ID, "$ref": base + n.ID, "display": n.Name}
		if kind != "" {
			element["type"] = kind
		}
		out[i] = element
	}
	return out
}

// finish adds id and meta. The version is a digest of everything else, so that it changes with
// anything that a client can see.
func finish(doc Document, base, kind, id string, created, modified time.Time) (Rendered, error) {
	doc["id"] = id
	text, err := json.Marshal(doc)
	if err != nil {
		return Rendered{}, errors.New("render: " + err.Error())
	}
	sum := sha256.Sum256(text)
	r := Rendered{ID: id, Location: base + "/" + kind + "s/" + id, Version: `W/"` + hex.EncodeToString(sum[:8]) + `"`, Document: doc}
	doc["meta"] = map[string]any{"resourceType": kind, "created": created.UTC().Format(timeLayout),
		"lastModified": modified.UTC().Format(timeLayout), "location": r.Location, "version": r.Version}
	return r, nil
}

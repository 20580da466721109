package provision

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"latchkey/internal/account"
	"latchkey/internal/fault"
)

// CreateGroup adds a group whose members the provider manages. The error is Uniqueness if any
// group has the name already; the provider can find that group by name and take it over by
// changing it. The error is InvalidSyntax or InvalidValue for an invalid body.
func (s *Service) CreateGroup(ctx context.Context, call Call, body map[string]any) (Rendered, error) {
	var out Rendered
	err := s.changeGroups(ctx, call, func(tx *groupChange, org account.Organization) error {
		doc, err := s.groups.read(body)
		if err != nil {
			return err
		}
		name, err := groupName(doc)
		if err != nil {
			return err
		}
		g, err := account.ManageGroup(ctx, tx, tx.By(), org, name, doc.text("externalId"))
		if err != nil {
			return groupProblem(err)
		}
		if _, err := s.setMembers(ctx, tx, g, doc); err != nil {
			return err
		}
		out, err = renderGroup(ctx, tx, call, g)
		return err
	})
	return out, err
}

func groupName(doc Document) (string, error) {
	name := doc.text("displayName")
	if strings.TrimSpace(name) == "" {
		return "", invalid(InvalidValue, "The attribute displayName is required.")
	}
	if len(doc.text("externalId")) > maxElement {
		return "", invalid(InvalidValue, "The attribute externalId is longer than %d bytes.", maxElement)
	}
	return name, nil
}

// groupProblem adds SCIM keywords to faults of package account.
func groupProblem(err error) error {
	f := fault.Of(err)
	switch {
	case f == nil:
		return nil
	case f.Kind == fault.Conflict:
		return &Problem{Type: Uniqueness, Fault: f}
	case f.Kind == fault.Invalid && len(f.Fields) > 0:
		return invalid(InvalidValue, "The attribute displayName is invalid. %s", f.Fields[0].Message)
	}
	return err
}

// Group returns a group; NotFound if there is none.
func (s *Service) Group(ctx context.Context, call Call, id string) (Rendered, error) {
	if err := s.Enter(ctx, call.By); err != nil {
		return Rendered{}, err
	}
	g, err := s.store.Group(ctx, call.By.Organization, id)
	if err != nil {
		return Rendered{}, notFound(err, "Group", id)
	}
	return renderGroup(ctx, s.store, call, g)
}

// ReplaceGroup replaces name, external id and members. From then on the provider manages the
// group. Errors are Uniqueness, InvalidValue and StaleVersion, as for CreateGroup and
// ReplaceUser.
func (s *Service) ReplaceGroup(ctx context.Context, call Call, id string, body map[string]any) (Rendered, error) {
	return s.changeGroup(ctx, call, id, func(Document) (Document, error) { return s.groups.read(body) })
}

// PatchGroup applies operations to a group, all or none. From then on the provider manages the
// group. Errors are those of PatchUser and ReplaceGroup.
func (s *Service) PatchGroup(ctx context.Context, call Call, id string, operations []Operation) (Rendered, error) {
	return s.changeGroup(ctx, call, id, func(doc Document) (Document, error) { return s.groups.patch(doc, operations) })
}

func (s *Service) changeGroup(ctx context.Context, call Call, id string, edit func(Document) (Document, error)) (Rendered, error) {
	var out Rendered
	err := s.changeGroups(ctx, call, func(tx *groupChange, org account.Organization) error {
		g, before, err := s.groupToChange(ctx, tx, call, id)
		if err != nil {
			return err
		}
		after, err := edit(before.Document)
		if err != nil {
			return err
		}
		changed := g
		if changed.Name, err = groupName(after); err != nil {
			return err
		}
		changed.External, changed.ExternalID = true, after.text("externalId")
		if g, err = account.RenameGroup(ctx, tx, tx.By(), g, changed, tx.SaveGroupLink); err != nil {
			return groupProblem(err)
		}
		changedMembers, err := s.setMembers(ctx, tx, g, after)
		if err != nil {
			return err
		}
		if changedMembers {
			g.UpdatedAt = tx.Now()
			if err := tx.UpdateGroup(ctx, g); err != nil {
				return err
			}
		}
		out, err = renderGroup(ctx, tx, call, g)
		return err
	})
	return out, err
}

// groupToChange loads a group in the client's form and checks If-Match.
func (s *Service) groupToChange(ctx context.Context, tx *groupChange, call Call, id string) (account.Group, Rendered, error) {
	g, err := tx.Group(ctx, call.By.Organization, id)
	if err != nil {
		return g, Rendered{}, notFound(err, "Group", id)
	}
	r, err := renderGroup(ctx, tx, call, g)
	if err != nil {
		return g, r, err
	}
	return g, r, call.unchanged(r.Version)
}

// DeleteGroup removes a group. Errors are NotFound and StaleVersion, as for ReplaceUser.
func (s *Service) DeleteGroup(ctx context.Context, call Call, id string) error {
	return s.changeGroups(ctx, call, func(tx *groupChange, _ account.Organization) error {
		g, _, err := s.groupToChange(ctx, tx, call, id)
		if err != nil {
			return err
		}
		return account.RemoveGroup(ctx, tx, tx.By(), g)
	})
}

// setMembers sets the members of a group to those of the document and reports whether anything
// changed. It passes over users who have been removed: a provider that has not noticed sends them
// with every change of the group. The error is InvalidValue with all ids that were never those of
// users.
func (s *Service) setMembers(ctx context.Context, tx *groupChange, g account.Group, doc Document) (bool, error) {
	current, err := tx.MembersByGroup(ctx, g.Organization, []string{g.ID})
	if err != nil {
		return false, err
	}
	want, order, err := memberIDs(doc)
	if err != nil {
		return false, err
	}
	have, leave := make(map[string]bool, len(current[g.ID])), []string(nil)
	for _, n := range current[g.ID] {
		if have[n.ID] = true; !want[n.ID] {
			leave = append(leave, n.ID)
		}
	}
	order = slices.DeleteFunc(order, func(id string) bool { return have[id] })
	enter, err := usersAmong(ctx, tx, g.Organization, order)
	if err != nil {
		return false, err
	}
	for _, id := range leave {
		if err := takeStep(ctx, tx, g, id, tx.withdraw); err != nil {
			return false, err
		}
	}
	for _, id := range enter {
		if err := takeStep(ctx, tx, g, id, tx.enroll); err != nil {
			return false, err
		}
	}
	return len(leave)+len(enter) > 0, nil
}

// usersAmong returns the ids without those of users who have been removed.
func usersAmong(ctx context.Context, tx *groupChange, organization string, ids []string) ([]string, error) {
	known, err := tx.UsersAmong(ctx, organization, ids)
	if err != nil {
		return nil, err
	}
	var users, unknown []string
	for _, id := range ids {
		switch known[id] {
		case There:
			users = append(users, id)
		case Unknown:
			unknown = append(unknown, strconv.Quote(cut(id)))
		case Gone:
		}
	}
	if len(unknown) > 0 {
		return nil, invalid(InvalidValue, "These members are not users: %s.", strings.Join(unknown, ", "))
	}
	return users, nil
}

// enroll adds a member to the group.
func (c *groupChange) enroll(ctx context.Context, g account.Group, m account.Member) error {
	return account.Enroll(ctx, c, c.By(), g, m)
}

// withdraw removes a member from the group.
func (c *groupChange) withdraw(ctx context.Context, g account.Group, m account.Member) error {
	return account.Withdraw(ctx, c, c.By(), g, m)
}

// takeStep applies one membership step to one member.
func takeStep(ctx context.Context, tx *groupChange, g account.Group, id string,
	step func(context.Context, account.Group, account.Member) error) error {
	u, err := tx.ProvisionedUser(ctx, g.Organization, id)
	if err != nil {
		return err
	}
	return step(ctx, g, u.Member)
}

// memberIDs returns the members of a document in order, each once. It refuses nested groups.
func memberIDs(doc Document) (set map[string]bool, order []string, err error) {
	list, _ := doc["members"].([]any)
	set = make(map[string]bool, len(list))
	for _, v := range list {
		m, _ := v.(map[string]any)
		id := mainValue(v)
		if kind, _ := m["type"].(string); kind != "" && !strings.EqualFold(kind, "User") {
			return nil, nil, invalid(InvalidValue, "A member of a group must be a user, not a %s.", cut(kind))
		}
		if id == "" {
			return nil, nil, invalid(InvalidValue, "A member of a group needs a value: the user's id.")
		}
		if !set[id] {
			order = append(order, id)
		}
		set[id] = true
	}
	return set, order, nil
}

func renderGroup(ctx context.Context, r reader, call Call, g account.Group) (Rendered, error) {
	list, err := renderGroups(ctx, r, call, []account.Group{g})
	if err != nil {
		return Rendered{}, err
	}
	return list[0], nil
}

// renderGroups returns groups with their members, ordered by id.
func renderGroups(ctx context.Context, r reader, call Call, groups []account.Group) ([]Rendered, error) {
	ids := make([]string, len(groups))
	for i, g := range groups {
		ids[i] = g.ID
	}
	members, err := r.MembersByGroup(ctx, call.By.Organization, ids)
	if err != nil {
		return nil, err
	}
	list := make([]Rendered, len(groups))
	for i, g := range groups {
		doc := Document{"schemas": []any{SchemaGroup}, "displayName": g.Name,
			"members": slices.Clip(references(members[g.ID], call.Base+"/Users/", "User"))}
		if g.ExternalID != "" {
			doc["externalId"] = g.ExternalID
		}
		if list[i], err = finish(doc, call.Base, "Group", g.ID, g.CreatedAt, g.UpdatedAt); err != nil {
			return nil, err
		}
	}
	return list, nil
}

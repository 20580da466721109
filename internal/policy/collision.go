package policy

import (
	"context"
	"slices"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/fault"
)

// Collision is the cause of the Conflict of two Admins who edit one policy: what the other
// has done meanwhile.
type Collision struct {
	Removed bool     // the policy is gone; Current is empty
	Current Policy   // as it stands now
	By      []string // who saved or removed it since, the last one first
	Known   bool     // false: it is not known any more what was seen
	Between access.Change
}

// Error names the collision for the log.
func (c *Collision) Error() string { return "the policy was changed since it was read" }

// collision words what happened to a policy between the revision that was seen and now. The
// log has every saved state, so nothing else needs to keep them.
func (s *Service) collision(ctx context.Context, r eventReader, v View, seen Revision) error {
	c := &Collision{Removed: !v.Exists, Current: v.Policy}
	saves := int64(1) // at least the removal
	same := v.Exists && v.ID == seen.Policy && v.Version > seen.Version
	if same {
		saves = v.Version - seen.Version
	}
	events, err := r.PolicyEvents(ctx, v.Organization, seen.Policy, int(min(saves, account.MaxPage)))
	if err != nil {
		return err
	}
	for _, e := range events {
		if !slices.Contains(c.By, e.ActorName) {
			c.By = append(c.By, e.ActorName)
		}
	}
	if same && int64(len(events)) == saves {
		was, err := access.ParsePolicy(events[len(events)-1].Before)
		c.Known = err == nil
		c.Between = access.Difference(was, v.Body)
	}
	f := fault.NewConflict(c.text(s.catalogue))
	f.Cause = c
	return f
}

// text tells the one whose save was refused what happened.
func (c *Collision) text(catalogue *access.Catalogue) string {
	who := "Somebody else"
	if len(c.By) > 0 {
		who = strings.Join(c.By, " and ")
	}
	if c.Removed {
		return who + " removed this policy while you were editing it. Nothing was saved."
	}
	text := who + " changed this policy while you were editing it."
	if added := Words(catalogue, c.Between.Added); len(added) > 0 {
		text += " Added: " + strings.Join(added, ", ") + "."
	}
	if removed := Words(catalogue, c.Between.Removed); len(removed) > 0 {
		text += " Removed: " + strings.Join(removed, ", ") + "."
	}
	if c.Known && c.Between.Empty() {
		text += " It now is as you saw it."
	}
	return text + " Your changes were not saved."
}

package policy

import (
	"context"
	"slices"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/fault"
)

// Collision is the cause of the Conflict when two Admins edit the same policy. It says what the
// other one has changed.
type Collision struct {
	Removed bool          // whether the policy was removed; Current is empty then
	Current Policy        // the policy now
	By      []string      // names of those who saved or removed it since, the last one first
	Known   bool          // whether the log still has the revision that was seen
	Seen    access.Policy // that revision, if Known
	Between access.Change // from that revision to Current, if Known
}

// Error says that there was a collision, for the log.
func (c *Collision) Error() string { return "the policy was changed since it was read" }

// collision returns the Conflict for a policy that is no longer at the revision that was seen. It
// finds that revision in the audit log, which has every saved state.
func (s *Service) collision(ctx context.Context, r eventReader, v View, seen Revision) error {
	c := &Collision{Removed: !v.Exists, Current: v.Policy}
	events, err := eventsSince(ctx, r, v, seen)
	if err != nil {
		return err
	}
	for _, e := range events {
		if !slices.Contains(c.By, e.ActorName) {
			c.By = append(c.By, e.ActorName)
		}
	}
	if c.Seen, c.Known = baseOf(v, seen, events); c.Known {
		c.Between = access.Difference(c.Seen, v.Body)
	}
	f := fault.NewConflict(c.text(s.catalogue))
	f.Cause = c
	return f
}

// text returns the message for the Admin whose save was refused.
func (c *Collision) text(catalogue *access.Catalogue) string {
	who := "Someone else"
	if len(c.By) > 0 {
		who = strings.Join(c.By, " and ")
	}
	if c.Removed {
		return who + " removed this policy while you were editing it. Your changes were not saved."
	}
	text := who + " changed this policy while you were editing it."
	if added := Words(catalogue, c.Between.Added); len(added) > 0 {
		text += " Added: " + strings.Join(added, ", ") + "."
	}
	if removed := Words(catalogue, c.Between.Removed); len(removed) > 0 {
		text += " Removed: " + strings.Join(removed, ", ") + "."
	}
	if c.Known && c.Between.Empty() {
		text += " It is now the same as when you opened it."
	}
	return text + " Your changes were not saved."
}

package policy

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// Rebase applies what mine changed in the revision that the caller has seen on top of the policy as it
// is now, with [access.Merge], and returns the result with the current view. It saves nothing: the
// result is saved with [Service.Save] and the revision of the view, or with [Service.Add] if there is
// no policy any more, so that a change in between is a Conflict again. A policy that was removed is
// mine afterwards. The error is Conflict if the log does not have the revision any more. The others are
// those of [Service.At].
func (s *Service) Rebase(ctx context.Context, by actor.Standing, at Place, seen Revision, mine access.Policy) (View, access.Policy, error) {
	v, err := s.At(ctx, by, at)
	if err != nil || !v.Exists {
		return v, mine, err
	}
	events, err := eventsSince(ctx, s.store, v, seen)
	if err != nil {
		return v, nil, err
	}
	base, known := baseOf(v, seen, events)
	if !known {
		return v, nil, fault.NewConflict("What you started from is no longer known. Check the policy before you save it.")
	}
	return v, access.Merge(base, mine, v.Body), nil
}

// eventsSince returns the events of the saves since the revision that was seen, the last one first. If
// that is no earlier revision of the policy, it returns the last event, which may be its removal.
func eventsSince(ctx context.Context, r eventReader, v View, seen Revision) ([]audit.Event, error) {
	saves, known := v.savesSince(seen)
	if !known {
		saves = 1
	}
	return r.PolicyEvents(ctx, v.Organization, seen.Policy, int(min(saves, account.MaxPage)))
}

// baseOf returns the policy at the revision that was seen, from the events since, which have every saved
// state. It is empty if there was none. known is false if they do not have it: the log was pruned, or the
// policy was removed and added again.
func baseOf(v View, seen Revision, events []audit.Event) (base access.Policy, known bool) {
	switch {
	case v.Exists && v.Revision() == seen:
		return v.Body, true
	case seen.Policy == "":
		return access.Policy{}, true
	}
	saves, known := v.savesSince(seen)
	if !known || int64(len(events)) != saves {
		return nil, false
	}
	base, err := access.ParsePolicy(events[len(events)-1].Before)
	return base, err == nil
}

// savesSince returns how often the policy was saved since an earlier revision. known is false if seen,
// which anybody may have written into the form, is no earlier revision of it.
func (v View) savesSince(seen Revision) (saves int64, known bool) {
	if !v.Exists || v.ID != seen.Policy || seen.Version < 1 || seen.Version >= v.Version {
		return 0, false
	}
	return v.Version - seen.Version, true
}

package signin

import (
	"context"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// Covered is which members a rule covers.
type Covered string

// The members that a rule may cover.
const (
	Nobody   Covered = ""
	Admins   Covered = "admins"
	Everyone Covered = "everyone"
)

// FactorRule says which members need a second factor, and from when on. The zero value requires it of nobody.
type FactorRule struct {
	Who  Covered
	From time.Time // zero: at once
}

// Start returns from when on the rule requires a second factor of members with a role; zero if it does not.
func (r FactorRule) Start(role access.Role) time.Time {
	if r.Who == Everyone || r.Who == Admins && role == access.RoleAdmin {
		if r.From.IsZero() {
			return time.Unix(1, 0).UTC()
		}
		return r.From
	}
	return time.Time{}
}

// RequireFactor saves which members need a second factor, and from when on. Sessions that lack one afterwards may only
// add one. The error is Denied unless the caller is an Admin; Unproven; and Invalid with the field "who" for an unknown
// choice, and if the rule would cover the caller, whose session lacks a second factor.
func (s *Service) RequireFactor(ctx context.Context, by actor.Caller, rule FactorRule) error {
	if rule.Who == Nobody {
		rule.From = time.Time{}
	}
	return s.configure(ctx, by, func(tx Tx, to *Settings) error {
		if err := tx.By().MustBeProven(tx.Now(), "change who needs a second factor"); err != nil {
			return err
		}
		if rule.Who != Nobody && rule.Who != Admins && rule.Who != Everyone {
			return invalid(fault.Field{Path: "who", Message: "Choose Nobody, Admins or Everyone."})
		}
		if !rule.Start(tx.By().Role).IsZero() && tx.By().Proof.How == actor.ByPassword {
			return invalid(fault.Field{Path: "who", Message: "Add a second factor to your own account first, at Your Profile > Security. " +
				"Otherwise this rule would lock you out."})
		}
		to.Factor = rule
		return nil
	})
}

// state returns what the log keeps of the rule.
func (r FactorRule) state() audit.Fields {
	f := audit.Fields{"secondFactorRequired": "nobody"}
	if r.Who != Nobody {
		f["secondFactorRequired"] = string(r.Who)
	}
	if !r.From.IsZero() {
		f["secondFactorFrom"] = audit.FormatTime(r.From)
	}
	return f
}

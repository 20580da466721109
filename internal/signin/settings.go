package signin

import (
	"context"
	"slices"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// Settings is what Admins choose about how members sign in. The zero value is that of a new organization.
type Settings struct {
	Muted  []Alert // not mailed; sorted
	Factor FactorRule
}

// settingsReader reads the settings of an organization.
type settingsReader interface {
	// SignInSettings returns the settings of an organization, and the zero value if it has saved none.
	SignInSettings(ctx context.Context, organization string) (Settings, error)
	// OrganizationName returns the name of an organization; NotFound for an unknown id.
	OrganizationName(ctx context.Context, id string) (string, error)
}

// settingsTx is the settings inside a transaction.
type settingsTx interface {
	settingsReader
	// SaveSignInSettings replaces the settings of an organization.
	SaveSignInSettings(ctx context.Context, organization string, s Settings) error
}

// mayConfigure refuses everybody but Admins.
func (s *Service) mayConfigure(by actor.Standing) error {
	return access.Decide(s.catalogue, by.Principal, access.ManageOrganization,
		access.Resource{Organization: by.Organization}).Err("The organization")
}

// Settings returns the settings of the caller's organization. The error is Denied unless the caller is an Admin.
func (s *Service) Settings(ctx context.Context, by actor.Standing) (Settings, error) {
	if err := s.mayConfigure(by); err != nil {
		return Settings{}, err
	}
	return s.store.SignInSettings(ctx, by.Organization)
}

// Mute replaces which alerts are not mailed. The error is Denied unless the caller is an Admin, and Invalid
// for an unknown alert.
func (s *Service) Mute(ctx context.Context, by actor.Caller, muted []Alert) error {
	muted = slices.Compact(slices.Sorted(slices.Values(muted)))
	if slices.ContainsFunc(muted, func(a Alert) bool { return !slices.Contains(Alerts(), a) }) {
		return invalid(fault.Field{Path: "alerts", Message: "Choose emails from the list."})
	}
	return s.configure(ctx, by, func(_ Tx, to *Settings) error {
		to.Muted = muted
		return nil
	})
}

// configure changes the settings as an Admin, with an event if something differs.
func (s *Service) configure(ctx context.Context, by actor.Caller, change func(tx Tx, to *Settings) error) error {
	return s.store.InTx(ctx, by, func(tx Tx) error {
		if err := s.mayConfigure(tx.By()); err != nil {
			return err
		}
		was, err := tx.Settings.SignInSettings(ctx, tx.By().Organization)
		if err != nil {
			return err
		}
		is := was
		if err := change(tx, &is); err != nil {
			return err
		}
		if was.state() == is.state() {
			return nil
		}
		if err := tx.Settings.SaveSignInSettings(ctx, tx.By().Organization, is); err != nil {
			return err
		}
		name, err := tx.Settings.OrganizationName(ctx, tx.By().Organization)
		if err != nil {
			return err
		}
		target := audit.Target{Type: audit.TargetOrganization, ID: tx.By().Organization, Name: name}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.Updated, target).Changed(was.state(), is.state()))
	})
}

// state returns what the log keeps of the settings.
func (s Settings) state() string {
	sent := []string{}
	for _, a := range Alerts() {
		if !slices.Contains(s.Muted, a) {
			sent = append(sent, string(a))
		}
	}
	f := s.Factor.state()
	f["signInEmails"] = sent
	return f.String()
}

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

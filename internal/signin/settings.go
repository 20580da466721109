package signin

import (
	"context"
	"slices"

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

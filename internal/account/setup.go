package account

import (
	"context"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// NewInstallation is what the first run asks for.
type NewInstallation struct {
	Organization string
	Workspace    string
	Environment  Environment
	Name         string // of the first Admin
	Email        string
	PasswordHash string // made by package signin; empty means no sign-in with a password
	Plan         access.Plan
	Origin       actor.Origin
}

// Check reports everything that is wrong with the form, password aside.
func (n NewInstallation) Check() []fault.Field {
	var p fault.Problems
	_, err := CleanName(n.Organization)
	addIf(&p, "organization", err)
	_, err = CleanName(n.Workspace)
	addIf(&p, "workspace", err)
	_, err = CleanName(n.Name)
	addIf(&p, "name", err)
	_, err = CleanEmail(n.Email)
	addIf(&p, "email", err)
	if n.Environment != Production && n.Environment != Development && n.Environment != "" {
		p.Add("environment", "Choose Production or Development.")
	}
	if f := fault.Of(p.Err("")); f != nil {
		return f.Fields
	}
	return nil
}

func addIf(p *fault.Problems, path string, err error) {
	if err != nil {
		p.Add(path, fault.Of(err).Message)
	}
}

// Install makes the organization, its first workspace with a view-only baseline and the
// first Admin. It is a Conflict when an organization exists: an installation is claimed
// once, for good.
func (s *Service) Install(ctx context.Context, n NewInstallation) (Member, error) {
	if fields := n.Check(); fields != nil {
		return Member{}, fault.NewInvalid("Some fields need your attention.", fields...)
	}
	var admin Member
	err := s.store.InTx(ctx, actor.Anonymous(n.Origin), func(tx Tx) error {
		claimed, err := tx.Claimed(ctx)
		if err != nil {
			return err
		}
		if claimed {
			return fault.NewConflict("Latchkey is already set up. Sign in instead.")
		}
		admin, err = install(ctx, tx, n)
		return err
	})
	return admin, err
}

func install(ctx context.Context, tx Tx, n NewInstallation) (Member, error) {
	now := tx.Now()
	orgName, _ := CleanName(n.Organization)
	org := Organization{ID: ksuid.New().String(), Name: orgName, Plan: n.Plan, CreatedAt: now}
	if err := tx.InsertOrganization(ctx, org); err != nil {
		return Member{}, err
	}
	memberName, _ := CleanName(n.Name)
	email, _ := CleanEmail(n.Email)
	admin := Member{ID: ksuid.New().String(), Organization: org.ID, Email: email, Name: memberName,
		Role: access.RoleAdmin, Status: Active, CreatedAt: now, UpdatedAt: now}
	if err := tx.InsertMember(ctx, admin, n.PasswordHash); err != nil {
		return Member{}, err
	}
	by := actor.Standing{Principal: access.Principal{Kind: access.Member, ID: admin.ID, Organization: org.ID, Role: admin.Role},
		Name: admin.Name, Email: admin.Email, Origin: n.Origin}
	workspaceName, _ := CleanName(n.Workspace)
	w := Workspace{ID: ksuid.New().String(), Organization: org.ID, Name: workspaceName,
		Environment: n.Environment, Region: "US", CreatedAt: now, UpdatedAt: now}
	if w.Environment == "" {
		w.Environment = Production
	}
	for _, e := range []audit.Event{
		audit.Did(by, audit.Created, audit.Target{Type: audit.TargetOrganization, ID: org.ID, Name: org.Name}),
		audit.Did(by, audit.AddedToOrganization, audit.Target{Type: audit.TargetUser, ID: admin.ID, Name: admin.Name}),
	} {
		if err := tx.AppendEvent(ctx, e); err != nil {
			return Member{}, err
		}
	}
	return admin, insertWorkspace(ctx, tx, by, w)
}

// MaxName is how long a name may be, in characters.
const MaxName = 64

// CleanName trims a name and checks it: 1 to 64 characters, valid UTF-8, nothing that
// controls or hides (control and format characters). The fault's message suits a form.
func CleanName(s string) (string, error) {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return "", fault.NewInvalid("Enter a name.")
	case !utf8.ValidString(s):
		return "", fault.NewInvalid("The name is not valid text.")
	case utf8.RuneCountInString(s) > MaxName:
		return "", fault.NewInvalid("Use at most 64 characters.")
	case strings.ContainsFunc(s, hidden):
		return "", fault.NewInvalid("The name contains characters that cannot be shown.")
	}
	return s, nil
}

// sameName reports whether two names differ in letter case at most.
func sameName(a, b string) bool { return strings.EqualFold(a, b) }

func nameTaken(message string) error {
	return fault.NewInvalid("Some fields need your attention.", fault.Field{Path: "name", Message: message})
}

// hidden reports characters that control a terminal or page, or that let two names look
// alike: bidirectional overrides, zero-width marks.
func hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029'
}

// poses reports letters that become ASCII ones in lower case (the Kelvin sign, İ): an address
// with one is another mailbox than the one that it would be taken for. Package legacy
// (fields.go) has the same rule for the addresses of an export: both must stay the same.
func poses(r rune) bool { return r >= utf8.RuneSelf && unicode.ToLower(r) < utf8.RuneSelf }

// CleanEmail trims and lower-cases an address and checks its form (RFC 5322 addr-spec,
// no display name, at most 254 bytes).
func CleanEmail(s string) (string, error) {
	posing := strings.ContainsFunc(s, poses)
	s = strings.ToLower(strings.TrimSpace(s))
	if s == "" {
		return "", fault.NewInvalid("Enter an e-mail address.")
	}
	a, err := mail.ParseAddress(s)
	if err != nil || posing || a.Address != s || a.Name != "" || len(s) > 254 || strings.ContainsFunc(s, hidden) || !strings.Contains(s, "@") {
		return "", fault.NewInvalid("That does not look like an e-mail address.")
	}
	return s, nil
}

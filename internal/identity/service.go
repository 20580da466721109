package identity

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
	"latchkey/internal/seal"
	"latchkey/internal/signin"
)

// Notes does what follows a sign-in; package signin does.
type Notes interface {
	// NoteEntered alerts a member who signed in with a new browser.
	NoteEntered(e signin.Entered, origin actor.Origin)
	// NoteRefused records one, unless there were too many within a second, and reports whether it did.
	NoteRefused(ctx context.Context, name string, origin actor.Origin, why audit.Fields) (bool, error)
}

// Deps is what a [Service] needs.
type Deps struct {
	Store     Store
	Catalogue *access.Catalogue
	Keys      seal.Ring
	Protocol  OpenID
	SAML      SAML
	Notes     Notes
	BaseURL   func() string // at which browsers and providers reach this server
}

// Service is the use cases of signing in by identity providers. It is safe for concurrent use.
type Service struct {
	d        Deps
	renewing sync.Map // *sync.Mutex by id of a provider, held while its metadata is read again: a crowd of answers causes one reading
}

// New returns a service.
func New(d Deps) *Service { return &Service{d: d} }

// The paths of problems with the fields of a provider.
const (
	FieldName       = "name"
	FieldIssuer     = "issuer"
	FieldClientID   = "client_id"
	FieldSecret     = "client_secret"
	FieldDomains    = "domains"
	FieldNewMembers = "new_members"
	FieldClaim      = "groups_claim"
	FieldTable      = "group_table"
	FieldAdminGroup = "admin_group"
	// Of SAML alone:
	FieldMetadataURL = "metadata_url"
	FieldMetadata    = "metadata"
	FieldSubject     = "subject_attribute"
)

const (
	thatProvider = "That identity provider"
	someProblems = "Some fields need your attention."
	secretPath   = `["client_secret"]`
	maxURL       = 500
	maxSecret    = 1000
	maxDomains   = 50
	maxTable     = 200
	maxValue     = 200
)

// SecretPart is the part of a provider that is sealed, as the rotation of keys names it.
const SecretPart = "identity_provider"

func place(provider, path string) seal.Place {
	return seal.Place{"resource", provider, SecretPart, path}
}

func (s *Service) mayManage(by actor.Standing) error {
	return access.Decide(s.d.Catalogue, by.Principal, access.ManageOrganization,
		access.Resource{Organization: by.Organization}).Err("The organization")
}

// List returns the organization's providers, by name. The error is Denied unless the caller is an Admin.
func (s *Service) List(ctx context.Context, by actor.Standing) ([]Provider, error) {
	if err := s.mayManage(by); err != nil {
		return nil, err
	}
	return s.d.Store.Providers(ctx, by.Organization)
}

// Get returns a provider. The error is NotFound if the organization has none with this id, and Denied unless the
// caller is an Admin.
func (s *Service) Get(ctx context.Context, by actor.Standing, id string) (Provider, error) {
	if err := s.mayManage(by); err != nil {
		return Provider{}, err
	}
	return find(ctx, s.d.Store, by.Organization, id)
}

func find(ctx context.Context, r factReader, organization, id string) (Provider, error) {
	p, err := r.Provider(ctx, id)
	if err == nil && p.Organization != organization {
		err = fault.NewNotFound(thatProvider)
	}
	return p, err
}

// Groups returns the groups that the table of a provider can name, by name. The error is that of Get.
func (s *Service) Groups(ctx context.Context, by actor.Standing) ([]account.Group, error) {
	if err := s.mayManage(by); err != nil {
		return nil, err
	}
	return s.d.Store.Groups(ctx, by.Organization)
}

// Default returns what happens to new people unless an Admin chooses otherwise: nothing while SCIM adds them.
func (s *Service) Default(ctx context.Context, by actor.Standing) (NewMembers, error) {
	org, err := s.d.Store.Organization(ctx, by.Organization)
	if err != nil || org.Provisions() {
		return Refuse, err
	}
	return Wait, nil
}

// Settings is how a provider is reached and trusted.
type Settings struct {
	Preset     string
	Name       string
	Issuer     string
	ClientID   string
	Secret     string // when a provider is changed: empty keeps the one that it has
	Domains    []string
	NewMembers NewMembers

	// The rest is for SAML, which has no issuer, client ID and secret here.
	MetadataURL      string
	Metadata         string // pasted; when a provider is changed: empty keeps what it has
	SubjectAttribute string
}

// checked returns the settings as they are stored. The error is Invalid.
func (in Settings) checked() (Settings, error) {
	var p fault.Problems
	name, err := plaintext.Name(in.Name)
	if err != nil {
		p.Add(FieldName, fault.Of(err).Message)
	}
	in.Name, in.Preset = name, PresetOf(in.Preset).Key
	if PresetOf(in.Preset).Kind == KindSAML {
		in.checkedSAML(&p)
	} else {
		in.checkedOpenID(&p)
	}
	domains, problem := readDomains(in.Domains)
	if in.Domains = domains; problem != "" {
		p.Add(FieldDomains, problem)
	}
	if !slices.Contains([]NewMembers{Refuse, Add, Wait}, in.NewMembers) {
		p.Add(FieldNewMembers, "Choose one.")
	}
	if in.Issuer == googleIssuer && in.NewMembers != Refuse && len(in.Domains) == 0 {
		p.Add(FieldDomains, "Everybody can have a Google account. List the domains whose people may be added, or refuse new members.")
	}
	return in, p.Err(someProblems)
}

// checkedOpenID adds what is wrong with the fields that only OpenID Connect has.
func (in *Settings) checkedOpenID(p *fault.Problems) {
	in.Issuer, in.ClientID = strings.TrimSpace(in.Issuer), strings.TrimSpace(in.ClientID)
	in.MetadataURL, in.Metadata, in.SubjectAttribute = "", "", ""
	if problem := checkIssuer(in.Issuer); problem != "" {
		p.Add(FieldIssuer, problem)
	}
	if in.ClientID == "" || len(in.ClientID) > maxURL || !plaintext.Showable(in.ClientID) {
		p.Add(FieldClientID, "Enter the client ID that the provider shows for Latchkey.")
	}
	if in.Secret = strings.TrimSpace(in.Secret); len(in.Secret) > maxSecret || !plaintext.Showable(in.Secret) {
		p.Add(FieldSecret, fmt.Sprintf("Enter at most %d characters.", maxSecret))
	}
}

// readDomains returns domains in lower case, sorted, each once.
func readDomains(list []string) (domains []string, problem string) {
	domains = []string{}
	for _, d := range list {
		d = plaintext.Fold(strings.TrimPrefix(strings.TrimSpace(d), "@"))
		if d == "" {
			continue
		}
		if email, err := plaintext.Email("a@" + d); err != nil || email != "a@"+d || !strings.Contains(d, ".") {
			return nil, fmt.Sprintf("%q is not a domain such as example.com.", plaintext.Clip(plaintext.Strip(d), maxValue))
		}
		domains = append(domains, d)
	}
	slices.Sort(domains)
	if domains = slices.Compact(domains); len(domains) > maxDomains {
		return nil, fmt.Sprintf("List at most %d domains.", maxDomains)
	}
	return domains, ""
}

// reachable returns an Invalid error if an issuer does not answer as one.
func (s *Service) reachable(ctx context.Context, issuer string) error {
	err := s.d.Protocol.Discover(ctx, issuer)
	if err == nil {
		return nil
	}
	text := err.Error()
	if fault.Is(err, fault.Unavailable) {
		text = fault.Of(err).Message
	}
	return fault.NewInvalid(someProblems, fault.Field{Path: FieldIssuer, Message: text})
}

// change runs fn with a provider in a transaction of an Admin, saves what fn made of it, and records the event of
// action.
func (s *Service) change(ctx context.Context, by actor.Caller, id string, action audit.Action,
	fn func(Tx, *Provider) (audit.Fields, error)) (Provider, error) {
	var p Provider
	err := s.d.Store.InTx(ctx, by, func(tx Tx) error {
		if err := s.mayManage(tx.Members.By()); err != nil {
			return err
		}
		if err := tx.Members.By().MustBeProven(tx.Members.Now(), "change identity providers"); err != nil {
			return err
		}
		old, err := find(ctx, tx.Providers, tx.Members.By().Organization, id)
		if err != nil {
			return err
		}
		p = old
		more, err := fn(tx, &p)
		if err != nil {
			return err
		}
		after := ""
		if action != audit.Deleted {
			p.UpdatedAt = tx.Members.Now()
			if err := tx.Providers.UpdateProvider(ctx, p); err != nil {
				return err
			}
			after = p.state(more)
		}
		return tx.Members.AppendEvent(ctx, audit.Did(tx.Members.By(), action, p.Target()).Changed(old.state(nil), after))
	})
	return p, err
}

// unique returns an Invalid error if another provider has the issuer or lists one of the domains. Write
// transactions take turns, so that is certain.
func unique(ctx context.Context, r factReader, organization, id, issuer string, list []string) error {
	providers, err := r.Providers(ctx, organization)
	if err != nil {
		return err
	}
	for _, p := range providers {
		if p.ID != id && p.Issuer == issuer {
			return fault.NewInvalid(someProblems, fault.Field{Path: FieldIssuer, Message: fmt.Sprintf("%s has this issuer already.", p.Name)})
		}
		for _, d := range list {
			if p.ID != id && slices.Contains(p.Domains, d) {
				return fault.NewInvalid(someProblems, fault.Field{Path: FieldDomains, Message: fmt.Sprintf("%s is listed for %s already.", d, p.Name)})
			}
		}
	}
	return nil
}

// planned returns an error unless the plan includes signing in by providers.
func planned(org account.Organization) error {
	if !org.Plan.Has(access.FeatureSSO) {
		return fault.NewDenied(access.UpgradeText)
	}
	return nil
}

// Add adds a provider, which is disabled at first. The error is Denied unless the caller is an Admin, the plan
// includes it and there are fewer than [access.MaxProviders]; Invalid with the fields above; and Conflict with the
// cause [fault.ErrRepeated] if the key was used before.
func (s *Service) Add(ctx context.Context, by actor.Standing, in Settings, key string) (Provider, error) {
	if err := s.mayManage(by); err != nil {
		return Provider{}, err
	}
	in, err := in.checked()
	if err != nil {
		return Provider{}, err
	}
	preset := PresetOf(in.Preset)
	p := Provider{ID: ksuid.New().String(), Kind: preset.Kind, Preset: in.Preset, Name: in.Name, Issuer: in.Issuer, ClientID: in.ClientID,
		Domains: in.Domains, NewMembers: in.NewMembers, GroupsClaim: preset.GroupsClaim}
	if p.Kind == KindSAML {
		p, err = s.learn(ctx, in, p)
	} else {
		err = s.reachable(ctx, in.Issuer)
	}
	if err != nil {
		return Provider{}, err
	}
	err = s.d.Store.InTx(ctx, by.Caller(), func(tx Tx) error {
		if err := s.mayManage(tx.Members.By()); err != nil {
			return err
		}
		if err := tx.Members.By().MustBeProven(tx.Members.Now(), "change identity providers"); err != nil {
			return err
		}
		org, err := tx.Members.HoldOrganization(ctx, tx.Members.By().Organization)
		if err != nil {
			return err
		}
		p.Organization, p.CreatedAt, p.UpdatedAt = org.ID, tx.Members.Now(), tx.Members.Now()
		if err := s.roomFor(ctx, tx, org, p, key); err != nil {
			return err
		}
		if err := tx.Providers.InsertProvider(ctx, p, key); err != nil {
			return err
		}
		if err := s.saveSecret(ctx, tx, p.ID, in.Secret); err != nil {
			return err
		}
		return tx.Members.AppendEvent(ctx, audit.Did(tx.Members.By(), audit.Created, p.Target()).Changed("", p.state(nil)))
	})
	return p, err
}

// roomFor returns an error if a new provider must not be added.
func (s *Service) roomFor(ctx context.Context, tx Tx, org account.Organization, p Provider, key string) error {
	if err := planned(org); err != nil {
		return err
	}
	if err := plaintext.IdempotencyKey(key); err != nil {
		return err
	}
	used, err := tx.Providers.ProviderKeyUsed(ctx, org.ID, key)
	switch {
	case err != nil:
		return err
	case used && key != "":
		return fault.NewRepeated("This form was already sent. The provider was added.")
	}
	others, err := tx.Providers.Providers(ctx, org.ID)
	if err != nil {
		return err
	}
	if err := access.Room(len(others), access.MaxProviders, "An organization", "identity providers"); err != nil {
		return err
	}
	return unique(ctx, tx.Providers, org.ID, p.ID, p.Issuer, p.Domains)
}

// saveSecret seals and saves a client secret; an empty one is none.
func (s *Service) saveSecret(ctx context.Context, tx Tx, provider, secret string) error {
	if secret == "" {
		return tx.Providers.SaveProviderSecrets(ctx, provider, nil)
	}
	key, err := s.key(ctx, tx.Providers)
	if err != nil {
		return err
	}
	return tx.Providers.SaveProviderSecrets(ctx, provider,
		[]Sealed{{Path: secretPath, Key: key.ID(), Value: key.Seal(place(provider, secretPath), []byte(secret))}})
}

// key returns the key that the installation seals with.
func (s *Service) key(ctx context.Context, r secretReader) (seal.Key, error) {
	id, err := r.SealingKey(ctx)
	if err != nil {
		return seal.Key{}, err
	}
	key, ok := s.d.Keys.Key(id)
	if !ok {
		return key, fmt.Errorf("the secret key %q, with which this installation seals, is not in the key file", id)
	}
	return key, nil
}

// Change changes how a provider is reached and trusted. Sign-ins with SAML that are under way end. Another issuer, or
// another subject attribute, removes the links to members, because they are of the old one, and ends its sessions. The
// errors are those of Add, and NotFound.
func (s *Service) Change(ctx context.Context, by actor.Standing, id string, in Settings) (Provider, error) {
	before, err := s.Get(ctx, by, id)
	if err != nil {
		return Provider{}, err
	}
	in.Preset = before.Preset // and with it the protocol
	if in, err = in.checked(); err != nil {
		return Provider{}, err
	}
	learnt := before
	if before.Kind == KindSAML {
		if learnt, err = s.learn(ctx, in, before); err != nil {
			return Provider{}, err
		}
		in.Issuer = learnt.Issuer
	} else if before.Issuer != in.Issuer {
		if err := s.reachable(ctx, in.Issuer); err != nil {
			return Provider{}, err
		}
	}
	return s.change(ctx, by.Caller(), id, audit.Updated, func(tx Tx, p *Provider) (audit.Fields, error) {
		if err := unique(ctx, tx.Providers, p.Organization, p.ID, in.Issuer, in.Domains); err != nil {
			return nil, err
		}
		if err := needed(ctx, tx, *p, in.Domains); err != nil {
			return nil, fault.NewInvalid(someProblems, fault.Field{Path: FieldDomains, Message: fault.Of(err).Message})
		}
		moved := p.Issuer != in.Issuer || p.SubjectAttribute != learnt.SubjectAttribute
		next := Provider{Issuer: in.Issuer, ClientID: in.ClientID, SubjectAttribute: learnt.SubjectAttribute}
		if next.movedFrom(*p) { // nobody has tried it yet
			if err := needed(ctx, tx, *p, nil); err != nil {
				return nil, err
			}
		}
		if err := tx.Requirements.DropTrials(ctx, p.ID); err != nil {
			return nil, err
		}
		if err := tx.Ways.DropRequests(ctx, p.ID); err != nil { // what was answered was checked against the old settings
			return nil, err
		}
		more := audit.Fields{}
		if moved {
			n, err := tx.Ways.DropIdentities(ctx, p.ID, "")
			if err != nil {
				return nil, err
			}
			ended, err := tx.Ways.EndWays(ctx, p.ID, "", "")
			if err != nil {
				return nil, err
			}
			more["linksRemoved"], more["sessionsEnded"] = n, len(ended)
		}
		p.Name, p.Issuer, p.ClientID, p.Domains, p.NewMembers = in.Name, in.Issuer, in.ClientID, in.Domains, in.NewMembers
		p.MetadataURL, p.SubjectAttribute = learnt.MetadataURL, learnt.SubjectAttribute
		if !learnt.MetadataAt.Equal(before.MetadataAt) { // it was read
			p.Metadata, p.MetadataAt, p.MetadataProblem = learnt.Metadata, learnt.MetadataAt, learnt.MetadataProblem
		}
		if p.Kind == KindSAML {
			return more, nil
		}
		// The secret that is stored was made for the old issuer and is never sent to another one.
		if in.Secret == "" && !moved {
			return more, nil
		}
		more["secretChanged"] = true
		return more, s.saveSecret(ctx, tx, p.ID, in.Secret)
	})
}

// Enable enables or disables a provider. Disabling one ends its sessions. The error is Conflict if it is so already,
// and Denied for enabling it if the plan lacks it.
func (s *Service) Enable(ctx context.Context, by actor.Caller, id string, enabled bool) (Provider, error) {
	return s.change(ctx, by, id, audit.Updated, func(tx Tx, p *Provider) (audit.Fields, error) {
		if p.Enabled == enabled {
			is := map[bool]string{true: "enabled", false: "disabled"}[enabled]
			return nil, fault.NewConflict("This provider is already " + is + ".")
		}
		p.Enabled = enabled
		if enabled {
			org, err := tx.Providers.Organization(ctx, p.Organization)
			if err != nil {
				return nil, err
			}
			return nil, planned(org)
		}
		if err := needed(ctx, tx, *p, nil); err != nil {
			return nil, err
		}
		ended, err := tx.Ways.EndWays(ctx, p.ID, "", "")
		return audit.Fields{"sessionsEnded": len(ended)}, err
	})
}

// Remove removes a provider with its links to members, and ends its sessions. Members stay.
func (s *Service) Remove(ctx context.Context, by actor.Caller, id string) (Provider, error) {
	return s.change(ctx, by, id, audit.Deleted, func(tx Tx, p *Provider) (audit.Fields, error) {
		if err := needed(ctx, tx, *p, nil); err != nil {
			return nil, err
		}
		if _, err := tx.Ways.EndWays(ctx, p.ID, "", ""); err != nil {
			return nil, err
		}
		return nil, tx.Providers.DeleteProvider(ctx, p.Organization, p.ID)
	})
}

// Linked returns up to limit links of a provider, the last used first. The errors are those of Get.
func (s *Service) Linked(ctx context.Context, by actor.Standing, id string, limit int) ([]Linked, error) {
	if _, err := s.Get(ctx, by, id); err != nil {
		return nil, err
	}
	return s.d.Store.Linked(ctx, id, limit)
}

// Unlink removes the link of a member, and ends their sessions by the provider. The next sign-in links them again,
// if it may. The error is NotFound if there is no link, and otherwise as for Get.
func (s *Service) Unlink(ctx context.Context, by actor.Caller, id, member string) (account.Member, error) {
	var m account.Member
	err := s.d.Store.InTx(ctx, by, func(tx Tx) error {
		if err := s.mayManage(tx.Members.By()); err != nil {
			return err
		}
		if err := tx.Members.By().MustBeProven(tx.Members.Now(), "change identity providers"); err != nil {
			return err
		}
		p, err := find(ctx, tx.Providers, tx.Members.By().Organization, id)
		if err != nil {
			return err
		}
		i, err := tx.Providers.IdentityOfMember(ctx, p.ID, member)
		if err != nil {
			return err
		}
		if m, err = tx.Providers.Member(ctx, p.Organization, member); err != nil {
			return err
		}
		if _, err := tx.Ways.DropIdentities(ctx, p.ID, member); err != nil {
			return err
		}
		ended, err := tx.Ways.EndWays(ctx, p.ID, i.Subject, "")
		if err != nil {
			return err
		}
		was := audit.Fields{"provider": p.Name, "issuer": i.Issuer, "subject": i.Subject}
		return tx.Members.AppendEvent(ctx, audit.Did(tx.Members.By(), audit.IdentityUnlinked, m.Target()).Changed(was.String(),
			audit.Fields{"sessionsEnded": len(ended)}.String()))
	})
	return m, err
}

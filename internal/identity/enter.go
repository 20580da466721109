package identity

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"time"

	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
	"latchkey/internal/random"
	"latchkey/internal/seal"
	"latchkey/internal/signin"
)

// Offered returns the providers that the sign-in page offers, by name: none before the installation is set up, or if
// the plan lacks them.
func (s *Service) Offered(ctx context.Context) ([]Provider, error) {
	org, err := s.d.Store.SoleOrganization(ctx)
	if fault.Is(err, fault.NotFound) || err == nil && planned(org) != nil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	providers, err := s.d.Store.Providers(ctx, org.ID)
	return slices.DeleteFunc(providers, func(p Provider) bool { return !p.Enabled }), err
}

// ForDomain returns the enabled provider that lists a domain, or the domain of an address; NotFound if none does.
func (s *Service) ForDomain(ctx context.Context, typed string) (Provider, error) {
	typed = plaintext.EmailKey(typed)
	if at := strings.LastIndexByte(typed, '@'); at >= 0 {
		typed = typed[at+1:]
	}
	providers, err := s.Offered(ctx)
	if err != nil {
		return Provider{}, err
	}
	i := slices.IndexFunc(providers, func(p Provider) bool { return slices.Contains(p.Domains, typed) })
	if i < 0 || typed == "" {
		f := fault.NewNotFound(thatProvider)
		f.Message = "No single sign-on is set up for this domain, or it is switched off. Use another way to sign in, or ask an Admin."
		return Provider{}, f
	}
	return providers[i], nil
}

// enabled returns a provider that people may sign in with.
func (s *Service) enabled(ctx context.Context, id string) (Provider, error) {
	p, err := s.d.Store.Provider(ctx, id)
	if err != nil {
		return p, err
	}
	org, err := s.d.Store.Organization(ctx, p.Organization)
	if err == nil && (!p.Enabled || planned(org) != nil) {
		return p, fault.NewDenied("Signing in with " + p.Name + " is switched off. Ask an Admin.")
	}
	return p, err
}

// Departure is where a sign-in begins.
type Departure struct {
	Address string // at the provider
	Browser string // secret that the browser keeps for the answer, in a cookie
	Across  bool   // the answer comes across sites, by POST
}

// Start begins a sign-in. browser is the secret that the browser has from another one, which may be going on in
// another tab; anything else is replaced. next is the path to open afterwards. The error is NotFound for an unknown
// provider, Denied for a disabled one, and Unavailable if the provider does not answer.
func (s *Service) Start(ctx context.Context, id, browser, next string, origin actor.Origin) (Departure, error) {
	p, err := s.enabled(ctx, id)
	if err != nil {
		return Departure{}, err
	}
	return s.depart(ctx, p, browser, request{Next: next, network: origin.Network()})
}

// StartTry begins to try a provider, which may be disabled, for a signed-in Admin. The errors are those of Get and Start.
func (s *Service) StartTry(ctx context.Context, by actor.Standing, id, browser string) (Departure, error) {
	p, err := s.Get(ctx, by, id)
	if err != nil {
		return Departure{}, err
	}
	return s.depart(ctx, p, browser, request{Session: by.Ref.ID})
}

// maxNext keeps the state short enough for every provider.
const maxNext = 500

func (s *Service) depart(ctx context.Context, p Provider, browser string, r request) (Departure, error) {
	if random.Secret(browser).Digest() == nil {
		browser = random.NewSecret().Reveal()
	}
	if len(r.Next) > maxNext {
		r.Next = ""
	}
	r.Provider, r.Browser = p.ID, random.Secret(browser).Digest()
	if p.Kind == KindSAML {
		return s.departAcross(ctx, p, browser, r)
	}
	state, err := s.seal(ctx, r)
	if err != nil {
		return Departure{}, err
	}
	connection, err := s.connection(ctx, p)
	if err != nil {
		return Departure{}, err
	}
	asked := challenge(state, browser)
	asked.Again = r.Form != ""
	address, err := s.d.Protocol.Begin(ctx, connection, asked)
	if err != nil {
		return Departure{}, unreachable(p, err)
	}
	return Departure{Address: address, Browser: browser}, nil
}

// unreachable returns a fault for a provider that cannot be asked.
func unreachable(p Provider, err error) error {
	f := fault.NewUnavailable(err)
	f.Message = p.Name + " cannot be reached right now. Try again in a minute, or ask an Admin."
	return f
}

// connection returns how the server is known at a provider.
func (s *Service) connection(ctx context.Context, p Provider) (Connection, error) {
	c := Connection{Issuer: p.Issuer, ClientID: p.ClientID, Redirect: s.RedirectURL(p), GroupsClaim: p.GroupsClaim}
	if p.Kind == KindSAML {
		c.ClientID, c.Metadata, c.SubjectAttribute = s.EntityID(p.ID), p.Metadata, p.SubjectAttribute
		return c, nil
	}
	secrets, err := s.d.Store.ProviderSecrets(ctx, p.ID)
	if err != nil {
		return c, err
	}
	for _, v := range secrets {
		key, ok := s.d.Keys.Key(v.Key)
		if !ok {
			return c, seal.ErrUnopenable
		}
		plain, err := key.Open(place(p.ID, v.Path), v.Value)
		if err != nil {
			return c, err
		}
		c.Secret = string(plain)
	}
	return c, nil
}

// RedirectURL returns the address to which a provider sends people back. Each provider has its own, so that
// the answer of one is not taken for that of another.
func (s *Service) RedirectURL(p Provider) string {
	if p.Kind == KindSAML {
		return s.d.BaseURL() + "/sso/saml/" + p.ID + "/acs"
	}
	return s.d.BaseURL() + "/sso/oidc/" + p.ID + "/callback"
}

// LogoutURL returns the address to which a provider sends its logout tokens.
func (s *Service) LogoutURL(id string) string {
	return s.d.BaseURL() + "/sso/oidc/" + id + "/backchannel-logout"
}

// IsTry reports whether an answer belongs to a provider's trial and not to a sign-in.
func (s *Service) IsTry(ctx context.Context, a Answer) bool {
	r, ok := s.asked(ctx, a)
	return ok && r.Session != "" && r.Form == ""
}

// asked returns the request that an answer belongs to, no matter who brings it.
func (s *Service) asked(ctx context.Context, a Answer) (request, bool) {
	if r, ok := s.open(a.State); ok {
		return r, true
	}
	k, err := s.d.Store.KeptRequest(ctx, a.State)
	return k.request(), err == nil
}

// movedFrom reports whether what a provider said when it was the other is not to be trusted any more.
func (p Provider) movedFrom(other Provider) bool {
	return p.Issuer != other.Issuer || p.ClientID != other.ClientID || p.SubjectAttribute != other.SubjectAttribute
}

// Arrival is a finished sign-in.
type Arrival struct {
	signin.Entered
	Next string // path to open
}

// Rejection is a sign-in that failed. It prints what the person is told.
type Rejection struct {
	Provider Provider
	Text     string
	Code     string // under which an Admin finds what failed; empty if too many failed at once
}

func (r *Rejection) Error() string { return r.Text }

// usual is what people are told unless there is something better to say.
const usual = "You could not be signed in with this provider."

// Finish ends a sign-in: it checks the answer, decides who it is and starts a session, in place of the one
// that the browser has. The error is a [Rejection] if a check fails.
func (s *Service) Finish(ctx context.Context, id, browser string, a Answer, from signin.Browser, origin actor.Origin) (Arrival, error) {
	p, err := s.enabled(ctx, id)
	if fault.Is(err, fault.Denied) {
		disabled := &Failure{Check: CheckRequest, Reason: "The provider is disabled.", Public: fault.Of(err).Message}
		return Arrival{}, s.reject(ctx, p, Proof{}, disabled, origin)
	}
	if err != nil {
		return Arrival{}, err
	}
	r, proof, err := s.prove(ctx, p, browser, a, "")
	var failure *Failure
	if err == nil {
		var arrival Arrival
		arrival, err = s.arrive(context.WithoutCancel(ctx), p, proof, from, origin)
		arrival.Next = r.Next
		if err == nil {
			s.d.Notes.NoteEntered(arrival.Entered, origin)
			return arrival, nil
		}
	}
	if errors.As(err, &failure) {
		return Arrival{}, s.reject(ctx, p, proof, failure, origin)
	}
	return Arrival{}, err
}

// prove checks that an answer belongs to a request of this browser and was not used before, and then lets the
// protocol check it. session is that of the Admin who tries; empty for a real sign-in.
func (s *Service) prove(ctx context.Context, p Provider, browser string, a Answer, session string) (request, Proof, error) {
	if p.Kind == KindSAML {
		return s.proveAcross(ctx, p, browser, a, session)
	}
	var proof Proof
	r, ok := s.open(a.State)
	problem := "The answer has no state of this server."
	if ok {
		problem = r.check(p.ID, browser, s.d.Store.Now())
	}
	if problem == "" && r.Session != session {
		problem = "The sign-in was begun for another purpose, or by somebody else."
	}
	if problem == "" {
		fresh, err := s.useAnswer(ctx, a.State, time.UnixMilli(r.Made).Add(RequestLife+actor.ClockSkew))
		if err != nil {
			return r, proof, err
		}
		if !fresh {
			problem = "The answer was used before."
		}
	}
	if problem != "" {
		return r, proof, proof.Fail(CheckRequest, problem)
	}
	connection, err := s.connection(ctx, p)
	if err != nil {
		return r, proof, err
	}
	found, err := s.d.Protocol.Finish(ctx, connection, challenge(a.State, browser), a)
	found.Checks = append([]Check{{Name: CheckRequest, State: Passed}}, found.Checks...)
	return r, found, err
}

// useAnswer reports whether something is used for the first time.
func (s *Service) useAnswer(ctx context.Context, text string, until time.Time) (fresh bool, err error) {
	digest := sha256.Sum256([]byte(text))
	err = s.d.Store.InTx(ctx, actor.System(""), func(tx Tx) (err error) {
		fresh, err = tx.Ways.UseAnswer(ctx, digest[:], until)
		return err
	})
	return fresh, err
}

// arrive decides who somebody is and does what follows, in one transaction.
func (s *Service) arrive(ctx context.Context, p Provider, proof Proof, from signin.Browser, origin actor.Origin) (Arrival, error) {
	var arrival Arrival
	err := s.d.Store.InTx(ctx, actor.Anonymous(origin), func(tx Tx) error {
		org, err := tx.Members.HoldOrganization(ctx, p.Organization)
		if err != nil {
			return err
		}
		now, err := tx.Providers.Provider(ctx, p.ID)
		if err != nil {
			return err
		}
		if !now.Enabled || now.movedFrom(p) || planned(org) != nil {
			return &Failure{Check: CheckRequest, Reason: "The provider was changed or disabled meanwhile."}
		}
		arrival, err = s.enter(ctx, tx, org, now, proof, from, origin)
		return err
	})
	// A member who waits was added: that is kept, although nobody is signed in.
	if err == nil && arrival.Started.Secret == "" {
		err = &Failure{Check: CheckMember, Reason: "The new member waits until an Admin activates them.",
			Public: "Your account was created. An Admin must activate it before you can sign in."}
	}
	return arrival, err
}

// enter does what a decision says.
func (s *Service) enter(ctx context.Context, tx Tx, org account.Organization, p Provider, proof Proof, from signin.Browser,
	origin actor.Origin) (Arrival, error) {
	facts, known, err := gather(ctx, tx.Providers, p, proof.Claims)
	if err != nil {
		return Arrival{}, err
	}
	d := Decide(facts)
	by := actor.OfSystem(org.ID)
	by.ID, by.Name, by.Origin = p.ID, p.Name, origin
	m := d.Member
	if err := s.elsewhere(ctx, tx, p, d); err != nil {
		return Arrival{}, err
	}
	switch d.Verdict {
	case Refused:
		return Arrival{}, &Failure{Check: d.Check, Reason: d.Because, Public: d.Public}
	case Joins, Waits:
		m = account.Member{Email: d.Email, Name: d.Name, Status: account.Active}
		if d.Verdict == Waits {
			m.Status = account.Deactivated
		}
		if m, err = account.Join(ctx, tx.Members, by, org, m); err != nil {
			return Arrival{}, err
		}
	case SignsIn, Links:
	}
	if d.Verdict != SignsIn {
		known = Identity{Provider: p.ID, Issuer: p.Issuer, Subject: proof.Claims.Subject, Member: m.ID, CreatedAt: tx.Members.Now()}
		is := audit.Fields{"provider": p.Name, "issuer": p.Issuer, "subject": known.Subject, "because": d.Because}
		if err := tx.Members.AppendEvent(ctx, audit.Did(by, audit.IdentityLinked, m.Target()).Changed("", is.String())); err != nil {
			return Arrival{}, err
		}
	}
	known.Email, known.SeenAt = plaintext.ClipBytes(plaintext.Strip(proof.Claims.Email), plaintext.MaxEmail), tx.Members.Now()
	if known, err = s.applyGroups(ctx, tx, org, by, p, m, known, proof.Claims); err != nil {
		return Arrival{}, err
	}
	if err := tx.Ways.SaveIdentity(ctx, known); err != nil {
		return Arrival{}, err
	}
	if d.Verdict == Waits {
		return Arrival{}, nil
	}
	return s.begin(ctx, tx, p, m, proof, from, origin)
}

// begin starts the session and records how it was proven.
func (s *Service) begin(ctx context.Context, tx Tx, p Provider, m account.Member, proof Proof, from signin.Browser,
	origin actor.Origin) (Arrival, error) {
	entered, err := signin.Enter(ctx, tx.SignIns, m.ID, proof.Claims.At, from, origin,
		audit.Fields{"provider": p.Name, "subject": proof.Claims.Subject})
	if err != nil {
		return Arrival{}, err
	}
	way := Way{Session: entered.Session.ID, Provider: p.ID, Subject: proof.Claims.Subject, SID: proof.Claims.Session,
		ProvenAt: proof.Claims.At}
	if len(proof.Token) > 0 && len(proof.Token) <= maxToken {
		key, err := s.key(ctx, tx.Providers)
		if err != nil {
			return Arrival{}, err
		}
		way.Key, way.Token = key.ID(), key.Seal(way.place(), []byte(proof.Token))
	}
	return Arrival{Entered: entered}, tx.Ways.InsertWay(ctx, way)
}

// gather reads what [Decide] needs, and the identity if the subject is known.
func gather(ctx context.Context, r factReader, p Provider, c Claims) (Facts, Identity, error) {
	f := Facts{Provider: p, Claims: c}
	known, err := r.IdentityOf(ctx, p.ID, p.Issuer, c.Subject)
	if err == nil {
		m, err := r.Member(ctx, p.Organization, known.Member)
		f.Linked = &m
		return f, known, err
	}
	if !fault.Is(err, fault.NotFound) {
		return f, known, err
	}
	email, err := plaintext.Email(c.Email)
	if err != nil {
		return f, Identity{}, nil // Decide refuses an address that is none
	}
	m, provisioned, err := r.MemberNamed(ctx, p.Organization, email)
	if fault.Is(err, fault.NotFound) {
		return f, Identity{}, nil
	}
	if err != nil {
		return f, Identity{}, err
	}
	f.Named, f.NamedProvisioned = &m, provisioned
	_, err = r.IdentityOfMember(ctx, p.ID, m.ID)
	if f.NamedTaken = err == nil; fault.Is(err, fault.NotFound) {
		err = nil
	}
	return f, Identity{}, err
}

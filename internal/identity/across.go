package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/netip"
	"net/url"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/fault"
)

// requestLimits returns how many requests are kept at a time. Anybody can begin one, so the oldest make room. A network may
// be that of a large office, where many sign in within a quarter of an hour.
func requestLimits() RequestLimits {
	return RequestLimits{Session: 20, Network: 1_000, Visitors: 20_000}
}

// errPlain is the error for SAML at an address where its cookie does not work.
func errPlain() error {
	return fault.NewDenied("Signing in with SAML needs HTTPS, except at localhost: " +
		"browsers send no cookie with the provider's answer otherwise.")
}

// takesAcross reports whether browsers send the cookie with an answer that comes across sites: it is Secure.
func takesAcross(base string) bool {
	u, err := url.Parse(base)
	if err != nil || u.Scheme == "https" || u.Hostname() == "localhost" {
		return err == nil
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return err == nil && addr.IsLoopback()
}

// departAcross is depart for a provider whose answer comes across sites: the server keeps the request, since what
// comes back must be short and the browser sends no other cookie with it.
func (s *Service) departAcross(ctx context.Context, p Provider, browser string, r request) (Departure, error) {
	if !takesAcross(s.d.BaseURL()) {
		return Departure{}, errPlain()
	}
	now := s.d.Store.Now()
	k := Kept{ID: "_" + rand.Text(), Provider: p.ID, Browser: r.Browser, Next: r.Next, Session: r.Session, Form: r.Form, Network: r.network,
		MadeAt: now, ExpiresAt: now.Add(RequestLife)}
	err := s.d.Store.InTx(ctx, actor.System(""), func(tx Tx) error { return tx.Ways.KeepRequest(ctx, k, requestLimits()) })
	if err != nil {
		return Departure{}, err
	}
	connection, err := s.connection(ctx, p)
	if err != nil {
		return Departure{}, err
	}
	address, err := s.d.SAML.Begin(ctx, connection, k.challenge())
	return Departure{Address: address, Browser: browser, Across: true}, err
}

func (k Kept) challenge() Challenge {
	return Challenge{State: k.ID, Again: k.Form != "", Made: k.MadeAt}
}

// request returns the request as one that travelled sealed.
func (k Kept) request() request {
	return request{Provider: k.Provider, Made: k.MadeAt.UnixMilli(), Next: k.Next, Session: k.Session, Form: k.Form, Browser: k.Browser}
}

// kept is what is stored of an answer.
type kept struct {
	Proof   Proof
	Failure *Failure `json:",omitempty"`
}

// Receive takes an answer that came across sites. It checks it, stores what it says with the request, and returns
// the id of the request: the browser goes on with a request of its own site, with which its cookies come, and
// [Service.Finish], [Service.FinishTry] or [Service.FinishConfirm] goes on. The error is NotFound for an unknown provider, and a
// [Rejection] if the answer belongs to no request of the browser.
func (s *Service) Receive(ctx context.Context, id, browser string, a Answer, origin actor.Origin) (string, error) {
	p, err := s.d.Store.Provider(ctx, id)
	if err == nil && p.Kind != KindSAML {
		err = fault.NewNotFound(thatProvider)
	}
	if err != nil {
		return "", err
	}
	var proof Proof
	k, problem, err := s.keptFor(ctx, p, browser, a.State)
	if err != nil {
		return "", err
	}
	if problem == "" && k.Proof != "" {
		problem = "The answer was used before."
	}
	if problem == "" {
		var failure *Failure
		proof, err = s.receive(ctx, p, k, a)
		if err != nil && !errors.As(err, &failure) {
			return "", err
		}
		problem, err = s.keepAnswer(ctx, p, k, kept{proof, failure})
		if err != nil {
			return "", err
		}
	}
	if problem != "" {
		return "", s.reject(ctx, p, Proof{}, &Failure{Check: CheckRequest, Reason: problem}, origin)
	}
	return k.ID, nil
}

// keptFor returns the request that an answer of a provider in a browser belongs to, or what is wrong with it.
func (s *Service) keptFor(ctx context.Context, p Provider, browser, id string) (Kept, string, error) {
	k, err := s.d.Store.KeptRequest(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return k, "The answer belongs to no request of this server, or that has ended.", nil
	}
	if err != nil {
		return k, "", err
	}
	return k, k.request().check(p.ID, browser, s.d.Store.Now()), nil
}

// receive lets the protocol check an answer. If the signature is refused, it reads the metadata again: the provider may
// have a new one.
func (s *Service) receive(ctx context.Context, p Provider, k Kept, a Answer) (Proof, error) {
	for again := false; ; again = true {
		c, err := s.connection(ctx, p)
		if err != nil {
			return Proof{}, err
		}
		proof, err := s.d.SAML.Finish(ctx, c, k.challenge(), a)
		var failure *Failure
		if again || !errors.As(err, &failure) || failure.Check != CheckSignature {
			return proof, err
		}
		fresh, ok := s.renew(ctx, p, renewPace)
		if !ok {
			return proof, err
		}
		p = fresh
	}
}

// keepAnswer stores what an answer says, unless the request had one, or its assertion was used for another.
func (s *Service) keepAnswer(ctx context.Context, p Provider, k Kept, said kept) (problem string, err error) {
	text, err := json.Marshal(said)
	if err != nil {
		return "", err
	}
	err = s.d.Store.InTx(context.WithoutCancel(ctx), actor.System(p.Organization), func(tx Tx) error {
		problem = ""
		first, err := tx.Ways.AnswerRequest(ctx, k.ID, string(text))
		if err == nil && first && said.Proof.Once != "" {
			digest := sha256.Sum256([]byte("assertion\x00" + p.ID + "\x00" + said.Proof.Once))
			first, err = tx.Ways.UseAnswer(ctx, digest[:], said.Proof.Until)
		}
		if err == nil && !first {
			problem = "The answer was used before."
		}
		if problem != "" {
			_, err = tx.Ways.EndRequest(ctx, k.ID)
		}
		return err
	})
	return problem, err
}

// proveAcross is prove for an answer that [Service.Receive] took: it uses up the request.
func (s *Service) proveAcross(ctx context.Context, p Provider, browser string, a Answer, session string) (request, Proof, error) {
	var proof Proof
	k, problem, err := s.keptFor(ctx, p, browser, a.State)
	if err != nil {
		return request{}, proof, err
	}
	switch {
	case problem != "":
	case k.Session != session:
		problem = "The sign-in was begun for another purpose, or by somebody else."
	case k.Proof == "":
		problem = "The provider has not answered."
	}
	if problem == "" {
		there := false
		err := s.d.Store.InTx(ctx, actor.System(p.Organization), func(tx Tx) (err error) {
			there, err = tx.Ways.EndRequest(ctx, k.ID)
			return err
		})
		if err != nil {
			return request{}, proof, err
		}
		if !there {
			problem = "The answer was used before."
		}
	}
	if problem != "" {
		return request{}, proof, proof.Fail(CheckRequest, problem)
	}
	var said kept
	if err := json.Unmarshal([]byte(k.Proof), &said); err != nil {
		return request{}, proof, err
	}
	said.Proof.Checks = append([]Check{{Name: CheckRequest, State: Passed}}, said.Proof.Checks...)
	if said.Failure != nil {
		return k.request(), said.Proof, said.Failure
	}
	return k.request(), said.Proof, nil
}

const (
	// renewEvery is how old metadata may be that comes from an address.
	renewEvery = 6 * time.Hour
	// renewPace is the least time between two readings because an answer fits no certificate.
	renewPace = 5 * time.Second
)

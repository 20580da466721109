package identity

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/seal"
)

const (
	tokenPath = `["id_token"]`
	maxToken  = 4 << 10 // longer ones do not fit into an address
	// farewell is how long signing out waits for a provider.
	farewell = 2 * time.Second
)

// Leaving remembers what ends a session at its provider.
type Leaving struct {
	way        Way
	provider   Provider
	connection Connection
}

// place is where the ID token is sealed. It belongs to the person, because a renewed session takes the way over.
func (w Way) place() seal.Place { return place(w.Provider+" "+w.Subject, tokenPath) }

// Leaving returns what [Service.Leave] needs of a session, before the session ends; nil if no provider vouched for
// it. An error is as good as nil: signing out does not depend on it.
func (s *Service) Leaving(ctx context.Context, session string) *Leaving {
	way, err := s.d.Store.WayOf(ctx, session)
	if err != nil {
		return nil
	}
	p, err := s.d.Store.Provider(ctx, way.Provider)
	if err != nil || p.Kind == KindSAML {
		return nil
	}
	c, err := s.connection(ctx, p)
	if err != nil {
		return nil
	}
	return &Leaving{way, p, c}
}

// Leave returns the address that ends the session at the provider as well, and the provider's name; empty if there is
// none, or if the provider does not answer at once. The provider leads back to the path.
func (s *Service) Leave(ctx context.Context, l *Leaving, back string) (address, name string) {
	if l == nil {
		return "", ""
	}
	token := ""
	if key, ok := s.d.Keys.Key(l.way.Key); ok {
		if plain, err := key.Open(l.way.place(), l.way.Token); err == nil {
			token = string(plain)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, farewell)
	defer cancel()
	address, err := s.d.Protocol.EndSession(ctx, l.connection, token, s.d.BaseURL()+back)
	if err != nil {
		return "", ""
	}
	return address, l.provider.Name
}

// Logout ends the sessions that a provider says have ended, by a logout token (OpenID Connect Back-Channel Logout).
// The error is Invalid if the token is not accepted, NotFound for an unknown provider, and Unavailable if the provider
// cannot be asked: then nothing is recorded, and it may send the token again.
func (s *Service) Logout(ctx context.Context, id, raw string, origin actor.Origin) error {
	p, err := s.d.Store.Provider(ctx, id)
	if err == nil && p.Kind != KindOpenID {
		err = fault.NewNotFound(thatProvider)
	}
	if err != nil {
		return err
	}
	c, err := s.connection(ctx, p)
	if err != nil {
		return err
	}
	out, err := s.d.Protocol.Logout(ctx, c, raw)
	if fault.Is(err, fault.Unavailable) {
		return err
	}
	if err != nil {
		return s.refuseLogout(ctx, p, err.Error(), origin)
	}
	fresh, digest := false, sha256.Sum256([]byte(p.ID+"\x00"+out.ID))
	err = s.d.Store.InTx(context.WithoutCancel(ctx), actor.System(p.Organization), func(tx Tx) error {
		var err error
		if fresh, err = tx.Ways.UseAnswer(ctx, digest[:], out.Until.Add(time.Minute)); err != nil || !fresh {
			return err
		}
		ended, err := tx.Ways.EndWays(ctx, p.ID, out.Subject, out.Session)
		if err != nil {
			return err
		}
		by := actor.OfSystem(p.Organization)
		by.ID, by.Name, by.Origin = p.ID, p.Name, origin
		for _, e := range ended {
			target := audit.Target{Type: audit.TargetSession, ID: e.Session, Name: e.Email}
			event := audit.Did(by, audit.SignedOut, target).Changed("", audit.Fields{"provider": p.Name, "backChannel": true}.String())
			if err := tx.Ways.AppendEvent(ctx, event); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && !fresh {
		return s.refuseLogout(ctx, p, "the logout token was used before", origin)
	}
	return err
}

// refuseLogout records a logout token that is not accepted.
func (s *Service) refuseLogout(ctx context.Context, p Provider, why string, origin actor.Origin) error {
	_, err := s.d.Notes.NoteRefused(ctx, "", origin, audit.Fields{"provider": p.Name, "check": "logout_token", "reason": why})
	if err != nil {
		return err
	}
	f := fault.NewInvalid("The logout token is not accepted.")
	f.Cause = errors.New(why)
	return f
}

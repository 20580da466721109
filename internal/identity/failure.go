package identity

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

const (
	keptFailures = 200
	maxClaims    = 60
	maxClaimText = 500
)

// newCode returns a code that people can read out: 8 letters and digits.
func newCode() string {
	text := rand.Text()
	return text[:4] + "-" + text[4:8]
}

// ReadCode returns a code as it is stored, however it was typed.
func ReadCode(typed string) string {
	text := strings.ToUpper(strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, plaintext.Clean(typed)))
	if len(text) != 8 {
		return ""
	}
	return text[:4] + "-" + text[4:]
}

// secretClaims are claims that prove something or belong to one request.
func secretClaims() []string { return []string{"nonce", "at_hash", "c_hash", "s_hash", "rt_hash"} }

// ShownClaims returns the claims that people may see, each as short text, without what belongs to one request.
func ShownClaims(all map[string]json.RawMessage) map[string]string {
	shown := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if slices.Contains(secretClaims(), name) || len(shown) == maxClaims {
			continue
		}
		text := string(all[name])
		var plain string
		if json.Unmarshal(all[name], &plain) == nil {
			text = plain
		}
		shown[plaintext.ClipBytes(plaintext.Strip(name), 100)] = plaintext.ClipBytes(plaintext.Strip(text), maxClaimText)
	}
	return shown
}

// reject records a failure and returns what the person is told.
func (s *Service) reject(ctx context.Context, p Provider, proof Proof, f *Failure, origin actor.Origin) error {
	ctx = context.WithoutCancel(ctx)
	r := &Rejection{Provider: p, Text: f.Public, Code: newCode()}
	if r.Text == "" {
		r.Text = usual
	}
	if n := len(proof.Checks); n == 0 || proof.Checks[n-1].State != Failed {
		_ = proof.Fail(f.Check, f.Reason) // the failure is known
	}
	noted, err := s.d.Notes.NoteRefused(ctx, proof.Claims.Email, origin, audit.Fields{"provider": p.Name, "check": f.Check, "reason": f.Reason,
		"code": r.Code, "subject": plaintext.Strip(proof.Claims.Subject)})
	if err != nil {
		return err
	}
	if !noted {
		r.Code = ""
		return r
	}
	checks, err := json.Marshal(proof.Checks)
	if err != nil {
		return err
	}
	claims, err := json.Marshal(ShownClaims(proof.All))
	if err != nil {
		return err
	}
	err = s.d.Store.InTx(ctx, actor.System(p.Organization), func(tx Tx) error {
		return tx.Ways.InsertFailure(ctx, Record{Code: r.Code, Provider: p.ID, At: tx.Ways.Now(), Check: f.Check, Reason: f.Reason,
			Checks: string(checks), Claims: string(claims)}, keptFailures)
	})
	if err != nil {
		return err
	}
	return r
}

// Failures returns up to limit failed sign-ins by a provider, newest first. The errors are those of Get.
func (s *Service) Failures(ctx context.Context, by actor.Standing, id string, limit int) ([]Record, error) {
	if _, err := s.Get(ctx, by, id); err != nil {
		return nil, err
	}
	return s.d.Store.ProviderFailures(ctx, id, limit)
}

// Looked is a failure that an Admin looked up.
type Looked struct {
	Record
	Provider Provider
	Checks   []Check
	Claims   map[string]string
}

// Failure returns what failed, by the code that the person was shown. The error is NotFound for an unknown code, and
// Denied unless the caller is an Admin.
func (s *Service) Failure(ctx context.Context, by actor.Standing, code string) (Looked, error) {
	if err := s.mayManage(by); err != nil {
		return Looked{}, err
	}
	r, err := s.d.Store.ProviderFailure(ctx, by.Organization, ReadCode(code))
	if fault.Is(err, fault.NotFound) {
		f := fault.NewNotFound("That code")
		f.Message = "No failed sign-in has this code. The newest 200 of each provider are kept."
		return Looked{}, f
	}
	if err != nil {
		return Looked{}, err
	}
	l := Looked{Record: r}
	if l.Provider, err = find(ctx, s.d.Store, by.Organization, r.Provider); err != nil {
		return l, err
	}
	if err := json.Unmarshal([]byte(r.Checks), &l.Checks); err != nil {
		return l, err
	}
	return l, json.Unmarshal([]byte(r.Claims), &l.Claims)
}

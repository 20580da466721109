package identity

import (
	"context"
	"errors"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// Report is what a sign-in would do.
type Report struct {
	Provider Provider
	Passed   bool
	Checks   []Check
	Claims   map[string]string
	Verdict  Verdict
	Member   string // name and address of the member that it would be, or would become; empty if it is refused
	Because  string
	Role     access.Role // that the member would have
	Groups   []string    // names of the groups of which the member would be one
	Enter    []string    // of them, those that the provider's groups would give
	Leave    []string    // those that they would take away
	Notes    []string    // what would be left alone, and why
}

// FinishTry ends the trial of a provider by an Admin. It starts no session and changes nothing; that somebody tried is
// in the audit log. A check that fails is no error but in the report. The errors are those of Get.
func (s *Service) FinishTry(ctx context.Context, by actor.Standing, id, browser string, a Answer) (Report, error) {
	p, err := s.Get(ctx, by, id)
	if err != nil {
		return Report{}, err
	}
	_, proof, err := s.prove(ctx, p, browser, a, by.Ref.ID)
	report := Report{Provider: p, Checks: proof.Checks, Claims: ShownClaims(proof.All)}
	var failure *Failure
	switch {
	case err == nil:
		if err := s.foresee(ctx, &report, proof.Claims); err != nil {
			return report, err
		}
	case fault.Is(err, fault.Unavailable):
		report.Checks = append(report.Checks, Check{Name: CheckAnswer, State: Failed, Detail: fault.Of(err).Message})
	case !errors.As(err, &failure):
		return report, err
	}
	return report, s.noteTry(ctx, by.Caller(), report)
}

// foresee adds what a sign-in would do.
func (s *Service) foresee(ctx context.Context, r *Report, c Claims) error {
	org, err := s.d.Store.Organization(ctx, r.Provider.Organization)
	if err != nil {
		return err
	}
	facts, known, err := gather(ctx, s.d.Store, r.Provider, c)
	if err != nil {
		return err
	}
	d := Decide(facts)
	r.Verdict, r.Because = d.Verdict, d.Because
	m := d.Member
	switch d.Verdict {
	case Refused:
		r.Checks = append(r.Checks, passedBefore(d.Check)...)
		r.Checks = append(r.Checks, Check{Name: d.Check, State: Failed, Detail: d.Because})
		return nil
	case Joins, Waits:
		m.Name, m.Email, m.Role = d.Name, d.Email, access.RoleMember
	case SignsIn, Links:
	}
	r.Checks = append(r.Checks, Check{Name: CheckAddress, State: Passed, Detail: d.Because}, Check{Name: CheckMember, State: Passed})
	r.Passed, r.Member = true, m.Name+" ("+m.Email+")"
	now, groups, err := currentOf(ctx, s.d.Store, org, m, known)
	if err != nil {
		return err
	}
	changes := r.Provider.Apply(c, now)
	r.Role, r.Notes = changes.Role, changes.Notes
	for _, id := range changes.Enter {
		r.Enter, now.Groups[id] = append(r.Enter, groups[id].Name), true
	}
	for _, id := range changes.Leave {
		r.Leave = append(r.Leave, groups[id].Name)
		delete(now.Groups, id)
	}
	list, err := s.d.Store.Groups(ctx, org.ID)
	for _, g := range list {
		if now.Groups[g.ID] {
			r.Groups = append(r.Groups, g.Name)
		}
	}
	return err
}

// passedBefore returns the checks of the decision before one.
func passedBefore(check string) []Check {
	if check == CheckMember {
		return []Check{{Name: CheckAddress, State: Passed}}
	}
	return nil
}

// noteTry records that an Admin tried a provider, and how it went.
func (s *Service) noteTry(ctx context.Context, by actor.Caller, r Report) error {
	return s.d.Store.InTx(ctx, by, func(tx Tx) error {
		if err := s.mayManage(tx.Members.By()); err != nil {
			return err
		}
		f := audit.Fields{"passed": r.Passed}
		now, err := tx.Providers.Provider(ctx, r.Provider.ID)
		if err != nil {
			return err
		}
		if r.Passed && now.UpdatedAt.Equal(r.Provider.UpdatedAt) { // otherwise something else was tried
			if err := tx.Requirements.SaveTrial(ctx, r.Provider.ID, tx.Members.By().ID); err != nil {
				return err
			}
		}
		if n := len(r.Checks); !r.Passed && n > 0 {
			f["check"], f["reason"] = r.Checks[n-1].Name, r.Checks[n-1].Detail
		}
		return tx.Members.AppendEvent(ctx, audit.Did(tx.Members.By(), audit.Tested, r.Provider.Target()).Changed("", f.String()))
	})
}

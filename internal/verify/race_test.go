package verify_test

import (
	"context"
	"errors"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/change"
	"latchkey/internal/policy"
	"latchkey/internal/token"
	"latchkey/internal/verify"
)

// pausing is a store that lets a test act between a reading of the database and what is
// made of it: the worst moment for a change.
type pausing struct {
	verify.Store
	afterStanding, afterRecord, afterLoading func()
	err                                      error
	unreadable                               error // of the first part of the tokens
}

func call(f *func()) {
	if act := *f; act != nil {
		*f = nil
		act()
	}
}

func (p *pausing) TokenStanding(ctx context.Context, h verify.Holder) (verify.Standing, error) {
	s, err := p.Store.TokenStanding(ctx, h)
	call(&p.afterStanding)
	return s, err
}

func (p *pausing) RecordOfDigest(ctx context.Context, digest [32]byte) (verify.Record, error) {
	r, err := p.Store.RecordOfDigest(ctx, digest)
	call(&p.afterRecord)
	return r, err
}

func (p *pausing) LiveTokens(ctx context.Context, part verify.Part, each func(verify.Record) error) error {
	if part.Number == 0 && p.unreadable != nil {
		return p.unreadable
	}
	var read []verify.Record
	err := p.Store.LiveTokens(ctx, part, func(r verify.Record) error { read = append(read, r); return nil })
	if len(read) > 0 { // the part with the token that the test is about
		call(&p.afterLoading)
	}
	for _, r := range read {
		if err := each(r); err != nil {
			return err
		}
	}
	return err
}

func (p *pausing) TokenRecords(ctx context.Context, ids []string) ([]verify.Record, error) {
	if p.err != nil {
		return nil, p.err
	}
	return p.Store.TokenRecords(ctx, ids)
}

func (p *pausing) GroupMembers(ctx context.Context, group string) ([]string, error) {
	if p.err != nil {
		return nil, p.err
	}
	return p.Store.GroupMembers(ctx, group)
}

func pausingWorld(t *testing.T) (*world, *pausing) {
	w := newWorld(t)
	p := &pausing{Store: w.store}
	w.verify = w.newAuthority(verify.Deps{Store: p})
	return w, p
}

func TestRace_AStandingReadBeforeAChangeIsNotKept(t *testing.T) {
	for name, change := range map[string]func(w *world, group string){
		"group policy": func(w *world, group string) { w.policy(policy.OfGroup, w.main, group, nil) },
		"group deleted": func(w *world, group string) {
			_, err := w.accounts.Groups.Delete(w.ctx, w.admin.Caller(), group)
			w.must(err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, p := pausingWorld(t)
			eve := w.member("eve")
			group := w.group("Analysts", eve)
			w.policy(policy.OfGroup, w.main, group, everywhere(editSources))
			secret := w.personal(eve, w.main, access.ScopeReadWrite).Secret.Reveal()
			if !w.may(secret, w.main, editSources) {
				t.Fatal("not allowed at first")
			}
			w.verify.Forget()
			p.afterStanding = func() { change(w, group) }
			w.may(secret, w.main, editSources) // started before the change: either answer is right
			if p.afterStanding != nil || w.may(secret, w.main, editSources) {
				t.Error("the old right is still there, or nothing changed")
			}
		})
	}
}

func TestRace_ATokenReadBeforeItsDeletionIsNotKept(t *testing.T) {
	w, p := pausingWorld(t)
	for name, during := range map[string]struct {
		hook *func()
		act  func(secret string)
	}{
		"read on demand": {&p.afterRecord, func(secret string) { w.refusal(secret) }},
		"read by Load":   {&p.afterLoading, func(string) { w.must(w.verify.Load(w.ctx)) }},
	} {
		g := w.organizationToken()
		w.verify.Forget()
		*during.hook = func() {
			_, err := w.tokens.Delete(w.ctx, w.admin.Caller(), g.ID)
			w.must(err)
		}
		during.act(g.Secret.Reveal())
		if got := w.refusal(g.Secret.Reveal()); got != verify.Revoked {
			t.Errorf("%s: %v", name, got)
		}
		if n := w.verify.Tokens(); n != 0 {
			t.Errorf("%s: %d tokens in memory", name, n)
		}
	}
}

func TestRace_ForgettingStopsALoad(t *testing.T) {
	w, p := pausingWorld(t)
	g := w.organizationToken()
	w.verify.Forget()
	p.afterLoading = w.verify.Forget
	if err := w.verify.Load(w.ctx); err == nil || w.verify.Complete() || w.verify.Tokens() != 0 {
		t.Errorf("load: %v, complete %v, %d tokens", err, w.verify.Complete(), w.verify.Tokens())
	}
	if got := w.refusal(g.Secret.Reveal()); got != 0 {
		t.Errorf("refusal = %v", got)
	}
}

func TestLoad_WithoutOnePartMemoryIsIncomplete(t *testing.T) {
	w, p := pausingWorld(t)
	var secrets []string
	for range 8 {
		secrets = append(secrets, w.organizationToken().Secret.Reveal())
	}
	w.verify.Forget()
	p.unreadable = errors.New("a page is broken")
	if err := w.verify.Load(w.ctx); !errors.Is(err, p.unreadable) || w.verify.Complete() {
		t.Errorf("load: %v, complete %v", err, w.verify.Complete())
	}
	for _, secret := range secrets {
		if got := w.refusal(secret); got != 0 {
			t.Errorf("refusal = %v", got)
		}
	}
	p.unreadable = nil
	w.must(w.verify.Load(w.ctx))
	if !w.verify.Complete() || w.verify.Tokens() != len(secrets) {
		t.Errorf("complete %v, %d tokens", w.verify.Complete(), w.verify.Tokens())
	}
}

func TestApply_WithoutAnAnswerOfTheDatabaseEverythingIsForgotten(t *testing.T) {
	w, p := pausingWorld(t)
	eve := w.member("eve")
	group := w.group("Analysts", eve)
	w.policy(policy.OfGroup, w.main, group, everywhere(editSources))
	pat := w.personal(eve, w.main, access.ScopeReadWrite).Secret.Reveal()
	g := w.organizationToken()
	if !w.may(pat, w.main, editSources) || w.refusal(g.Secret.Reveal()) != 0 {
		t.Fatal("not accepted at first")
	}
	p.err = errors.New("the disk is on fire")
	w.policy(policy.OfGroup, w.main, group, nil)
	_, err := w.tokens.Delete(w.ctx, w.admin.Caller(), g.ID)
	w.must(err)
	if w.verify.Complete() || w.verify.Tokens() != 0 {
		t.Errorf("complete = %v, tokens = %d", w.verify.Complete(), w.verify.Tokens())
	}
	if w.may(pat, w.main, editSources) || w.refusal(g.Secret.Reveal()) != verify.Revoked {
		t.Error("an old right is still there")
	}
}

func TestApply_ARowThatIsGoneAltogetherIsForgotten(t *testing.T) {
	w := newWorld(t)
	g := w.organizationToken()
	w.must(w.verify.Load(w.ctx))
	exec(t, w.path, `DELETE FROM tokens WHERE id = ?`, g.ID)
	w.verify.Apply(w.ctx, []change.Change{{Kind: change.Token, ID: g.ID}})
	if got := w.refusal(g.Secret.Reveal()); got != verify.Unknown {
		t.Errorf("refusal = %v", got)
	}
}

func TestApply_AGroupThatIsGoneAltogetherGivesNothing(t *testing.T) {
	w := newWorld(t)
	eve := w.member("eve")
	group := w.group("Analysts", eve)
	w.policy(policy.OfMember, w.main, eve.ID, nil)
	w.policy(policy.OfGroup, w.main, group, everywhere(editSources))
	secret := w.personal(eve, w.main, access.ScopeReadWrite).Secret.Reveal()
	if !w.may(secret, w.main, editSources) {
		t.Fatal("not allowed at first")
	}
	// The database no longer says who was in it.
	exec(t, w.path, `DELETE FROM group_members WHERE group_id = ?`, group)
	exec(t, w.path, `DELETE FROM policies WHERE group_id = ?`, group)
	w.verify.Apply(w.ctx, []change.Change{{Kind: change.Group, ID: group}})
	if w.may(secret, w.main, editSources) {
		t.Error("the old right is still there")
	}
}

func TestVerify_ABrokenPolicyOpensNothing(t *testing.T) {
	w := newWorld(t)
	w.insert(token.Token{Kind: token.Workspace, Workspace: w.main, Legacy: true, Policy: everywhere(editSources)}, "imported")
	exec(t, w.path, `UPDATE policies SET body = '{"source:edit":' WHERE kind = 'baseline'`)
	if _, err := w.verify.Verify(w.ctx, "imported"); err == nil {
		t.Error("accepted")
	}
}

package token_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

const day = 24 * time.Hour

// ruleBook is the use cases about rules on the world's database.
func (w *world) ruleBook() *token.RuleBook {
	return token.NewRuleBook(ruleStage{store.Rules(w.store), w.cast}, access.BuiltIn(), w.clock)
}

// ruleStage is the store of rules on which a cast acts.
type ruleStage struct {
	token.RuleStore
	cast cast
}

func (s ruleStage) InTx(ctx context.Context, by actor.Caller, fn func(token.RuleBookTx) error) error {
	as, ok := s.cast[by.Ref]
	if !ok {
		return s.RuleStore.InTx(ctx, by, fn)
	}
	return s.RuleStore.InTx(ctx, actor.System(as.Organization), func(tx token.RuleBookTx) error { return fn(ruleActing{tx, as}) })
}

type ruleActing struct {
	token.RuleBookTx
	as actor.Standing
}

// By is the caller, who has just proven who they are.
func (r ruleActing) By() actor.Standing {
	r.as.Proof = actor.Proof{How: actor.ByPassword, At: r.Now()}
	return r.as
}

// rule saves rules, and leaves the tokens that break them.
func (w *world) rule(r token.Rules) {
	w.t.Helper()
	now, err := w.ruleBook().Ruling(w.context(), w.admin)
	must(w.t, err)
	_, err = w.ruleBook().Save(w.context(), w.admin.Caller(), token.RuleChange{Rules: r, Revision: now.Revision,
		Answer: token.Leave, Told: 1 << 20})
	must(w.t, err)
}

func TestRules_AreReadAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	full := token.Rules{Personal: token.Lifetime{Longest: 30, Default: 7, MustExpire: true}, Service: token.Lifetime{MustExpire: true},
		Makers: token.InGroups, Groups: []string{"a", "b"}, ReadOnly: true, MostPersonal: 3, NeedAddresses: true, UnusedDays: 90,
		NoSelfRotation: true, SuspendReused: true}
	for _, r := range []token.Rules{{}, full, {Makers: token.Nobody}} {
		if got, err := token.ParseRules(r.String()); err != nil || !got.Equal(r) {
			t.Errorf("%s: %v, %v", r, got, err)
		}
	}
	for _, text := range []string{"", "{}", "null", full.String() + " ", full.String() + full.String(),
		`{"personal":{},"service":{},"more":1}`,
		`{"personal":{"longestDays":-1},"service":{}}`, `{"personal":{"longestDays":30},"service":{}}`,
		`{"personal":{},"service":{},"makers":"some"}`} {
		if got, err := token.ParseRules(text); err == nil {
			t.Errorf("%q was read as %s", text, got)
		}
	}
}

func TestRules_CheckNamesTheFields(t *testing.T) {
	t.Parallel()
	many := make([]string, 21)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	for want, r := range map[string]token.Rules{
		"personal_longest": {Personal: token.Lifetime{Longest: 3651}},
		"personal_default": {Personal: token.Lifetime{Longest: 5, Default: 6}},
		"service_longest":  {Service: token.Lifetime{Longest: -1}},
		"service_default":  {Service: token.Lifetime{Default: 9999}},
		"groups":           {Makers: token.InGroups, Groups: many},
		"unused_days":      {UnusedDays: 29},
		"most_personal":    {MostPersonal: -2},
	} {
		if _, err := r.Check(); paths(err) != want {
			t.Errorf("%+v: %v, want %s", r, err, want)
		}
	}
	if r, err := (token.Rules{Service: token.Lifetime{Longest: 3}}).Check(); err != nil || !r.Service.MustExpire {
		t.Errorf("a longest lifetime leaves tokens without expiration: %+v, %v", r, err)
	}
}

// TestGenerate_KeepsEveryRule tries each rule with a token that breaks it and one that keeps it.
func TestGenerate_KeepsEveryRule(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(t, w.store.InTx(w.context(), actor.System(""), func(tx *store.Tx) error {
		return errors.Join(tx.InsertGroup(w.context(), account.Group{ID: "makers", Organization: "acme", Name: "Makers",
			CreatedAt: noon, UpdatedAt: noon}),
			tx.AddToGroup(w.context(), "makers", "editor"))
	}))
	ends := func(d time.Duration) func(*token.NewPersonal) {
		return func(in *token.NewPersonal) { in.ExpiresAt, in.Scope = w.in(d), access.ScopeReadOnly }
	}
	service := func(d time.Duration, addresses string) token.NewWorkspace {
		return w.workspace(func(in *token.NewWorkspace) { in.ExpiresAt, in.Addresses = w.in(d), addresses })
	}
	for _, c := range []struct {
		name   string
		rules  token.Rules
		by     actor.Standing
		bad    any
		kind   fault.Kind
		fields string
		good   any
	}{
		{"lifetime", token.Rules{Personal: token.Lifetime{Longest: 30}}, w.admin, w.personal(ends(30*day + time.Millisecond)),
			fault.Invalid, "expiresAt", w.personal(ends(30 * day))},
		{"lifetime of services", token.Rules{Service: token.Lifetime{Longest: 1}}, w.admin, service(25*time.Hour, ""),
			fault.Invalid, "expiresAt", service(day, "")},
		{"an end", token.Rules{Personal: token.Lifetime{MustExpire: true}}, w.editor, w.personal(nil), fault.Invalid, "expiresAt",
			w.personal(ends(400 * day))},
		{"an end of organization tokens", token.Rules{Service: token.Lifetime{MustExpire: true}}, w.admin,
			token.NewOrganization{Name: "o"}, fault.Invalid, "expiresAt",
			token.NewOrganization{Name: "o", ExpiresAt: w.in(day)}},
		{"scope", token.Rules{ReadOnly: true}, w.editor, w.personal(nil), fault.Invalid, "scope", w.personal(ends(day))},
		{"addresses", token.Rules{NeedAddresses: true}, w.admin, service(day, ""), fault.Invalid, "addresses", service(day, "192.0.2.0/24")},
		{"groups", token.Rules{Makers: token.InGroups, Groups: []string{"makers"}}, w.admin, w.personal(nil), fault.Denied, "", nil},
		{"nobody", token.Rules{Makers: token.Nobody}, w.editor, w.personal(nil), fault.Denied, "", service(day, "")},
	} {
		w.rule(c.rules)
		got, f := w.refused(c.by, c.bad, c.kind)
		said := f.Message
		for _, field := range f.Fields {
			said += field.Message
		}
		if got != c.fields || !strings.Contains(said, "oken rules") {
			t.Errorf("%s: fields %q, %q", c.name, got, said)
		}
		by := c.by
		if c.name == "nobody" {
			by = w.admin
		}
		if c.good != nil {
			w.made(by, c.good)
		}
	}
	w.rule(token.Rules{Makers: token.InGroups, Groups: []string{"makers"}})
	w.made(w.editor, w.personal(nil))
	w.rule(token.Rules{MostPersonal: 1})
	w.made(w.viewer, w.personal(ends(time.Hour)))
	w.refused(w.viewer, w.personal(nil), fault.Denied)
	w.wait(2 * time.Hour)
	w.made(w.viewer, w.personal(nil)) // the first one has expired
}

func TestRotate_NeverOutlivesTheRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	forever := w.made(w.admin, w.workspace(nil))
	long := w.made(w.admin, w.personal(func(in *token.NewPersonal) { in.ExpiresAt = w.in(100 * day) }))
	w.rule(token.Rules{Personal: token.Lifetime{Longest: 30}, Service: token.Lifetime{MustExpire: true, Default: 9}, ReadOnly: false})
	for _, c := range []struct {
		id   string
		want time.Duration
	}{{forever.ID, 9 * day}, {long.ID, 30 * day}} {
		got, err := w.Rotate(w.context(), w.admin.Caller(), c.id, token.Rotation{SameLength: true})
		if err != nil || !got.ExpiresAt.Equal(w.in(c.want)) {
			t.Errorf("%s: ends %v, %v", c.id, got.ExpiresAt, err)
		}
		_, err = w.Rotate(w.context(), w.admin.Caller(), c.id, token.Rotation{})
		if paths(err) != "expiresAt" {
			t.Errorf("rotated without an end: %v", err)
		}
	}
	// A token that breaks another rule gets no longer life than it has.
	w.rule(token.Rules{ReadOnly: true})
	w.wait(day)
	got, err := w.Rotate(w.context(), w.admin.Caller(), long.ID, token.Rotation{SameLength: true})
	if err != nil || !got.ExpiresAt.Equal(w.in(29*day)) {
		t.Errorf("ends %v, %v", got.ExpiresAt, err)
	}
	if _, err = w.Rotate(w.context(), w.admin.Caller(), long.ID, token.Rotation{ExpiresAt: w.in(30 * day)}); paths(err) != "expiresAt" {
		t.Errorf("extended: %v", err)
	}
	w.wait(29 * day)
	if _, err = w.Rotate(w.context(), w.admin.Caller(), long.ID, token.Rotation{SameLength: true}); !fault.Is(err, fault.Conflict) {
		t.Errorf("revived: %v", err)
	}
}

func TestRotateSelf_MayBeForbidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.made(w.admin, w.workspace(nil))
	self := actor.Caller{Ref: actor.Ref{Kind: actor.Token, ID: g.ID, Digest: token.Digest(g.Secret.Reveal())}}
	w.rule(token.Rules{NoSelfRotation: true})
	if _, err := w.RotateSelf(w.context(), self, 0); !fault.Is(err, fault.Denied) {
		t.Errorf("%v", err)
	}
	w.rule(token.Rules{})
	if _, err := w.RotateSelf(w.context(), self, 0); err != nil {
		t.Error(err)
	}
}

func TestRules_HoldForAddressesAndSuspendedTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.made(w.admin, w.workspace(func(in *token.NewWorkspace) { in.Addresses = "192.0.2.0/24" }))
	open := w.made(w.admin, w.workspace(nil))
	_, err := w.Suspend(w.context(), w.admin.Caller(), open.ID, "")
	must(t, err)
	w.rule(token.Rules{NeedAddresses: true})
	if _, err := w.SetAddresses(w.context(), w.admin.Caller(), g.ID, ""); paths(err) != "addresses" {
		t.Errorf("addresses were taken away: %v", err)
	}
	if _, err := w.Resume(w.context(), w.admin.Caller(), open.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("resumed: %v", err)
	}
	_, err = w.SetAddresses(w.context(), w.admin.Caller(), open.ID, "10.0.0.0/8")
	must(t, err)
	_, err = w.Resume(w.context(), w.admin.Caller(), open.ID)
	must(t, err)
}

func TestSuspendReused_OnlyIfTheRulesSaySo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.made(w.admin, w.workspace(nil))
	must(t, w.SuspendReused(w.context(), "acme", g.ID))
	if got, err := w.Get(w.context(), w.admin, g.ID); err != nil || got.Suspended {
		t.Fatalf("suspended without a rule: %+v, %v", got, err)
	}
	w.rule(token.Rules{SuspendReused: true})
	for range 2 {
		must(t, w.SuspendReused(w.context(), "acme", g.ID))
	}
	must(t, w.SuspendReused(w.context(), "acme", "unknown"))
	got, err := w.Get(w.context(), w.admin, g.ID)
	if events := w.events(); err != nil || !got.Suspension.Set() || got.Suspension.By != "" || events[0].Action != audit.Suspended ||
		events[1].Action == audit.Suspended || events[0].ActorType != audit.System {
		t.Errorf("%+v, %v, %+v", got.Suspension, err, events[0])
	}
}

func TestSaveRules_AsksAboutTheTokensThatBreakThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.ruleBook()
	forever, early := w.made(w.admin, w.workspace(nil)), w.made(w.admin,
		w.workspace(func(in *token.NewWorkspace) { in.ExpiresAt = w.in(3 * day) }))
	own := w.made(w.editor, w.personal(nil))
	rules := token.Rules{Service: token.Lifetime{Longest: 60}, Makers: token.Nobody}
	before := w.rows()
	_, err := b.Save(t.Context(), w.admin.Caller(), token.RuleChange{Rules: rules})
	var undecided *token.Undecided
	if !errors.As(err, &undecided) || undecided.Breaking != 2 || w.rows() != before {
		t.Fatalf("%v", err)
	}
	if _, err := b.Save(t.Context(), w.admin.Caller(), token.RuleChange{Rules: rules, Answer: token.Suspend,
		Told: 1}); !errors.As(err, &undecided) {
		t.Errorf("more tokens than told were suspended: %v", err)
	}
	if _, err := b.Save(t.Context(), w.editor.Caller(), token.RuleChange{Rules: rules}); !fault.Is(err, fault.Denied) {
		t.Errorf("by a member: %v", err)
	}
	for answer, path := range map[token.Answer]string{"burn": "answer", token.Shorten: "days"} {
		if _, err := b.Save(t.Context(), w.admin.Caller(), token.RuleChange{Rules: rules, Answer: answer, Told: 2}); paths(err) != path {
			t.Errorf("%s: %v", answer, err)
		}
	}
	done, err := b.Save(t.Context(), w.admin.Caller(), token.RuleChange{Rules: rules, Answer: token.Shorten, Days: 90, Told: 2})
	if err != nil || done.Changed != 2 || done.More {
		t.Fatalf("%+v, %v", done, err)
	}
	for id, want := range map[string]time.Time{forever.ID: w.in(60 * day), own.ID: w.in(90 * day), early.ID: early.ExpiresAt} {
		if got, err := w.Get(t.Context(), w.admin, id); err != nil || !got.ExpiresAt.Equal(want) {
			t.Errorf("%s ends %v, want %v, %v", id, got.ExpiresAt, want, err)
		}
	}
	events := w.events()
	if i := slices.IndexFunc(events, func(e audit.Event) bool { return e.Target.Type == audit.TargetOrganization }); i != 2 ||
		!strings.Contains(events[i].After, `"decision":"shorten"`) || !strings.Contains(events[i].Before, `"serviceLongestDays":0`) {
		t.Errorf("event %d: %+v", i, events)
	}
	if _, err := b.Save(t.Context(), w.admin.Caller(), token.RuleChange{Rules: token.Rules{}}); !fault.Is(err, fault.Conflict) {
		t.Errorf("from rules that were changed meanwhile: %v", err)
	}
	// What no token can break needs no answer.
	rules.NoSelfRotation, rules.UnusedDays = true, 90
	if _, err := b.Save(t.Context(), w.admin.Caller(), token.RuleChange{Rules: rules, Revision: 1}); err != nil {
		t.Error(err)
	}
	rules.ReadOnly = true
	if done, err = b.Save(t.Context(), w.admin.Caller(), token.RuleChange{Rules: rules, Revision: 2, Answer: token.Suspend,
		Told: 9}); err != nil || done.Changed != 1 {
		t.Errorf("%+v, %v", done, err)
	}
	if got, err := w.Get(t.Context(), w.admin, own.ID); err != nil || got.Suspension.By != "admin" {
		t.Errorf("%+v, %v", got.Suspension, err)
	}
	if n, err := b.Breaking(t.Context(), w.admin, rules); err != nil || n != 0 {
		t.Errorf("%d still break the rules, %v", n, err)
	}
}

// TestSweep_GoesOnAfterTheChange has more tokens than one transaction changes.
func TestSweep_GoesOnAfterTheChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const many = token.MaxCounted + 300
	must(t, w.store.InTx(w.context(), actor.System(""), func(tx *store.Tx) error {
		for i := range many {
			tok := token.Token{ID: fmt.Sprintf("many-%d", i), Organization: "acme", Kind: token.Organization,
				Name: fmt.Sprint("many ", i), CreatedAt: noon}
			if err := tx.InsertToken(w.context(), tok, token.Digest(tok.ID), ""); err != nil {
				return err
			}
		}
		return nil
	}))
	b := w.ruleBook()
	done, err := b.Save(t.Context(), w.admin.Caller(), token.RuleChange{Rules: token.Rules{Service: token.Lifetime{Longest: 10}},
		Answer: token.Shorten, Days: 5, Told: many})
	if err != nil || done.Changed != token.MaxCounted || !done.More {
		t.Fatalf("%+v, %v", done, err)
	}
	w.wait(6 * day) // the server was down
	must(t, b.Sweep(t.Context()))
	n, err := b.Breaking(t.Context(), w.admin, token.Rules{Service: token.Lifetime{MustExpire: true}})
	if r, readErr := b.Ruling(t.Context(), w.admin); err != nil || n != 0 || readErr != nil || r.Sweep.Pending() {
		t.Errorf("%d tokens have no end, %v, %+v, %v", n, err, r.Sweep, readErr)
	}
	if got, err := w.Get(t.Context(), w.admin, "many-0"); err != nil || got.State(w.clock()) != token.Expired {
		t.Errorf("%+v, %v", got.ExpiresAt, err)
	}
}

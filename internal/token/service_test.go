package token_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

func TestGet_AndDelete_WithholdOtherPeoplesTokens(t *testing.T) {
	w := newWorld(t)
	personal := w.made(w.editor, w.personal(nil))
	workspace := w.made(w.admin, w.workspace(nil))
	organization := w.made(w.admin, token.NewOrganization{Name: "scim"})
	patOfEditor := w.cast.as(actor.Standing{Principal: access.Principal{Kind: access.PersonalToken, ID: personal.ID,
		Owner: "editor", Organization: "acme",
		Workspace: "production", Scope: access.ScopeReadWrite, In: w.editor.In}})
	sat := w.cast.as(actor.Standing{Principal: access.Principal{Kind: access.WorkspaceToken, ID: workspace.ID,
		Organization: "acme", Workspace: "production"}})
	before := w.rows()
	for name, c := range map[string]struct {
		by  actor.Standing
		ids []string
	}{
		"another member":           {w.viewer, []string{personal.ID, workspace.ID, organization.ID}},
		"the owner, service ones":  {w.editor, []string{workspace.ID, organization.ID}},
		"another organization":     {w.stranger, []string{personal.ID, workspace.ID, organization.ID}},
		"nobody":                   {w.cast.as(actor.Standing{}), []string{personal.ID, workspace.ID}},
		"the owner's own token":    {patOfEditor, []string{personal.ID, workspace.ID}},
		"a workspace token":        {sat, []string{personal.ID, workspace.ID, organization.ID}},
		"an unknown or strange id": {w.admin, []string{"unknown", "", "' OR 1=1 --", strings.Repeat("x", 10000)}},
	} {
		for _, id := range c.ids {
			_, getErr := w.Get(t.Context(), c.by, id)
			_, deleteErr := w.Delete(t.Context(), c.by.Caller(), id)
			for _, err := range []error{getErr, deleteErr} {
				if !fault.Is(err, fault.NotFound) || fault.Of(err).Message != "That token was not found." {
					t.Errorf("%s, %.20s: %v", name, id, err)
				}
			}
		}
	}
	if after := w.rows(); after != before {
		t.Errorf("something changed: %s, then %s", before, after)
	}
}

func TestDelete_EndsATokenOnceAndForAll(t *testing.T) {
	w := newWorld(t)
	own := w.made(w.editor, w.personal(nil))
	others := w.made(w.viewer, w.personal(nil))
	workspace := w.made(w.admin, w.workspace(nil))
	organization := w.made(w.admin, token.NewOrganization{Name: "scim"})
	w.wait(time.Minute)
	for _, c := range []struct {
		by    actor.Standing
		token token.Token
	}{{w.editor, own.Token}, {w.admin, others.Token}, {w.admin, workspace.Token}, {w.admin, organization.Token}} {
		got, err := w.Delete(t.Context(), c.by.Caller(), c.token.ID)
		if d := cmp.Diff(c.token, got); err != nil || d != "" {
			t.Errorf("Delete: %v\n%s", err, d)
		}
		if _, err := w.Delete(t.Context(), c.by.Caller(), c.token.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("the second time: %v", err)
		}
		if _, err := w.Get(t.Context(), c.by, c.token.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("it is still there: %v", err)
		}
	}
	tombstone, err := w.store.TokenByDigest(t.Context(), token.Digest(own.Secret.Reveal()))
	if err != nil || tombstone.State(w.clock()) != token.Deleted {
		t.Errorf("tombstone = %+v, %v", tombstone, err)
	}
}

func TestDelete_WritesItsEvent(t *testing.T) {
	w := newWorld(t)
	personal := w.made(w.viewer, w.personal(func(in *token.NewPersonal) { in.Name = "ci-probe" }))
	service := w.made(w.admin, w.workspace(func(in *token.NewWorkspace) {
		in.Name, in.Workspace, in.Policy = "deploy", "staging", access.Policy{"source:connect": access.Everywhere()}
	}))
	w.wait(time.Minute)
	for _, id := range []string{personal.ID, service.ID} {
		_, err := w.Delete(t.Context(), w.admin.Caller(), id)
		must(t, err)
	}
	created := audit.Event{Time: noon, Organization: "acme", ActorType: audit.User, Action: audit.Created}
	personalTarget := audit.Target{Type: audit.TargetPersonalToken, ID: personal.ID, Name: "ci-probe", Workspace: "production"}
	serviceTarget := audit.Target{Type: audit.TargetServiceToken, ID: service.ID, Name: "deploy", Workspace: "staging"}
	personalText := `{"name":"ci-probe","kind":"personal","hint":"` + personal.Hint +
		`","owner":"viewer","workspace":"production","scope":"read_write","expiresAt":null}`
	serviceText := `{"name":"deploy","kind":"workspace","hint":"` + service.Hint +
		`","workspace":"staging","policy":{"source:connect":{"all":true,"ids":[]}},"expiresAt":null}`
	event := func(by actor.Standing, action audit.Action, target audit.Target, at time.Time, before, after string) audit.Event {
		e := created
		e.Workspace, e.ActorID, e.ActorName, e.ActorEmail = target.Workspace, by.ID, by.Name, by.Email
		e.Action, e.Target, e.Origin = action, target, by.Origin
		e.Time, e.Before, e.After = at, before, after
		return e
	}
	want := []audit.Event{
		event(w.admin, audit.Deleted, serviceTarget, noon.Add(time.Minute), serviceText, ""),
		event(w.admin, audit.Deleted, personalTarget, noon.Add(time.Minute), personalText, ""),
		event(w.admin, audit.Created, serviceTarget, noon, "", serviceText),
		event(w.viewer, audit.Created, personalTarget, noon, "", personalText),
	}
	chained := cmpopts.IgnoreFields(audit.Event{}, "Seq", "ID", "Clock", "PrevHash", "Hash")
	if d := cmp.Diff(want, w.events(), chained, cmpopts.EquateApproxTime(10*time.Millisecond)); d != "" {
		t.Error(d)
	}
}

func TestLists_AreForWhomTheyConcern(t *testing.T) {
	w := newWorld(t)
	first := w.made(w.editor, w.personal(nil))
	w.wait(time.Second)
	second := w.made(w.editor, w.personal(func(in *token.NewPersonal) { in.Workspace = "staging" }))
	w.made(w.viewer, w.personal(nil))
	workspace := w.made(w.admin, w.workspace(nil))
	organization := w.made(w.admin, token.NewOrganization{Name: "scim"})

	want := []token.Token{second.Token, first.Token}
	own, err := every(w.Personal(t.Context(), w.editor, token.Listing{}))
	if d := cmp.Diff(want, own); err != nil || d != "" {
		t.Errorf("Personal: %v\n%s", err, d)
	}
	byAdmin, err := every(w.OfMember(t.Context(), w.admin, "editor", token.Listing{}))
	if d := cmp.Diff(want, byAdmin); err != nil || d != "" {
		t.Errorf("OfMember: %v\n%s", err, d)
	}
	for kind, want := range map[token.Kind]token.Token{token.Workspace: workspace.Token, token.Organization: organization.Token} {
		got, err := every(w.Services(t.Context(), w.admin, kind, token.Listing{}))
		if d := cmp.Diff([]token.Token{want}, got); err != nil || d != "" {
			t.Errorf("Services(%s): %v\n%s", kind, err, d)
		}
		if list, err := every(w.Services(t.Context(), w.editor, kind, token.Listing{})); !fault.Is(err, fault.Denied) || list != nil {
			t.Errorf("a member lists %s: %v, %v", kind, list, err)
		}
		if list, err := every(w.Services(t.Context(), w.stranger, kind, token.Listing{})); err != nil || len(list) != 0 {
			t.Errorf("another organization lists %s: %v, %v", kind, list, err)
		}
	}
	if list, err := every(w.OfMember(t.Context(), w.viewer, "editor", token.Listing{})); !fault.Is(err, fault.NotFound) || list != nil {
		t.Errorf("a member lists another's: %v, %v", list, err)
	}
	if list, err := every(w.OfMember(t.Context(), w.stranger, "editor", token.Listing{})); err != nil || len(list) != 0 {
		t.Errorf("another organization's Admin lists: %v, %v", list, err)
	}
	if _, err := every(w.Services(t.Context(), w.admin, token.Personal, token.Listing{})); !fault.Is(err, fault.NotFound) {
		t.Errorf("personal tokens are no service tokens: %v", err)
	}
	for _, by := range []actor.Standing{{}, {Principal: access.Principal{Kind: access.OrganizationToken, Organization: "acme"}}} {
		if list, err := every(w.Personal(t.Context(), by, token.Listing{})); err == nil || list != nil {
			t.Errorf("%v has personal tokens: %v", by.Kind, list)
		}
	}
}

func TestSummary_CountsOwnTokensAndForAdminsAll(t *testing.T) {
	w := newWorld(t)
	const day = 24 * time.Hour
	ends := func(after time.Duration) func(*token.NewPersonal) {
		return func(in *token.NewPersonal) { in.ExpiresAt = w.in(after) }
	}
	w.made(w.editor, w.personal(ends(7*day)))
	first := w.made(w.editor, w.personal(ends(30*day)))
	w.made(w.editor, w.personal(nil))
	w.wait(24 * day)
	second := w.made(w.editor, w.personal(ends(7*day)))
	w.made(w.admin, w.personal(nil))
	w.made(w.idle, w.personal(nil))
	service := w.made(w.admin, w.workspace(func(in *token.NewWorkspace) { in.ExpiresAt = w.in(7 * day) }))
	w.made(w.admin, token.NewOrganization{Name: "scim", ExpiresAt: w.in(90 * day)})

	mine, err := w.Summary(t.Context(), w.editor)
	must(t, err)
	if want := (token.Counts{Active: 1, ExpiresSoon: 2, Expired: 1}); mine.Mine != want || mine.All || mine.Organization != nil {
		t.Errorf("a member's summary = %+v", mine)
	}
	soon, err := w.ExpireSoon(t.Context(), w.editor, token.SoonAfter, token.Part{Limit: 8})
	must(t, err)
	if d := cmp.Diff([]token.Token{first.Token, second.Token}, soon); d != "" {
		t.Error(d)
	}
	all, err := w.Summary(t.Context(), w.admin)
	must(t, err)
	want := map[token.Kind]token.Counts{
		token.Personal:     {Active: 2, ExpiresSoon: 2, Expired: 1, Suspended: 1},
		token.Workspace:    {ExpiresSoon: 1},
		token.Organization: {Active: 1},
	}
	if d := cmp.Diff(want, all.Organization); d != "" || !all.All || all.Mine != (token.Counts{Active: 1}) {
		t.Errorf("an Admin's summary = %+v\n%s", all, d)
	}
	soon, err = w.ExpireSoon(t.Context(), w.admin, token.SoonAfter, token.Part{Limit: 8})
	must(t, err)
	if len(soon) != 3 || soon[2].ID != service.ID && soon[1].ID != service.ID && soon[0].ID != service.ID {
		t.Errorf("an Admin minds %v", soon)
	}
	if c := all.Organization[token.Personal]; c.Of(token.Suspended) != 1 || c.Of(token.Deleted) != 0 {
		t.Errorf("counts = %+v", c)
	}
}

func TestToken_OfADeactivatedOwnerIsSuspended(t *testing.T) {
	w := newWorld(t)
	made := w.made(w.idle, w.personal(nil))
	got, err := w.Get(t.Context(), w.admin, made.ID)
	if err != nil || got.State(w.clock()) != token.Suspended {
		t.Errorf("state = %v, %v", got.State(w.clock()), err)
	}
	w.exec(`UPDATE members SET status = 'active' WHERE id = 'idle'`)
	if got, err = w.Get(t.Context(), w.admin, made.ID); err != nil || got.State(w.clock()) != token.Active {
		t.Errorf("after reactivation: %v, %v", got.State(w.clock()), err)
	}
}

func TestToken_StoredAdminScopeIsListedAndDeletable(t *testing.T) {
	w := newWorld(t)
	old := token.Token{ID: "old", Organization: "acme", Kind: token.Personal, Name: "legacy", Hint: token.Hint("1abcdefghijklmnopqrstuVW"),
		Owner: "editor", Workspace: "production", Scope: access.ScopeAdmin, Legacy: true, CreatedAt: noon.AddDate(-3, 0, 0)}
	must(t, w.store.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
		return tx.InsertToken(t.Context(), old, token.Digest("1abcdefghijklmnopqrstuVW"), "")
	}))
	list, err := every(w.Personal(t.Context(), w.editor, token.Listing{}))
	if err != nil || len(list) != 1 || list[0].Scope.Label() != "Admin (deprecated)" || !list[0].Legacy {
		t.Fatalf("list = %+v, %v", list, err)
	}
	if _, err := w.Delete(t.Context(), w.editor.Caller(), "old"); err != nil {
		t.Error(err)
	}
}

// failing is a store whose transactions fail, or lie, at one step.
type failing struct {
	stage
	audit  error // AppendEvent fails with it
	unused bool  // no key is known inside the transaction
}

func (f failing) InTx(ctx context.Context, by actor.Caller, fn func(token.Tx) error) error {
	return f.stage.InTx(ctx, by, func(tx token.Tx) error { return fn(failingTx{tx, f}) })
}

type failingTx struct {
	token.Tx
	failing
}

func (f failingTx) AppendEvent(ctx context.Context, e audit.Event) error {
	return errors.Join(f.Tx.AppendEvent(ctx, e), f.audit)
}

func (f failingTx) TokenKeyUsed(ctx context.Context, creator, key string) (bool, error) {
	if f.unused {
		return false, nil
	}
	return f.Tx.TokenKeyUsed(ctx, creator, key)
}

func (w *world) on(f failing) *world {
	f.stage = stage{store.Tokens(w.store), w.cast}
	other := *w
	other.Service = token.New(token.Deps{Store: f, Catalogue: access.BuiltIn(), Now: w.clock})
	return &other
}

func TestChanges_WithoutTheirAuditEventDoNotHappen(t *testing.T) {
	w := newWorld(t)
	made := w.made(w.editor, w.personal(nil))
	broken := w.on(failing{audit: errors.New("the log is full")})
	if _, f := broken.refused(w.editor, w.personal(nil), fault.Internal); strings.Contains(f.Message, "log is full") {
		t.Errorf("the cause is public: %q", f.Message)
	}
	if _, err := broken.Delete(t.Context(), w.editor.Caller(), made.ID); err == nil {
		t.Error("deleted without an event")
	}
	if _, err := w.Get(t.Context(), w.editor, made.ID); err != nil {
		t.Errorf("it is gone: %v", err)
	}
}

// On a database whose transactions overlap, two requests with one key can both pass the check;
// the unique index stops the second.
func TestGenerate_WordsTheDatabasesOwnRefusalOfAKey(t *testing.T) {
	w := newWorld(t)
	command := w.personal(nil)
	w.made(w.editor, command)
	command.Name = "another"
	_, f := w.on(failing{unused: true}).refused(w.editor, command, fault.Conflict)
	if !errors.Is(f, fault.ErrRepeated) {
		t.Errorf("fault = %v", f)
	}
}

package web_test

import (
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/config"
	"latchkey/internal/demo"
	"latchkey/internal/policy"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
	"latchkey/internal/token"
)

// removal takes away what a request rests on. It does so for the caller of this one request.
type removal struct {
	name string
	do   func(r *rig, who *held)
}

// held is who sends a request whose body is held back.
type held struct {
	member  string // id of the Admin who is signed in, for pages
	token   string // id of the token, for the other front doors
	secret  string
	browser *browser
}

// memberDemoted is the removal that leaves members their own: their name, their tokens.
const memberDemoted = "member demoted"

func isOwn(route string) bool {
	return strings.HasPrefix(route, "POST /settings/profile/") || strings.HasPrefix(route, "POST /settings/personal-access-tokens") ||
		strings.HasPrefix(route, "POST /tokens/") || strings.HasPrefix(route, "POST /settings/calendar")
}

// migrationActs are those of the migration. The staging area is the other Admin's: what one has
// brought along, another may go on with.
func migrationActs() []act {
	before := func(then func(other *browser), path string, pairs ...string) func(r *rig) sent {
		return func(r *rig) sent {
			other := r.signedIn(r.t, adminEmail)
			other.post(migrationRoot+"/reset", nil)
			then(other)
			return r.admin.form(migrationRoot+path, pairs...)
		}
	}
	uploaded := func(other *browser) { other.upload(legacyExport(other.t)).seeOther(other.t, migrationRoot) }
	staged := func(other *browser) {
		uploaded(other)
		other.stage("with-policies")
	}
	const root = "POST " + migrationRoot
	return []act{
		{root + "/upload", func(r *rig) sent {
			r.signedIn(r.t, adminEmail).post(migrationRoot+"/reset", nil)
			kind, body := uploadForm(r.t, legacyExport(r.t))
			return sent{by: r.admin, method: http.MethodPost, path: migrationRoot + "/upload", kind: kind, body: body}
		}, ""},
		{root + "/import", before(uploaded, "/import", "strategy", "with-policies"), ""},
		{root + "/reset", before(staged, "/reset"), ""},
		{root + "/conflicts", before(staged, "/conflicts", "conflict", "name_taken", "choice", "rename"), ""},
		{root + "/deploy", before(staged, "/deploy", "name", "Acme"), ""},
	}
}

// memberRemovals are those of a signed-in Admin.
func memberRemovals() []removal {
	return []removal{
		{"member deleted", func(r *rig, who *held) {
			_, err := r.app.Accounts.Members.Delete(context.Background(), r.caller(r.t, adminEmail).Caller(), account.These(who.member))
			r.must(err)
		}},
		{"member deactivated", func(r *rig, who *held) {
			_, err := r.app.Accounts.Members.Deactivate(context.Background(), r.caller(r.t, adminEmail).Caller(), who.member)
			r.must(err)
		}},
		{memberDemoted, func(r *rig, who *held) {
			_, err := r.app.Accounts.Members.MakeMember(context.Background(), r.caller(r.t, adminEmail).Caller(), who.member)
			r.must(err)
		}},
		{"session ended", func(r *rig, who *held) {
			r.inTx(func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.EndSessionsOf(ctx, who.member, "")
				return err
			})
		}},
	}
}

// tokenRemovals are those of a token, whatever it is for.
func tokenRemovals() []removal {
	return []removal{
		{"token deleted", func(r *rig, who *held) {
			_, err := r.app.Tokens.Delete(context.Background(), r.caller(r.t, adminEmail).Caller(), who.token)
			r.must(err)
		}},
		{"token expired", func(r *rig, who *held) {
			r.exec(`UPDATE tokens SET expires_at = 1 WHERE id = '` + who.token + `'`)
			// Nobody but the clock ends a token like this; memory hears of it as of a change.
			r.app.Verify.Forget()
		}},
	}
}

// resourceRemovals are those of a personal token of a Member, which acts on resources.
func resourceRemovals() []removal {
	return append(tokenRemovals(),
		removal{"owner deleted", memberRemovals()[0].do},
		removal{"owner deactivated", memberRemovals()[1].do},
		removal{"owner removed from the workspace", func(r *rig, who *held) {
			at := policy.Place{Kind: policy.OfMember, Workspace: firstWorkspace(r.t, r.site), Subject: who.member}
			_, err := r.app.Policies.Remove(context.Background(), r.caller(r.t, adminEmail).Caller(), at)
			r.must(err)
		}},
		removal{"owner's policy shrunk", func(r *rig, who *held) {
			ctx, ada := context.Background(), r.caller(r.t, adminEmail)
			at := policy.Place{Kind: policy.OfMember, Workspace: firstWorkspace(r.t, r.site), Subject: who.member}
			v, err := r.app.Policies.At(ctx, ada, at)
			r.must(err)
			_, err = r.app.Policies.Save(ctx, ada.Caller(), at, v.Revision(), access.Policy{})
			r.must(err)
		}},
	)
}

// provisionRemovals are those of the identity provider's token.
func provisionRemovals() []removal {
	return append(tokenRemovals(), removal{"provisioning switched off", func(r *rig, _ *held) {
		r.must(r.app.Provision.Enable(context.Background(), r.caller(r.t, adminEmail).Caller(), false))
	}})
}

// TestRoutes_EveryChangeThatIsHeldBackIsRefusedAsIfItCameLate sends a sound request to every
// route that changes something, but for the last byte of its body. Then it removes what the
// request rests on, and sends the rest. The answer must be that to a request which comes
// now, and nothing may have changed.
func TestRoutes_EveryChangeThatIsHeldBackIsRefusedAsIfItCameLate(t *testing.T) {
	// Each request comes from an address of its own, or the limit of failures would answer.
	r := newRigOn(t, newSiteOn(t, config.Config{Data: filepath.Dir(storetest.Empty(t)), TrustedProxies: []string{"127.0.0.1"}}))
	for _, group := range []struct {
		acts     []act
		removals []removal
		enter    func(r *rig) *held
	}{
		{slices.Concat(tokenActs(), webhookActs(), providerActs(), warningActs(), profileActs(), passkeyActs(), memberActs(),
			invitationActs(), groupActs(), organizationActs(),
			migrationActs()), memberRemovals(), (*rig).enterAdmin},
		{resourceActs(), resourceRemovals(), (*rig).enterPersonalToken},
		{scimActs(), provisionRemovals(), (*rig).enterProvider},
		{selfActs(), tokenRemovals(), (*rig).enterProvider},
	} {
		for _, a := range group.acts {
			if restsOnNobody(a.route) {
				continue
			}
			for i, away := range group.removals {
				if away.name == memberDemoted && isOwn(a.route) {
					continue
				}
				t.Run(a.route+" "+away.name, func(t *testing.T) {
					r.t, r.from = t, []string{fmt.Sprintf("2001:db8:%x:%x::1", rand.N(1<<16), i)}
					r.holdsBack(a, away, group.enter(r))
				})
			}
		}
	}
}

// restsOnNobody reports whether a route is for those who are not signed in, or acts for
// others than this test's Admin: their own proof is checked in the transaction.
func restsOnNobody(route string) bool {
	own := strings.HasPrefix(route, "POST /settings/profile/sessions") ||
		strings.HasPrefix(route, "POST /settings/security/") || route == "POST /settings/profile/password"
	return own || slices.Contains([]string{"POST /sign-in", "POST /sign-in/confirm", "POST /sign-in/passkey", "POST /sign-out",
		"POST /accept-invitation", "POST /recover", "POST /oauth2/revoke",
		"POST /sso/oidc/:id/backchannel-logout", "POST /sso/saml/:id/acs"}, route)
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) inTx(fn func(ctx context.Context, tx *store.Tx) error) {
	r.t.Helper()
	ctx := context.Background()
	r.must(r.app.Store.InTx(ctx, actor.System(""), func(tx *store.Tx) error { return fn(ctx, tx) }))
}

// person adds a member who can sign in.
func (r *rig) person(role access.Role) account.Member {
	r.t.Helper()
	hash, err := r.app.Hasher.Hash(context.Background(), demo.Password)
	r.must(err)
	id, now := ksuid.New().String(), r.now()
	m := account.Member{ID: id, Organization: r.caller(r.t, adminEmail).Organization, Email: strings.ToLower(id) +
		"@acme.example", Name: "Passing",
		Role: role, Status: account.Active, CreatedAt: now, UpdatedAt: now}
	r.inTx(func(ctx context.Context, tx *store.Tx) error { return tx.InsertMember(ctx, m, hash) })
	return m
}

// enterAdmin signs an Admin in, for whom the acts are made.
func (r *rig) enterAdmin() *held {
	r.t.Helper()
	m := r.person(access.RoleAdmin)
	r.admin = r.signedIn(r.t, m.Email)
	return &held{member: m.ID, browser: r.admin}
}

// enterPersonalToken makes a Member who may do everything in the first workspace by policy,
// and a token of theirs.
func (r *rig) enterPersonalToken() *held {
	r.t.Helper()
	m, workspace := r.person(access.RoleMember), firstWorkspace(r.t, r.site)
	r.inTx(func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertPolicy(ctx, policy.Policy{ID: ksuid.New().String(), Organization: m.Organization,
			Workspace: workspace, Kind: policy.OfMember,
			Subject: m.ID, Body: access.BuiltIn().Everything(), Version: 1, UpdatedAt: tx.Now()})
	})
	return r.enterToken(m.ID, token.Token{Kind: token.Personal, Owner: m.ID, Workspace: workspace, Scope: access.ScopeReadWrite}, &r.workspace)
}

// enterProvider makes a token of the identity provider.
func (r *rig) enterProvider() *held {
	r.t.Helper()
	r.must(r.app.Provision.Enable(context.Background(), r.caller(r.t, adminEmail).Caller(), true))
	return r.enterToken("", token.Token{Kind: token.Organization}, &r.organization)
}

func (r *rig) enterToken(member string, t token.Token, secret *string) *held {
	r.t.Helper()
	made, err := token.Generate(t.Kind, crand.Reader)
	r.must(err)
	t.ID, t.Name, t.Organization, t.CreatedAt = ksuid.New().String(), "passing "+crand.Text(), r.caller(r.t, adminEmail).Organization, r.now()
	r.inTx(func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertToken(ctx, t, token.Digest(made.Reveal()), "")
	})
	*secret = made.Reveal()
	return &held{member: member, token: t.ID, secret: *secret}
}

// holdsBack sends one act as described at the test.
func (r *rig) holdsBack(a act, away removal, who *held) {
	r.t.Helper()
	if r.admin != nil {
		r.admin.t = r.t
	}
	q := a.make(r)
	if q.body == "" && q.kind == formKind {
		q.body = "nothing=here"
	} else if q.body == "" {
		q.body = " "
	}
	body := &slowReader{text: q.body, keeps: 1, rest: make(chan struct{})}
	if strings.HasPrefix(q.kind, "multipart/") {
		body.keeps = len("--\r\n") // a file has ended before the last byte of its form
	}
	answered := make(chan answer, 1)
	go func() { answered <- r.sendFrom(q, body) }()
	time.Sleep(heldBack)
	away.do(r, who)
	before, head := r.rows(), r.head()
	close(body.rest)
	got := <-answered
	if diff := cmp.Diff(before, r.rows()); diff != "" {
		r.t.Errorf("something changed (-before +after)\n%s", diff)
	}
	for _, e := range r.eventsAfter(head) {
		if e.Action != audit.AccessDenied && e.Action != audit.UsedAfterRevocation {
			r.t.Errorf("the log tells of %s %s %s", e.ActorName, e.Action, e.Target.Name)
		}
	}
	late := r.send(q)
	if got.status != late.status || got.header.Get("Location") != late.header.Get("Location") {
		r.t.Errorf("held back: %d %s, late: %d %s", got.status, got.header.Get("Location"), late.status, late.header.Get("Location"))
	}
	if toSignIn := got.status == http.StatusSeeOther && got.header.Get("Location") == "/sign-in"; got.status < 400 && !toSignIn {
		r.t.Errorf("it was done: %d %.500s", got.status, got.body)
	}
}

// heldBack is how long the last byte of a body stays away: long enough for the server to
// have let the request in. It makes the test weaker, not wrong, when it is too short.
const heldBack = 15 * time.Millisecond

// slowReader gives all of a text but its last bytes, and those once it may.
type slowReader struct {
	text  string
	keeps int
	rest  chan struct{}
	read  int
}

func (s *slowReader) Read(p []byte) (int, error) {
	if s.read == len(s.text) {
		return 0, io.EOF
	}
	last := len(s.text) - s.keeps
	if s.read < last {
		n := copy(p, s.text[s.read:last])
		s.read += n
		return n, nil
	}
	select {
	case <-s.rest:
	case <-time.After(10 * time.Second):
		return 0, errors.New("nobody let the rest of the body go")
	}
	n := copy(p, s.text[s.read:])
	s.read += n
	return n, nil
}

// rows is all that is stored, but the log, what counts attempts and what records how a
// provider's requests ended.
func (r *rig) rows() []string {
	r.t.Helper()
	if r.withoutLog == nil {
		r.withoutLog = r.dumping(`name NOT GLOB 'audit_*' AND name NOT GLOB 'sqlite_*'`)
	}
	rows, err := r.withoutLog.Query()
	var kept []string
	for _, row := range r.read(rows, err) {
		if !strings.HasPrefix(row, "migrations ") || !strings.Contains(row, " 'reading' ") { // a file on its way
			kept = append(kept, row)
		}
	}
	return kept
}

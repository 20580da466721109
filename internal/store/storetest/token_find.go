package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/internal/store"
	"latchkey/internal/token"
	"latchkey/internal/verify"
)

// searchesOneOrganization has tokens of two organizations, a deleted one, and some of another owner, all of
// names that match.
func searchesOneOrganization(t *testing.T, b *tokenBed) {
	named := func(id, organization, name string, kind token.Kind) token.Token {
		return b.service(func(tok *token.Token) {
			tok.ID, tok.Organization, tok.Name, tok.Kind = id, organization, name, kind
			if kind == token.Personal {
				tok.Owner = bedMember
			}
		})
	}
	b.add(t, named("c", bedOrg, "probe B", token.Organization), named("b", bedOrg, "Probe a", token.Personal),
		named("a", bedOrg, "probe b", token.Workspace), named("d", bedOrg, "probe", token.Organization),
		named("e", bedOtherOrg, "a probe", token.Organization), named("f", bedOtherOrg, "probe z", token.Personal))
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteToken(ctx, bedOrg, "d") })
	for _, tt := range []struct {
		organization, owner, text string
		limit                     int
		want                      string
	}{
		{bedOrg, "", "PROBE", 9, "bac"}, {bedOrg, "", "probe", 2, "ba"}, {bedOtherOrg, "", "probe", 9, "ef"},
		{bedOrg, bedMember, "probe", 9, "b"}, {bedOrg, bedOtherMember, "probe", 9, ""}, {bedOtherOrg, bedMember, "probe", 9, "f"},
		{bedOrg, "", "e", 9, "bac"}, {bedOrg, "", "f", 9, ""}, {bedOrg, "", "z", 9, ""}, {"org-3", "", "probe", 9, ""},
	} {
		found, err := b.SearchTokens(t.Context(), tt.organization, tt.owner, tt.text, tt.limit)
		if got := strings.Join(account.TokenIDs(found), ""); got != tt.want || err != nil {
			t.Errorf("%+v finds %q, %v", tt, got, err)
		}
	}
	// Others do not take the places of what is looked for: the limit is the number of those that match.
	for kinds, want := range map[string]string{"personal": "b", "workspace": "a", "organization": "c", "personal workspace": "ba"} {
		var only []token.Kind
		for kind := range strings.FieldsSeq(kinds) {
			only = append(only, token.Kind(kind))
		}
		found, err := b.FindTokens(t.Context(), bedOrg, "probe", len(only), only...)
		if got := strings.Join(account.TokenIDs(found), ""); got != want || err != nil {
			t.Errorf("tokens of the kinds %s: %q, %v", kinds, got, err)
		}
	}
}

func listsNewestFirst(t *testing.T, b *tokenBed) {
	at := func(seconds int) func(*token.Token) {
		return func(tok *token.Token) { tok.CreatedAt = b.now.Add(time.Duration(seconds) * time.Second) }
	}
	b.add(t, b.personal(at(1)), b.personal(at(3)), b.personal(at(2)), b.service(at(5)), b.service(at(6)), b.service(func(tok *token.Token) {
		tok.Kind, tok.Workspace = token.Workspace, bedWorkspace
	}), b.personal(func(tok *token.Token) { tok.Owner = bedDeactivated }))
	for want, list := range map[string]func() ([]token.Token, error){
		"token-002 token-003 token-001": func() ([]token.Token, error) { return b.PersonalTokens(t.Context(), bedOrg, bedMember) },
		"token-007":                     func() ([]token.Token, error) { return b.PersonalTokens(t.Context(), bedOrg, bedDeactivated) },
		"token-005 token-004":           func() ([]token.Token, error) { return b.ServiceTokens(t.Context(), bedOrg, token.Organization) },
		"token-006":                     func() ([]token.Token, error) { return b.ServiceTokens(t.Context(), bedOrg, token.Workspace) },
		"":                              func() ([]token.Token, error) { return b.ServiceTokens(t.Context(), bedOrg, token.Personal) },
	} {
		got, err := list()
		if err != nil || ids(got) != want {
			t.Errorf("list = %q, %v, want %q", ids(got), err, want)
		}
	}
}

func findsLiveNames(t *testing.T, b *tokenBed) {
	ctx := t.Context()
	named := func(name string, change func(*token.Token)) func(*token.Token) {
		return func(tok *token.Token) {
			tok.Name = name
			if change != nil {
				change(tok)
			}
		}
	}
	b.add(t,
		b.personal(named("Élan", nil)),
		b.personal(named("soon", func(tok *token.Token) { tok.ExpiresAt = b.now.Add(time.Millisecond) })),
		b.personal(named("gone", func(tok *token.Token) { tok.ExpiresAt = b.now })),
		b.personal(named("dead", func(tok *token.Token) { tok.DeletedAt = b.now })),
		b.personal(named("longer", nil)),
		b.personal(named("else", func(tok *token.Token) { tok.Owner = bedDeactivated })),
		b.service(named("serv", nil)),
		b.service(named("work", func(tok *token.Token) { tok.Kind, tok.Workspace = token.Workspace, bedWorkspace })),
		b.service(named("away", func(tok *token.Token) { tok.Kind, tok.Workspace = token.Workspace, "ws-x" })),
	)
	personal := token.Token{Organization: bedOrg, Kind: token.Personal, Owner: bedMember, Workspace: "any"}
	organization := token.Token{Organization: bedOrg, Kind: token.Organization}
	workspace := token.Token{Organization: bedOrg, Kind: token.Workspace, Workspace: bedWorkspace}
	for _, c := range []struct {
		like  token.Token
		name  string
		taken bool
	}{
		{personal, "ÉLAN", true}, {personal, "élan", true}, {personal, "Elan", false}, {personal, "SOON", true},
		{personal, "gone", false}, {personal, "dead", false}, {personal, "else", false}, {personal, "serv", false},
		{organization, "SERV", true}, {organization, "work", false}, {organization, "Élan", false},
		{workspace, "Work", true}, {workspace, "away", false}, {workspace, "serv", false},
	} {
		c.like.Name = c.name
		if taken, err := b.TokenNameTaken(ctx, c.like, b.now); err != nil || taken != c.taken {
			t.Errorf("%s %q: taken = %v, %v", c.like.Kind, c.name, taken, err)
		}
	}
}

// readsLiveTokensInParts gives ids that other systems may have made, too, and more tokens than are read at once.
func readsLiveTokensInParts(t *testing.T, b *tokenBed) {
	var want []string
	for _, end := range []string{"", "-0", "9", "A", "U", "V", "Z", "a", "z", "{", "~", "é", " "} {
		tok := b.service(func(s *token.Token) { s.ID = "imported" + end })
		b.add(t, tok)
		want = append(want, tok.ID)
	}
	odd := b.personal(func(s *token.Token) {
		s.Name, s.Hint, s.Legacy, s.ExpiresAt = "one\x1ftwo\x1f", "…é\x1fb\x1f", true, b.now.Add(time.Hour)
	})
	b.add(t, odd, b.service(func(s *token.Token) { s.DeletedAt = b.now }))
	want = append(want, odd.ID)
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		for i := range 300 {
			tok := b.service(func(tok *token.Token) { tok.Name += strings.Repeat("x", i%7) })
			if err := tx.InsertToken(ctx, tok, token.Digest(tok.ID), ""); err != nil {
				return err
			}
			want = append(want, tok.ID)
		}
		return nil
	})
	slices.Sort(want)
	for _, parts := range []int{1, 2, 3, 4, 62} {
		var got []string
		for i := range parts {
			err := b.Store.LiveTokens(t.Context(), verify.Part{Number: i, Of: parts}, func(r verify.Record) error {
				got = append(got, r.ID)
				same, err := b.Store.RecordOfDigest(t.Context(), r.Digest)
				if d := diff(same, r); d != "" {
					t.Errorf("as its digest finds it (-), as a live token (+):\n%s", d)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		slices.Sort(got)
		if d := diff(want, got); d != "" {
			t.Errorf("%d parts (-want +got):\n%s", parts, d)
		}
	}
}

func findsEnding(t *testing.T, b *tokenBed) {
	ends := func(d time.Duration) func(*token.Token) {
		return func(tok *token.Token) { tok.ExpiresAt = b.now.Add(d) }
	}
	b.add(t, b.service(ends(3*time.Hour)), b.service(ends(time.Hour)), b.service(ends(0)), b.service(ends(2*time.Hour)),
		b.service(ends(3*time.Hour+time.Millisecond)), b.service(nil), b.personal(ends(2*time.Hour+time.Minute)),
		b.service(func(tok *token.Token) { ends(time.Hour)(tok); tok.DeletedAt = b.now }))
	for limit, want := range map[int]string{9: "token-002 token-004 token-007 token-001", 2: "token-002 token-004"} {
		got, err := b.EndingTokens(t.Context(), bedOrg, "", b.now, b.now.Add(3*time.Hour), limit, 0)
		if err != nil || ids(got) != want {
			t.Errorf("ending = %q, %v, want %q", ids(got), err, want)
		}
	}
}

func findsWorkspaces(t *testing.T, b *tokenBed) {
	if name, err := b.TokenWorkspace(t.Context(), bedOrg, bedWorkspace); err != nil || name != "Workspace 1" {
		t.Errorf("name = %q, %v", name, err)
	}
	for _, id := range []string{bedOtherWorkspace, "unknown", ""} {
		_, err := b.TokenWorkspace(t.Context(), bedOrg, id)
		wantKind(t, err, fault.NotFound)
	}
}

// joinsNames: names come from the token's own organization, and a token outlives both.
func joinsNames(t *testing.T, b *tokenBed) {
	b.add(t, b.personal(func(tok *token.Token) { tok.ID, tok.Owner, tok.Workspace = "stray", bedOtherMember, bedOtherWorkspace }))
	got, err := b.Token(t.Context(), bedOrg, "stray")
	if err != nil || got.OwnerName != "" || got.WorkspaceName != "" || !got.Suspended {
		t.Errorf("token = %+v, %v", got, err)
	}
}

func ids(list []token.Token) string { return strings.Join(tokenIDs(list), " ") }

// searchesPreviousHints has tokens of two organizations with a current secret, one that still works, one that
// expired and one that was ended.
func searchesPreviousHints(t *testing.T, b *tokenBed) {
	late := b.now.Add(time.Hour)
	mine := b.service(func(tok *token.Token) { tok.ID = "mine" })
	foreign := b.service(func(tok *token.Token) { tok.ID, tok.Organization = "foreign", bedOtherOrg })
	owned := b.personal(func(tok *token.Token) { tok.ID = "owned" })
	b.add(t, mine, foreign, owned)
	for _, tok := range []token.Token{mine, foreign, owned} {
		secret := func(name string, ends, ended time.Time) token.SecretState {
			return token.SecretState{Digest: token.Digest(tok.ID + name), Hint: "lkoat_…" + name, MadeAt: b.now, EndsAt: ends, EndedAt: ended}
		}
		b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
			return tx.SaveTokenSecrets(ctx, tok, []token.SecretState{secret("aNew", time.Time{}, time.Time{}), secret("aOld", late, time.Time{}),
				secret("past", b.now.Add(-time.Minute), time.Time{}), secret("dead", late, b.now)})
		})
	}
	for _, tt := range []struct{ organization, owner, text, want string }{
		{bedOrg, "", "aNew", "mine owned"}, {bedOrg, "", "aOld", "mine owned"}, {bedOrg, "", "lkoat_...aOld", "mine owned"},
		{bedOrg, "", "past", ""}, {bedOrg, "", "dead", ""}, {bedOrg, bedMember, "aOld", "owned"}, {bedOrg, bedOtherMember, "aOld", ""},
		{bedOtherOrg, "", "aOld", "foreign"},
	} {
		held, err := b.SearchTokens(t.Context(), tt.organization, tt.owner, tt.text, 9)
		got := account.TokenIDs(held)
		slices.Sort(got)
		if strings.Join(got, " ") != tt.want || err != nil {
			t.Errorf("%+v finds %q, %v", tt, got, err)
		}
		if tt.owner != "" {
			continue
		}
		got, err = b.InventoryIDs(t.Context(), tt.organization, token.Filter{Text: tt.text}, b.now)
		slices.Sort(got)
		if strings.Join(got, " ") != tt.want || err != nil {
			t.Errorf("the inventory for %+v: %q, %v", tt, got, err)
		}
	}
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteToken(ctx, bedOrg, "mine") })
	if held, err := b.SearchTokens(t.Context(), bedOrg, "", "aOld", 9); err != nil || len(held) != 1 {
		t.Errorf("after the token was deleted: %v, %v", account.TokenIDs(held), err)
	}
}

// readsSecretsThatMayWork has a token with a secret of each kind.
func readsSecretsThatMayWork(t *testing.T, b *tokenBed) {
	tok := b.service(nil)
	b.add(t, tok)
	previous := func(name string, ends, ended time.Time) token.SecretState {
		return token.SecretState{Digest: token.Digest(name), Hint: name, MadeAt: b.now, FirstUsedAt: b.now, EndsAt: ends, EndedAt: ended}
	}
	late := b.now.Add(time.Hour)
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		return tx.SaveTokenSecrets(ctx, tok, []token.SecretState{{Digest: token.Digest("current"), Hint: "current", MadeAt: b.now},
			previous("works", late, time.Time{}), previous("over", b.now.Add(-time.Minute), time.Time{}), previous("ended", b.now, b.now)})
	})
	for _, parts := range []int{1, 3} {
		var live []string
		for i := range parts {
			err := b.Store.LiveTokens(t.Context(), verify.Part{Number: i, Of: parts}, func(r verify.Record) error {
				same, err := b.Store.RecordOfDigest(t.Context(), r.Digest)
				if d := diff(same, r); d != "" || !r.WatchUntil.Equal(late) {
					t.Errorf("watched until %v, as its digest finds it (-), as a live token (+):\n%s", r.WatchUntil, d)
				}
				live = append(live, fmt.Sprint(r.Hint, " ", r.Previous, " ", r.Fresh))
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		slices.Sort(live)
		if d := diff([]string{"current false true", "works true false"}, live); d != "" {
			t.Errorf("%d parts (-want +got):\n%s", parts, d)
		}
	}
}

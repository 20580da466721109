package signin_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/signin"
	"latchkey/internal/store"
)

func TestSignIn_EveryFailureGetsTheSameAnswerAfterTheSameWork(t *testing.T) {
	f := newFixture(t)
	for name, c := range map[string]struct{ email, password string }{
		"wrong password":        {ada, wrong},
		"unknown account":       {nobody, password},
		"deactivated":           {gone, password},
		"deactivated, wrong":    {gone, wrong},
		"no password":           {external, password},
		"no password, empty":    {external, ""},
		"empty":                 {"", ""},
		"password far too long": {ada, strings.Repeat("x", signin.MaxPassword+1)},
		"not text":              {"\xff\x00@acme.example", password},
	} {
		t.Run(name, func(t *testing.T) {
			before, dummies, logged := f.hasher.checked.Load(), f.hasher.dummies.Load(), len(f.events(t))
			err := f.try(t, c.email, c.password, "203.0.113."+fmt.Sprint(len(name)))
			if got := wantKind(t, err, fault.Unauthenticated); got.Message != "Incorrect email or password." || got.Cause != nil {
				t.Errorf("answer = %v", got)
			}
			if n := f.hasher.checked.Load() - before; n != 1 {
				t.Errorf("%d hashes checked, want 1", n)
			}
			if n := f.hasher.dummies.Load() - dummies; (n == 0) != (name == "wrong password") {
				t.Errorf("checked against %d dummies; only an account that can sign in has its own hash checked", n)
			}
			if n := len(f.events(t)) - logged; n != 1 {
				t.Errorf("%d events, want 1", n)
			}
		})
	}
	if n := f.count(t, `SELECT count(*) FROM sessions`); n != 0 {
		t.Errorf("%d sessions after failures", n)
	}
}

func TestSignIn_StartsASessionOfTheMember(t *testing.T) {
	f := newFixture(t)
	started := f.mustSignIn(t, "  ADA@acme.example ", "")
	want := signin.Session{ID: started.Session.ID, Member: f.ids[ada], Organization: f.org,
		CreatedAt: f.clock.Now(), LastSeenAt: f.clock.Now(), IP: home, UserAgent: "Firefox",
		Proof: actor.Proof{How: actor.ByPassword, At: f.clock.Now()}}
	got, err := f.Lookup(t.Context(), started.Secret)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("session (-want +got):\n%s%v", diff, err)
	}
	if len(started.Secret) != 43 || strings.Contains(started.Secret, started.Session.ID) {
		t.Errorf("secret has %d characters, want 43 that do not hold the id", len(started.Secret))
	}
	if n := f.count(t, `SELECT last_seen_at FROM members WHERE id = $1`, f.ids[ada]); n != int(f.clock.ms.Load()) {
		t.Errorf("member last seen at %d", n)
	}
}

func TestSignIn_AlwaysMakesANewSessionAndEndsThePreviousOne(t *testing.T) {
	f := newFixture(t)
	first := f.mustSignIn(t, ada, "")
	second := f.mustSignIn(t, bo, first.Secret)
	if first.Secret == second.Secret || first.Session.ID == second.Session.ID {
		t.Fatal("a session was used again")
	}
	f.wantLive(t, first, false)
	f.wantLive(t, second, true)
	if e := f.events(t); len(e) != 3 || e[1].Action != audit.SignedOut || e[1].ActorID != f.ids[ada] || e[1].Target.ID != first.Session.ID {
		t.Errorf("the log does not tell that the first session ended: %+v", e)
	}
}

func TestSignIn_FailureLeavesThePreviousSession(t *testing.T) {
	f := newFixture(t)
	first := f.mustSignIn(t, ada, "")
	_, err := f.SignIn(t.Context(), ada, wrong, signin.Browser{Session: first.Secret}, from(home))
	wantKind(t, err, fault.Unauthenticated)
	f.wantLive(t, first, true)
}

func TestSignIn_APlantedSecretIsNeverAdopted(t *testing.T) {
	f := newFixture(t)
	planted := strings.Repeat("A", 43) // well-formed, known to the attacker
	started := f.mustSignIn(t, ada, planted)
	if started.Secret == planted {
		t.Fatal("the planted secret became the session's")
	}
	_, err := f.Lookup(t.Context(), planted)
	wantKind(t, err, fault.Unauthenticated)
	f.wantLive(t, started, true)
}

func TestSignIn_IsRefusedWhenTheMemberChangesWhileThePasswordIsChecked(t *testing.T) {
	for name, change := range map[string]string{
		"deactivated":      `UPDATE members SET status = 'deactivated'`,
		"password changed": `UPDATE members SET password_hash = 'other'`,
		"deleted":          `DELETE FROM members`,
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.Service = signin.New(store.SignIns(f.store), meanwhile{f.hasher, func() { f.exec(t, change) }}, access.BuiltIn())
			wantKind(t, f.try(t, ada, password, home), fault.Unauthenticated)
			if n := f.count(t, `SELECT count(*) FROM sessions`); n != 0 {
				t.Errorf("%d sessions", n)
			}
		})
	}
}

// meanwhile lets something happen while a password is checked.
type meanwhile struct {
	signin.Hasher
	happens func()
}

func (m meanwhile) Matches(ctx context.Context, hash, password string) (bool, error) {
	match, err := m.Hasher.Matches(ctx, hash, password)
	m.happens()
	return match, err
}

func TestSignIn_EventsSayWhoAndFromWhere(t *testing.T) {
	f := newFixture(t)
	wantKind(t, f.try(t, "Nobody@ACME.example\x00\u202e", wrong, home), fault.Unauthenticated)
	started := f.mustSignIn(t, bo, "")
	if err := f.SignOut(t.Context(), started.Secret, from("203.0.113.9")); err != nil {
		t.Fatal(err)
	}
	events := f.events(t)
	var got []string
	for _, e := range events {
		if e.Organization != f.org || e.Time.Sub(f.clock.Now()).Abs() > 10*time.Millisecond ||
			e.Origin.RequestID != "request-1" || e.Origin.UserAgent != "Firefox" {
			t.Errorf("event lacks its origin: %+v", e)
		}
		got = append(got, strings.Join([]string{string(e.Target.Type), string(e.Action), string(e.ActorType), e.ActorEmail,
			e.Target.Name, e.Origin.IP}, " "))
	}
	want := []string{
		"session sign_in_failed system  nobody@acme.example " + home,
		"session signed_in user bo@acme.example bo@acme.example " + home,
		"session signed_out user bo@acme.example bo@acme.example 203.0.113.9",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if events[1].Target.ID != started.Session.ID || events[2].Target.ID != started.Session.ID || events[2].ActorID != f.ids[bo] {
		t.Errorf("events name another session or actor: %+v", events)
	}
}

func TestSignIn_WhatIsNoAddressIsNotLogged(t *testing.T) {
	f := newFixture(t)
	for _, typed := range []string{"correct horse battery", "p@ssword-of-mine", "@"} {
		wantKind(t, f.try(t, typed, "x", home), fault.Unauthenticated)
	}
	long := strings.Repeat("é", 300) + "@acme.example"
	wantKind(t, f.try(t, long, "x", home), fault.Unauthenticated)
	for _, e := range f.events(t) {
		if e.Target.Name != "not an email address" {
			t.Errorf("the log holds %q", e.Target.Name)
		}
	}
}

func TestSignIn_BeforeTheInstallationIsSetUpIsRefusedLikeAnyOther(t *testing.T) {
	st, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "empty.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	_, err = signin.New(store.SignIns(st), cheap(), access.BuiltIn()).SignIn(t.Context(), ada, password, signin.Browser{}, from(home))
	wantKind(t, err, fault.Unauthenticated)
}

func TestSignIn_SecretAndPasswordAreNowhereInTheDatabase(t *testing.T) {
	f := newFixture(t)
	started := f.mustSignIn(t, ada, "")
	wantKind(t, f.try(t, ada, wrong, home), fault.Unauthenticated)
	f.wantLive(t, started, true)
	decoded, err := base64.RawURLEncoding.DecodeString(started.Secret)
	if err != nil || len(decoded) != 32 {
		t.Fatalf("the secret has %d bytes, %v", len(decoded), err)
	}
	files, err := filepath.Glob(f.path + "*")
	if err != nil || len(files) < 2 {
		t.Fatalf("files = %v, %v; want the database and its log", files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for name, canary := range map[string]string{"secret": started.Secret, "decoded secret": string(decoded),
			"password": password, "wrong password": wrong} {
			if bytes.Contains(content, []byte(canary)) {
				t.Errorf("%s holds the %s", filepath.Base(file), name)
			}
		}
	}
	if n := f.count(t, `SELECT count(*) FROM sessions WHERE length(digest) = 32`); n != 1 {
		t.Errorf("%d sessions with a digest, want 1: the search above proves nothing", n)
	}
}

func TestStarted_PrintsWithoutItsSecret(t *testing.T) {
	s := signin.Started{Session: signin.Session{ID: "public"}, Secret: "canary"}
	asJSON, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%+v %#v %s %v", s, s, s, &s), string(asJSON)} {
		if strings.Contains(text, "canary") || !strings.Contains(text, "public") {
			t.Errorf("prints as %q", text)
		}
	}
}

func TestSession_EndsAtWhicheverLimitComesFirst(t *testing.T) {
	made := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	s := signin.Session{CreatedAt: made, LastSeenAt: made.Add(time.Hour)}
	if want := made.Add(25 * time.Hour); !s.EndsAt().Equal(want) {
		t.Errorf("EndsAt = %v, want %v", s.EndsAt(), want)
	}
	s.LastSeenAt = made.Add(signin.AbsoluteLimit - time.Minute)
	if want := made.Add(signin.AbsoluteLimit); !s.EndsAt().Equal(want) || s.Live(want) || !s.Live(want.Add(-time.Millisecond)) {
		t.Errorf("EndsAt = %v, want %v, exactly", s.EndsAt(), want)
	}
}

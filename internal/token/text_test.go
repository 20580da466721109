package token_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/token"
)

// TestTexts_AreChangedByWhoMayDelete lets each kind of caller rename and describe each kind of token.
func TestTexts_AreChangedByWhoMayDelete(t *testing.T) {
	w := newWorld(t)
	own, err := w.GeneratePersonal(t.Context(), w.editor.Caller(), token.NewPersonal{Name: "probe", Workspace: "staging", Scope: "read_only",
		Description: " for\nme "})
	must(t, err)
	if own.Description != "for\nme" {
		t.Errorf("description %q", own.Description)
	}
	service, err := w.GenerateOrganization(t.Context(), w.admin.Caller(), token.NewOrganization{Name: "siem"})
	must(t, err)
	for _, c := range []struct {
		name string
		by   actor.Standing
		id   string
		ok   bool
	}{
		{"owner", w.editor, own.ID, true}, {"Admin", w.admin, own.ID, true}, {"other member", w.viewer, own.ID, false},
		{"other organization", w.stranger, own.ID, false}, {"Admin, service", w.admin, service.ID, true},
		{"member, service", w.editor, service.ID, false}, {"Admin, none", w.admin, "none", false},
	} {
		renamed, err := w.Rename(t.Context(), c.by.Caller(), c.id, " "+c.name+" ")
		described, err2 := w.Describe(t.Context(), c.by.Caller(), c.id, "by "+c.name)
		if !c.ok {
			if !fault.Is(err, fault.NotFound) || !fault.Is(err2, fault.NotFound) {
				t.Errorf("%s: %v, %v", c.name, err, err2)
			}
			continue
		}
		stored, readErr := w.Get(t.Context(), w.admin, c.id)
		if err != nil || err2 != nil || readErr != nil || renamed.Name != c.name || described.Name != c.name ||
			stored.Name != c.name || stored.Description != "by "+c.name {
			t.Errorf("%s: %+v, %v, %v, %v", c.name, stored, err, err2, readErr)
		}
	}
	events, err := w.store.RecentEvents(t.Context(), "acme", "", 100)
	must(t, err)
	newest := events[0]
	if newest.Action != "updated" || newest.Target.Type != "service_access_token" || newest.Target.ID != service.ID ||
		!strings.Contains(newest.After, `"description":"by Admin, service"`) || strings.Contains(newest.Before, `"description"`) {
		t.Errorf("newest event: %+v", newest)
	}
	_, err = w.Describe(t.Context(), w.admin.Caller(), service.ID, "by Admin, service")
	again, readErr := w.store.RecentEvents(t.Context(), "acme", "", 1)
	if err != nil || readErr != nil || again[0].ID != newest.ID {
		t.Errorf("a change that changes nothing has the event %+v: %v", again[0], err)
	}
}

func TestTexts_MustBeTexts(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"one", "two"} {
		_, err := w.GeneratePersonal(t.Context(), w.editor.Caller(), token.NewPersonal{Name: name, Workspace: "staging", Scope: "read_only",
			ExpiresAt: w.clock().Add(time.Hour)})
		must(t, err)
	}
	mine, err := w.Personal(t.Context(), w.editor, token.Listing{Sort: token.ByName})
	must(t, err)
	one := mine.Tokens[0].ID
	for text, want := range map[string]string{"": "name", "TWO": "name", strings.Repeat("x", 65): "name", "a\u202eb": "name", "ONE": ""} {
		_, err := w.Rename(t.Context(), w.editor.Caller(), one, text)
		wantField(t, text, err, want)
	}
	for text, want := range map[string]string{"": "", strings.Repeat("é", 200): "", strings.Repeat("é", 201): "description",
		"a\u202eb": "description"} {
		_, err := w.Describe(t.Context(), w.editor.Caller(), one, text)
		wantField(t, text, err, want)
	}
	secret, err := token.Generate(token.Workspace, rand.Reader)
	must(t, err)
	for _, text := range []string{secret.Reveal(), "use " + secret.Reveal() + ".\nbye"} {
		_, err := w.Describe(t.Context(), w.editor.Caller(), one, text)
		wantField(t, "a secret", err, "description")
		_, err = w.GeneratePersonal(t.Context(), w.editor.Caller(), token.NewPersonal{Name: secret.Reveal(), Workspace: "staging",
			Scope: "read_only"})
		wantField(t, "a secret as the name", err, "name")
	}
	w.wait(2 * time.Hour) // the name of a token that has expired is free
	if _, err := w.Rename(t.Context(), w.editor.Caller(), one, "two"); err != nil {
		t.Errorf("a free name: %v", err)
	}
	if _, err := w.Delete(t.Context(), w.editor.Caller(), one); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Rename(t.Context(), w.editor.Caller(), one, "late"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a deleted token: %v", err)
	}
	_, err = w.GeneratePersonal(t.Context(), w.editor.Caller(), token.NewPersonal{Name: "three", Workspace: "staging", Scope: "read_only",
		Description: strings.Repeat("x", 201)})
	wantField(t, "generate", err, "description")
}

// wantField checks that err is about one field, or nil for "".
func wantField(t *testing.T, what string, err error, field string) {
	t.Helper()
	f := fault.Of(err)
	switch {
	case field == "" && err != nil:
		t.Errorf("%q: %v", what, err)
	case field != "" && (f == nil || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Path != field):
		t.Errorf("%q: %v, want a problem of %s", what, err, field)
	}
}

// TestSuspend_ByWhoMayDelete suspends and resumes as each kind of caller, and reads the events.
func TestSuspend_ByWhoMayDelete(t *testing.T) {
	w := newWorld(t)
	own, err := w.GeneratePersonal(t.Context(), w.editor.Caller(), token.NewPersonal{Name: "probe", Workspace: "staging", Scope: "read_only",
		ExpiresAt: w.clock().Add(time.Hour)})
	must(t, err)
	service, err := w.GenerateOrganization(t.Context(), w.admin.Caller(), token.NewOrganization{Name: "siem"})
	must(t, err)
	for _, c := range []struct {
		name string
		by   actor.Standing
		id   string
		ok   bool
	}{
		{"owner", w.editor, own.ID, true}, {"Admin", w.admin, own.ID, true}, {"other member", w.viewer, own.ID, false},
		{"other organization", w.stranger, own.ID, false}, {"Admin, service", w.admin, service.ID, true},
		{"member, service", w.editor, service.ID, false}, {"Admin, none", w.admin, "none", false},
	} {
		suspended, err := w.Suspend(t.Context(), c.by.Caller(), c.id, " by "+c.name+" ")
		if !c.ok {
			_, err2 := w.Resume(t.Context(), c.by.Caller(), c.id)
			if !fault.Is(err, fault.NotFound) || !fault.Is(err2, fault.NotFound) {
				t.Errorf("%s: %v, %v", c.name, err, err2)
			}
			continue
		}
		stored, readErr := w.Get(t.Context(), w.admin, c.id)
		want := token.Suspension{At: w.clock().UTC(), By: c.by.Self(), ByName: strings.ToUpper(c.by.Self()), Reason: "by " + c.name}
		if err != nil || readErr != nil || suspended.Suspension != want || stored.Suspension != want ||
			stored.State(w.clock()) != token.Suspended {
			t.Errorf("%s: %+v, %v, %v", c.name, stored.Suspension, err, readErr)
		}
		if _, err := w.Suspend(t.Context(), c.by.Caller(), c.id, ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s again: %v", c.name, err)
		}
		resumed, err := w.Resume(t.Context(), c.by.Caller(), c.id)
		if err != nil || resumed.State(w.clock()) == token.Suspended {
			t.Errorf("%s resumes: %+v, %v", c.name, resumed, err)
		}
		if _, err := w.Resume(t.Context(), c.by.Caller(), c.id); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s resumes again: %v", c.name, err)
		}
	}
	events, err := w.store.RecentEvents(t.Context(), "acme", "", 2)
	must(t, err)
	const described = `"suspended":{"by":`
	if events[1].Action != "suspended" || !strings.Contains(events[1].After, described) || strings.Contains(events[1].Before, described) ||
		events[0].Action != "resumed" || strings.Contains(events[0].After, described) || !strings.Contains(events[0].Before, described) {
		t.Errorf("newest events: %+v", events)
	}
	for text, want := range map[string]string{strings.Repeat("é", 201): "reason", "a\u202eb": "reason"} {
		_, err := w.Suspend(t.Context(), w.editor.Caller(), own.ID, text)
		wantField(t, text, err, want)
	}
	w.wait(time.Hour)
	if _, err := w.Suspend(t.Context(), w.editor.Caller(), own.ID, ""); !fault.Is(err, fault.Conflict) {
		t.Errorf("an expired token: %v", err)
	}
}

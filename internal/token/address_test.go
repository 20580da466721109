package token_test

import (
	"strings"
	"testing"

	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/token"
)

// Every kind of token is generated with addresses, and those who may delete it change them.
func TestSetAddresses_IsForWhoMayDelete(t *testing.T) {
	w := newWorld(t)
	own, err := w.GeneratePersonal(t.Context(), w.editor.Caller(), token.NewPersonal{Name: "probe", Workspace: "staging", Scope: "read_only",
		Addresses: "10.0.0.0/8 ::ffff:192.0.2.7\n10.1.0.0/16"})
	must(t, err)
	if own.Addresses.String() != "10.0.0.0/8,192.0.2.7/32" {
		t.Errorf("generated with %q", own.Addresses)
	}
	service, err := w.GenerateOrganization(t.Context(), w.admin.Caller(), token.NewOrganization{Name: "siem", Addresses: "::/0"})
	must(t, err)
	workspace, err := w.GenerateWorkspace(t.Context(), w.admin.Caller(),
		token.NewWorkspace{Name: "ci", Workspace: "staging", Addresses: "10.0.0.1"})
	must(t, err)
	for _, c := range []struct {
		name string
		by   actor.Standing
		id   string
		ok   bool
	}{
		{"owner", w.editor, own.ID, true}, {"Admin", w.admin, own.ID, true}, {"other member", w.viewer, own.ID, false},
		{"other organization", w.stranger, own.ID, false}, {"Admin, service", w.admin, service.ID, true},
		{"Admin, workspace", w.admin, workspace.ID, true}, {"member, service", w.editor, service.ID, false},
		{"Admin, none", w.admin, "none", false},
	} {
		before, readErr := w.store.Token(t.Context(), "acme", c.id)
		changed, err := w.SetAddresses(t.Context(), c.by.Caller(), c.id, "192.0.2.0/24")
		after, _ := w.store.Token(t.Context(), "acme", c.id)
		switch {
		case c.ok && (err != nil || readErr != nil || after.Addresses.String() != "192.0.2.0/24" || !changed.Addresses.Equal(after.Addresses)):
			t.Errorf("%s: %q, %v, %v", c.name, after.Addresses, err, readErr)
		case !c.ok && (!fault.Is(err, fault.NotFound) || !after.Addresses.Equal(before.Addresses)):
			t.Errorf("%s: %q, %v", c.name, after.Addresses, err)
		}
	}
	events, err := w.store.RecentEvents(t.Context(), "acme", "", 1)
	must(t, err)
	if e := events[0]; e.Target.ID != workspace.ID || e.Action != "updated" ||
		!strings.Contains(e.Before, `"allowedAddresses":["10.0.0.1/32"]`) ||
		!strings.Contains(e.After, `"allowedAddresses":["192.0.2.0/24"]`) {
		t.Errorf("event %+v", e)
	}
	_, err = w.SetAddresses(t.Context(), w.admin.Caller(), workspace.ID, "192.0.2.0/24,192.0.2.1")
	again, readErr := w.store.RecentEvents(t.Context(), "acme", "", 1)
	if err != nil || readErr != nil || again[0].ID != events[0].ID {
		t.Errorf("a change that changes nothing has the event %+v: %v", again[0], err)
	}
}

func TestAddresses_AreRefusedTogetherWithEveryOtherMistake(t *testing.T) {
	w := newWorld(t)
	_, err := w.GeneratePersonal(t.Context(), w.editor.Caller(), token.NewPersonal{Workspace: "staging", Scope: "read_only",
		Addresses: "10.0.0.1/8"})
	if f := fault.Of(err); f == nil || len(f.Fields) != 2 || f.Fields[1].Path != "addresses" ||
		!strings.Contains(f.Fields[1].Message, "use 10.0.0.0/8") {
		t.Errorf("%+v", err)
	}
	g := w.made(w.admin, token.NewOrganization{Name: "siem"})
	_, err = w.SetAddresses(t.Context(), w.admin.Caller(), g.ID, "x")
	wantField(t, "a token", err, "addresses")
	wantField(t, "the organization", w.SetAllowedAddresses(t.Context(), w.admin.Caller(), "x"), "addresses")
}

func TestSetAllowedAddresses_IsForAdmins(t *testing.T) {
	w := newWorld(t)
	for name, by := range map[string]actor.Standing{"a member": w.editor, "a viewer": w.viewer} {
		if err := w.SetAllowedAddresses(t.Context(), by.Caller(), "10.0.0.0/8"); !fault.Is(err, fault.Denied) {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, w.SetAllowedAddresses(t.Context(), w.admin.Caller(), "10.0.0.0/8"))
	must(t, w.SetAllowedAddresses(t.Context(), w.admin.Caller(), "192.0.2.1 10.0.0.0/8"))
	if r, err := w.AllowedAddresses(t.Context(), w.editor); err != nil || r.String() != "10.0.0.0/8,192.0.2.1/32" {
		t.Errorf("%q, %v", r, err)
	}
	if r, err := w.AllowedAddresses(t.Context(), w.stranger); err != nil || !r.None() {
		t.Errorf("another organization has %q, %v", r, err)
	}
	events, err := w.store.RecentEvents(t.Context(), "acme", "", 10)
	must(t, err)
	if len(events) < 2 || events[1].After != events[0].Before || events[0].Action != "updated" ||
		events[0].Target.Type != "organization" || events[0].Target.Name == "" ||
		events[0].Before != `{"allowedTokenAddresses":["10.0.0.0/8"]}` ||
		events[0].After != `{"allowedTokenAddresses":["10.0.0.0/8","192.0.2.1/32"]}` {
		t.Errorf("events %+v", events)
	}
}

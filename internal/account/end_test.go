package account_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/invitation"
	"latchkey/internal/provision"
	"latchkey/internal/random"
	"latchkey/internal/signin"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
	"latchkey/internal/token"
)

// doors are all the ways in which the access of a member can end, except those of package
// migration, which has a test of its own.
func doors(b *storetest.Bed) map[string]func(m account.Member) error {
	scim := provision.New(store.Provisions(b.Store), access.BuiltIn(), b.Clock.Now)
	patch := func(value bool) func(m account.Member) error {
		return func(m account.Member) error {
			_, err := scim.PatchUser(b.T.Context(), provider(b), m.ID, active(value))
			return err
		}
	}
	one := func(do func(context.Context, actor.Caller, string) (account.Member, error)) func(m account.Member) error {
		return func(m account.Member) error { _, err := do(b.T.Context(), b.Admin.Caller(), m.ID); return err }
	}
	return map[string]func(m account.Member) error{
		"deleted": func(m account.Member) error {
			_, err := b.Members.Delete(b.T.Context(), b.Admin.Caller(), account.These(m.ID))
			return err
		},
		"deactivated":           one(b.Members.Deactivate),
		"demoted":               one(b.Members.MakeMember),
		"deactivated over SCIM": patch(false),
		"deleted over SCIM":     func(m account.Member) error { return scim.DeleteUser(b.T.Context(), provider(b), m.ID) },
		"replaced as one who is not active": func(m account.Member) error {
			_, err := scim.ReplaceUser(b.T.Context(), provider(b), m.ID, map[string]any{
				"schemas": []any{provision.SchemaUser}, "userName": m.Email, "displayName": m.Name, "active": false})
			return err
		},
	}
}

// active returns the operation that sets the status of a user.
func active(value bool) []provision.Operation {
	return []provision.Operation{{Op: "replace", Path: "active", Value: value, Given: true}}
}

// provider returns a request of the identity provider, which may provision.
func provider(b *storetest.Bed) provision.Call {
	b.T.Helper()
	b.Provisioning(true)
	id := b.Token(func(t *token.Token) { t.Kind, t.Scope, t.Workspace = token.Organization, "", "" })
	by := storetest.Stands(b.T, b.Store, actor.Caller{Ref: actor.Ref{Kind: actor.Token, ID: id}})
	return provision.Call{By: by, Base: "https://latchkey.example/scim/v2"}
}

// invites sends one invitation and returns the secret of its link.
func invites(b *storetest.Bed, by actor.Standing, email string, role access.Role) random.Secret {
	b.T.Helper()
	command := invitation.NewInvitations{Emails: []string{email}, Role: role, Workspaces: []string{b.Prod}}
	out, err := b.Invitations.Invite(b.T.Context(), by.Caller(), command, random.Secret.Reveal)
	b.Must(err)
	if len(out.Sent) != 1 {
		b.T.Fatalf("skipped %v", out.Skipped)
	}
	return random.Secret(out.Sent[0].Link)
}

// bo adds the Admin Bo, who was provisioned and therefore has no password, so that an invitation
// to the address is possible.
func bo(b *storetest.Bed) account.Member {
	b.T.Helper()
	m := account.Member{ID: "bo", Organization: b.Org, Email: "bo@acme.example", Name: "Bo", Role: access.RoleAdmin,
		Status: account.Active, CreatedAt: b.Clock.Now(), UpdatedAt: b.Clock.Now()}
	b.InTx(func(tx *store.Tx) error { return tx.InsertMember(b.T.Context(), m, "") })
	return m
}

func TestEnding_EndsEveryOutstandingCredential(t *testing.T) {
	for name := range doors(storetest.NewBed(t, access.PlanEnterprise)) {
		t.Run(name, func(t *testing.T) {
			b := storetest.NewBed(t, access.PlanEnterprise)
			m := bo(b)
			by := b.Caller(m.ID)
			links := map[string]random.Secret{
				"to the address":                 invites(b, b.Admin, m.Email, access.RoleAdmin),
				"made, as Admin":                 invites(b, by, "cy@acme.example", access.RoleAdmin),
				"sent again, as Admin":           invites(b, b.Admin, "di@acme.example", access.RoleAdmin),
				"made, as Member":                invites(b, by, "eve@acme.example", access.RoleMember),
				"of somebody else, as Admin":     invites(b, b.Admin, "flo@acme.example", access.RoleAdmin),
				"taken over by an Admin, resent": invites(b, by, "gil@acme.example", access.RoleAdmin),
			}
			resend := func(by actor.Standing, email string) random.Secret {
				found, err := b.Invitations.Find(t.Context(), b.Admin, invitation.Query{Search: email})
				b.Must(err)
				sent, err := b.Invitations.Resend(t.Context(), by.Caller(), found.Rows[0].ID, random.Secret.Reveal)
				b.Must(err)
				return random.Secret(sent.Link)
			}
			links["sent again, as Admin"] = resend(by, "di@acme.example")
			links["taken over by an Admin, resent"] = resend(b.Admin, "gil@acme.example")
			ends, err := b.Members.Impact(t.Context(), b.Admin, account.These(m.ID))
			b.Must(err)
			var listed []string
			for _, i := range ends.Invitations {
				listed = append(listed, i.Email)
			}
			if diff := cmp.Diff([]string{"bo@acme.example", "cy@acme.example", "di@acme.example"}, listed); diff != "" {
				t.Error("the confirmation lists", diff)
			}
			n := b.Logged()
			b.Must(doors(b)[name](m))
			var works []string
			for link, secret := range links {
				if _, err := b.Invitations.Accept(t.Context(), secret, "Newcomer", "hash", actor.Origin{}); err == nil {
					works = append(works, link)
				}
			}
			slices.Sort(works)
			want := []string{"made, as Member", "of somebody else, as Admin", "taken over by an Admin, resent"}
			if diff := cmp.Diff(want, works); diff != "" {
				t.Error("links that work", diff)
			}
			var ended []string
			for _, e := range b.Events(audit.TargetInvitation, n) {
				if strings.HasPrefix(e, "deleted ") {
					ended = append(ended, strings.TrimPrefix(e, "deleted "))
				}
			}
			if diff := cmp.Diff(listed, ended); diff != "" {
				t.Error("events", diff)
			}
			sessions, err := b.Store.SessionsOf(t.Context(), m.ID, signin.Limits{Idle: time.Unix(0, 0), Absolute: time.Unix(0, 0)})
			b.Must(err)
			if left := map[bool]int{true: 1, false: 0}[name == "demoted"]; len(sessions) != left {
				t.Errorf("%d sessions, want %d", len(sessions), left)
			}
		})
	}
}

func TestEnding_ReactivationDoesNotBringSessionsBack(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	m := b.Member("Bo", b.Prod)
	by := b.Caller(m.ID)
	_, err := b.Members.Deactivate(t.Context(), b.Admin.Caller(), m.ID)
	b.Must(err)
	_, err = b.Members.Reactivate(t.Context(), b.Admin.Caller(), m.ID)
	b.Must(err)
	_, err = b.Members.Rename(t.Context(), by.Caller(), "Bo again")
	storetest.WantKind(t, err, fault.Unauthenticated)
}

func TestEnding_AProviderThatAddsSomebodyInactiveEndsTheirInvitation(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	secret := invites(b, b.Admin, "new@acme.example", access.RoleAdmin)
	scim := provision.New(store.Provisions(b.Store), access.BuiltIn(), b.Clock.Now)
	made, err := scim.CreateUser(t.Context(), provider(b), map[string]any{
		"schemas": []any{provision.SchemaUser}, "userName": "new@acme.example", "active": false})
	b.Must(err)
	_, err = scim.PatchUser(t.Context(), provider(b), made.ID, active(true))
	b.Must(err)
	_, err = b.Invitations.Accept(t.Context(), secret, "New", "hash", actor.Origin{})
	storetest.WantKind(t, err, fault.Conflict)
}

// An invitation that has expired is not outstanding, so it is not ended, but a new link would
// make it so.
func TestEnding_AnExpiredInvitationOfSomebodyDeactivatedGetsNoNewLink(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	m := bo(b)
	invites(b, b.Admin, m.Email, access.RoleAdmin)
	b.Clock.Pass(invitation.Life + time.Hour)
	b.Must(doors(b)["deactivated over SCIM"](m))
	found, err := b.Invitations.Find(t.Context(), b.Admin, invitation.Query{Search: m.Email})
	b.Must(err)
	n := b.Logged()
	_, err = b.Invitations.Resend(t.Context(), b.Caller(b.Ada.ID).Caller(), found.Rows[0].ID, random.Secret.Reveal)
	storetest.WantKind(t, err, fault.Conflict)
	if logged := b.Events(audit.TargetInvitation, n); len(logged) > 0 {
		t.Error(logged)
	}
}

func TestProvider_DoesNotGiveTheRoleAdminBack(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	scim := provision.New(store.Provisions(b.Store), access.BuiltIn(), b.Clock.Now)
	on := map[string]func(m account.Member) error{
		"PATCH": func(m account.Member) error {
			_, err := scim.PatchUser(t.Context(), provider(b), m.ID, active(true))
			return err
		},
		"PUT": func(m account.Member) error {
			_, err := scim.ReplaceUser(t.Context(), provider(b), m.ID, map[string]any{
				"schemas": []any{provision.SchemaUser}, "userName": m.Email, "active": true})
			return err
		},
		"POST": func(m account.Member) error {
			_, err := scim.CreateUser(t.Context(), provider(b), map[string]any{
				"schemas": []any{provision.SchemaUser}, "userName": m.Email})
			return err
		},
	}
	for name, reactivate := range on {
		for _, off := range []string{"deactivated", "deactivated over SCIM", "deleted over SCIM"} {
			if gone := off == "deleted over SCIM"; gone && name != "POST" || off == "deactivated over SCIM" && name == "POST" {
				continue // for the protocol the user is gone, or exists
			}
			t.Run(off+", then "+name, func(t *testing.T) {
				b.T = t
				m := b.Member("Bo-" + strings.ReplaceAll(name+off, " ", "-"))
				b.Must(doors(b)["deactivated"](m)) // so that provisioning is the only way back
				_, err := b.Members.Reactivate(t.Context(), b.Admin.Caller(), m.ID)
				b.Must(err)
				_, err = b.Members.MakeAdmin(t.Context(), b.Caller(b.Ada.ID).Caller(), m.ID)
				b.Must(err)
				b.Must(doors(b)[off](m))
				ended := b.Clock.Now()
				b.Clock.Pass(time.Hour)
				n := b.Logged()
				b.Must(reactivate(m))
				got, err := b.Members.Details(t.Context(), b.Admin, m.ID)
				b.Must(err)
				if got.Role != access.RoleMember || got.Status != account.Active || !got.AdminUntil.Equal(ended) {
					t.Errorf("%s, %s, Admin until %s, want %s", got.Role, got.Status, got.AdminUntil, ended)
				}
				want := []string{"changed_permission " + m.Name, "reactivated " + m.Name}
				if diff := cmp.Diff(want, b.Events(audit.TargetUser, n)); diff != "" {
					t.Error(diff)
				}
				if !b.Allows(m.ID, b.Prod, access.ViewWorkspace, "") || b.Allows(m.ID, b.Prod, "source:edit", "") {
					t.Error("not the baseline")
				}
			})
		}
	}
}

func TestAdminUntil_IsWhenTheRoleWasLastGoodForAnything(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	m := bo(b)
	until := func() time.Time {
		t.Helper()
		got, err := b.Members.Details(t.Context(), b.Admin, m.ID)
		b.Must(err)
		b.Clock.Pass(time.Hour)
		return got.AdminUntil
	}
	change := func(do func(context.Context, actor.Caller, string) (account.Member, error)) {
		t.Helper()
		_, err := do(t.Context(), b.Caller(b.Ada.ID).Caller(), m.ID)
		b.Must(err)
	}
	if !until().IsZero() {
		t.Error("one who is an Admin")
	}
	off := b.Clock.Now()
	change(b.Members.Deactivate)
	if !until().Equal(off) {
		t.Error("deactivated")
	}
	change(b.Members.MakeMember)
	if !until().Equal(off) {
		t.Error("then demoted")
	}
	change(b.Members.Reactivate)
	if !until().Equal(off) {
		t.Error("then reactivated")
	}
	change(b.Members.MakeAdmin)
	if !until().IsZero() {
		t.Error("an Admin again")
	}
}

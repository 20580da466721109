package invitation_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
	"latchkey/internal/policy"
	"latchkey/internal/random"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

func link(secret random.Secret) string { return "https://latchkey.example/?" + secret.Reveal() }

func secretOf(sent invitation.Sent) random.Secret {
	_, secret, _ := strings.Cut(sent.Link, "?")
	return random.Secret(secret)
}

// invite invites one address into Production.
func invite(b *storetest.Bed, email string) invitation.Sent {
	b.T.Helper()
	command := invitation.NewInvitations{Emails: []string{email}, Role: "member", Workspaces: []string{b.Prod}}
	out, err := b.Invitations.Invite(b.T.Context(), b.Admin.Caller(), command, link)
	b.Must(err)
	if len(out.Sent) != 1 {
		b.T.Fatalf("sent %v, skipped %v", out.Sent, out.Skipped)
	}
	return out.Sent[0]
}

func accept(b *storetest.Bed, secret random.Secret) (account.Member, error) {
	return b.Invitations.Accept(b.T.Context(), secret, "Newcomer", "hash", actor.Origin{IP: "192.0.2.1"})
}

func TestInvite_ReportsEachAddress(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	invite(b, "pending@acme.example")
	out, err := b.Invitations.Invite(t.Context(), b.Admin.Caller(), invitation.NewInvitations{
		Emails: []string{" One@acme.example", "two@acme.example", "three@acme.example", "four@acme.example", "one@ACME.example",
			"ada@acme.example", "pending@acme.example"},
		Role: "member", Workspaces: []string{b.Prod}}, link)
	b.Must(err)
	var sent []string
	for _, s := range out.Sent {
		sent = append(sent, s.Email)
	}
	if diff := cmp.Diff([]string{"one@acme.example", "two@acme.example", "three@acme.example", "four@acme.example"}, sent); diff != "" {
		t.Error(diff)
	}
	want := []invitation.Skipped{{Email: "ada@acme.example", Reason: "Already a member."},
		{Email: "pending@acme.example", Reason: "Already invited. Resend the invitation to get a new link."}}
	if diff := cmp.Diff(want, out.Skipped); diff != "" {
		t.Error(diff)
	}
	if len(b.Mail.Texts) != 5 || !strings.Contains(b.Mail.Texts[1], out.Sent[0].Link) || !out.Sent[0].Mailed {
		t.Errorf("mails %q", b.Mail.Texts)
	}
}

func TestInvite_ReportsEveryProblemAndDoesNothing(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	g := b.Group("From the provider")
	b.MarkExternal(g.ID)
	n := b.Logged()
	var many []string
	for i := range 101 {
		many = append(many, fmt.Sprintf("m%d@acme.example", i))
	}
	good := []string{"good@acme.example"}
	for path, command := range map[string]invitation.NewInvitations{
		"emails":      {Emails: []string{"good@acme.example", "not", "Bo <bo@acme.example>"}, Role: "member", Workspaces: []string{b.Prod}},
		"emails ":     {Role: "admin"},
		"emails  ":    {Emails: many, Role: "admin"},
		"emails   ":   {Emails: []string{""}, Role: "admin"},
		"role":        {Emails: good, Role: "owner", Workspaces: []string{b.Prod}},
		"role ":       {Emails: good, Workspaces: []string{b.Prod}},
		"workspaces":  {Emails: good, Role: "member"},
		"workspaces ": {Emails: good, Role: "member", Workspaces: []string{b.Prod, "elsewhere"}},
		"groups":      {Emails: good, Role: "member", Groups: []string{"elsewhere"}},
		"groups ":     {Emails: good, Role: "member", Groups: []string{g.ID}},
	} {
		_, err := b.Invitations.Invite(t.Context(), b.Admin.Caller(), command, link)
		storetest.WantField(t, err, strings.TrimSpace(path))
	}
	if b.Logged() != n || len(b.Mail.Texts) != 0 {
		t.Error("something was changed")
	}
	admin := invitation.NewInvitations{Emails: []string{"root@acme.example"}, Role: "admin"}
	_, err := b.Invitations.Invite(t.Context(), b.Admin.Caller(), admin, link)
	b.Must(err) // an Admin needs neither group nor workspace
}

func TestInvite_KeepsToThePlan(t *testing.T) {
	b := storetest.NewBed(t, access.PlanStarter) // ten members, Ada among them
	command := invitation.NewInvitations{Role: "member", Workspaces: []string{b.Prod}}
	for i := range 8 {
		command.Emails = append(command.Emails, fmt.Sprintf("m%d@acme.example", i))
	}
	first, err := b.Invitations.Invite(t.Context(), b.Admin.Caller(), command, link)
	b.Must(err)
	command.Emails = []string{"a@acme.example", "b@acme.example"}
	_, err = b.Invitations.Invite(t.Context(), b.Admin.Caller(), command, link)
	storetest.WantKind(t, err, fault.Denied)
	invite(b, "last@acme.example")
	// Another member is added, so the tenth seat is taken when the last one accepts.
	b.Member("Bo")
	for _, sent := range first.Sent {
		_, err = accept(b, secretOf(sent))
		b.Must(err)
	}
	b.Clock.Pass(time.Hour)
	page, err := b.Invitations.Find(t.Context(), b.Admin, invitation.Query{State: invitation.Pending})
	b.Must(err)
	last, err := b.Invitations.Resend(t.Context(), b.Admin.Caller(), page.Rows[0].ID, link)
	b.Must(err)
	_, err = accept(b, secretOf(last))
	storetest.WantKind(t, err, fault.Denied)
}

func TestAccept_MakesAMemberWithBaselineOnly(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	staging := b.Workspace("Staging")
	g := b.Group("Analysts", staging.ID)
	out, err := b.Invitations.Invite(t.Context(), b.Admin.Caller(), invitation.NewInvitations{
		Emails: []string{"New@acme.example"}, Role: "member",
		Groups: []string{g.ID}, Workspaces: []string{b.Prod}}, link)
	b.Must(err)
	secret := secretOf(out.Sent[0])
	open, err := b.Invitations.Open(t.Context(), secret, actor.Origin{})
	b.Must(err)
	if open.Email != "new@acme.example" || open.OrganizationName != "Acme" || open.InvitedByName != "Ada" {
		t.Errorf("%+v", open)
	}
	n := b.Logged()
	_, err = b.Invitations.Accept(t.Context(), secret, " ", "hash", actor.Origin{})
	storetest.WantField(t, err, "name")
	m, err := accept(b, secret)
	b.Must(err)
	by := b.Caller(m.ID)
	if !by.IsIn(b.Prod) || !by.IsIn(staging.ID) || len(access.EffectivePolicy(access.BuiltIn(), by.Principal, b.Prod)) != 0 {
		t.Errorf("%+v", by.Principal)
	}
	account, err := b.Store.SignInAccount(t.Context(), "new@acme.example")
	b.Must(err)
	if account.PasswordHash != "hash" {
		t.Error("the password was not kept")
	}
	got := append(b.Events(audit.TargetUser, n), b.Events(audit.TargetInvitation, n)...)
	if diff := cmp.Diff([]string{"added_to_organization Newcomer", "updated new@acme.example"}, got); diff != "" {
		t.Error(diff)
	}
	_, err = accept(b, secret)
	storetest.WantKind(t, err, fault.Conflict)
	if !strings.Contains(fault.Of(err).Message, "already been used") {
		t.Error(err)
	}
}

func TestInvitation_SaysWhyItGrantsNothing(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	expired := invite(b, "expired@acme.example")
	b.Clock.Pass(invitation.Life - time.Millisecond)
	_, err := b.Invitations.Open(t.Context(), secretOf(expired), actor.Origin{})
	b.Must(err)
	b.Clock.Pass(time.Millisecond)
	deleted, replaced := invite(b, "deleted@acme.example"), invite(b, "replaced@acme.example")
	_, err = b.Invitations.Delete(t.Context(), b.Admin.Caller(), deleted.ID)
	b.Must(err)
	newer, err := b.Invitations.Resend(t.Context(), b.Admin.Caller(), replaced.ID, link)
	b.Must(err)
	for text, secret := range map[string]random.Secret{
		"has expired":     secretOf(expired),
		"was deleted":     secretOf(deleted),
		"been replaced":   secretOf(replaced),
		"link is invalid": random.Secret(strings.Repeat("A", 43)),
		"is invalid":      "short",
	} {
		_, lookErr := b.Invitations.Open(t.Context(), secret, actor.Origin{})
		_, err := accept(b, secret)
		if err == nil || lookErr == nil || fault.Of(err).Message != fault.Of(lookErr).Message || !strings.Contains(fault.Of(err).Message, text) {
			t.Errorf("%q: %v, %v", text, lookErr, err)
		}
	}
	_, err = accept(b, secretOf(newer))
	b.Must(err)
	_, err = b.Invitations.Delete(t.Context(), b.Admin.Caller(), newer.ID)
	storetest.WantKind(t, err, fault.Conflict)
	_, err = b.Invitations.Resend(t.Context(), b.Admin.Caller(), newer.ID, link)
	storetest.WantKind(t, err, fault.Conflict)
	_, err = b.Invitations.Delete(t.Context(), b.Admin.Caller(), deleted.ID)
	storetest.WantKind(t, err, fault.NotFound)
}

func TestResendInvitation_RevivesAnExpiredOne(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	sent := invite(b, "late@acme.example")
	b.Clock.Pass(invitation.Life)
	again, err := b.Invitations.Resend(t.Context(), b.Admin.Caller(), sent.ID, link)
	b.Must(err)
	if !again.ExpiresAt.Equal(b.Clock.Now().Add(invitation.Life)) || again.Link == sent.Link {
		t.Errorf("%+v", again)
	}
	_, err = accept(b, secretOf(again))
	b.Must(err)
}

func TestInvitations_AreListedByState(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	invite(b, "expired@acme.example")
	b.Clock.Pass(invitation.Life)
	invite(b, "pending@acme.example")
	_, err := accept(b, secretOf(invite(b, "accepted@acme.example")))
	b.Must(err)
	_, err = b.Invitations.Delete(t.Context(), b.Admin.Caller(), invite(b, "deleted@acme.example").ID)
	b.Must(err)
	for state, want := range map[invitation.State]int{"": 3, invitation.Pending: 1, invitation.Expired: 1, invitation.Accepted: 1} {
		page, err := b.Invitations.Find(t.Context(), b.Admin, invitation.Query{State: state})
		b.Must(err)
		if page.Total != want || len(page.Rows) != want {
			t.Errorf("%q: %d", state, page.Total)
		}
		for _, row := range page.Rows {
			if state != "" && (row.State(b.Clock.Now()) != state || row.Email != string(state)+"@acme.example") {
				t.Errorf("%q lists %v", state, row)
			}
			if !cmp.Equal(row.Workspaces, []account.Named{{ID: b.Prod, Name: "Production"}}) {
				t.Errorf("workspaces %v", row.Workspaces)
			}
		}
	}
	page, err := b.Invitations.Find(t.Context(), b.Admin, invitation.Query{Search: "PEND"})
	b.Must(err)
	if page.Total != 1 {
		t.Errorf("search finds %d", page.Total)
	}
}

func TestInvite_KeepsTheLinkWhenTheMailFails(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	b.Mail.Refuse = true
	sent := invite(b, "new@acme.example")
	if sent.Mailed || sent.MailError == nil {
		t.Fatal("the failure is not reported")
	}
	_, err := accept(b, secretOf(sent))
	b.Must(err)
}

func TestInvite_StoresNoSecret(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	sent := invite(b, "new@acme.example")
	secret := secretOf(sent)
	if text := fmt.Sprintf("%v %+v %#v %s", secret, secret, secret, secret); strings.Contains(text, secret.Reveal()) {
		t.Error("the secret prints")
	}
	files, err := filepath.Glob(b.File + "*")
	b.Must(err)
	for _, file := range files {
		content, err := os.ReadFile(file)
		b.Must(err)
		if strings.Contains(string(content), secret.Reveal()) {
			t.Errorf("%s holds the secret", file)
		}
		if !strings.Contains(string(content), "new@acme.example") && strings.HasSuffix(file, "wal") {
			t.Error("the test does not read the file with the data")
		}
	}
}

func TestAccept_RefusesWhoBecameAMemberMeanwhile(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	sent := invite(b, "bo@acme.example")
	b.Member("Bo")
	_, err := accept(b, secretOf(sent))
	storetest.WantKind(t, err, fault.Conflict)
	if !strings.Contains(fault.Of(err).Message, "already a member") {
		t.Error(err)
	}
}

// TestAccept_GivesAMemberWithoutAPasswordOne accepts an invitation of a member who was created by
// an identity provider or by the migration from another system.
func TestAccept_GivesAMemberWithoutAPasswordOne(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	staging, inside := b.Workspace("Staging"), b.Group("Inside")
	m := account.Member{ID: "gil", Organization: b.Org, Email: "gil@acme.example", Name: "Gil",
		Role: access.RoleMember, Status: account.Active, CreatedAt: b.Clock.Now(), UpdatedAt: b.Clock.Now()}
	b.InTx(func(tx *store.Tx) error {
		return errors.Join(tx.InsertMember(t.Context(), m, ""), tx.AddToGroup(t.Context(), inside.ID, m.ID))
	})
	b.Policy(policy.OfMember, b.Prod, m.ID, access.Policy{})
	out, err := b.Invitations.Invite(t.Context(), b.Admin.Caller(), invitation.NewInvitations{
		Emails: []string{m.Email}, Role: "admin", Groups: []string{inside.ID}, Workspaces: []string{b.Prod, staging.ID}}, link)
	b.Must(err)
	if len(out.Sent) != 1 || len(out.Skipped) != 0 {
		t.Fatalf("invited: %+v", out)
	}
	n := b.Logged()
	got, err := accept(b, secretOf(out.Sent[0]))
	b.Must(err)
	if got.ID != m.ID || got.Name == "Gil" || got.Role != access.RoleAdmin {
		t.Errorf("accepted: %+v", got)
	}
	policies, err := b.Store.PoliciesOf(t.Context(), b.Org, policy.OfMember, m.ID)
	if err != nil || len(policies) != 2 {
		t.Errorf("policies: %v, %v", policies, err)
	}
	if b.Logged()-n != 4 { // the invitation, the password, the name, the role
		t.Errorf("%d events", b.Logged()-n)
	}
	command := invitation.NewInvitations{Emails: []string{m.Email}, Role: "admin"}
	again, err := b.Invitations.Invite(t.Context(), b.Admin.Caller(), command, link)
	b.Must(err)
	if len(again.Sent) != 0 || len(again.Skipped) != 1 {
		t.Errorf("a member with a password is invited again: %+v", again)
	}
	_, err = accept(b, secretOf(out.Sent[0]))
	storetest.WantKind(t, err, fault.Conflict)
}

func TestLink_OfADeactivatedMemberSaysSoAndLeavesAnEvent(t *testing.T) {
	for name, then := range map[string]func(b *storetest.Bed, sent invitation.Sent){
		"pending": func(*storetest.Bed, invitation.Sent) {},
		"expired": func(b *storetest.Bed, _ invitation.Sent) { b.Clock.Pass(invitation.Life) },
		"accepted": func(b *storetest.Bed, sent invitation.Sent) {
			b.InTx(func(tx *store.Tx) error { return tx.CloseInvitation(t.Context(), sent.ID, true) })
		},
		"deleted": func(b *storetest.Bed, sent invitation.Sent) {
			_, err := b.Invitations.Delete(b.T.Context(), b.Admin.Caller(), sent.ID)
			b.Must(err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := storetest.NewBed(t, access.PlanEnterprise)
			sent := invite(b, "gil@acme.example")
			then(b, sent)
			// As an older version left it: the invitation is as it was.
			gil := account.Member{ID: "gil", Organization: b.Org, Email: "gil@acme.example", Name: "Gil", Role: access.RoleMember,
				Status: account.Deactivated, CreatedAt: b.Clock.Now(), UpdatedAt: b.Clock.Now()}
			b.InTx(func(tx *store.Tx) error { return tx.InsertMember(t.Context(), gil, "") })
			n := b.Logged()
			for range 3 {
				_, err := b.Invitations.Open(t.Context(), secretOf(sent), actor.Origin{IP: "192.0.2.1"})
				storetest.WantKind(t, err, fault.Denied)
				_, err = accept(b, secretOf(sent))
				storetest.WantKind(t, err, fault.Denied)
				if text := fault.Of(err).Message; !strings.Contains(text, "deactivated") {
					t.Error(text)
				}
			}
			if diff := cmp.Diff([]string{"refused gil@acme.example"}, b.Events(audit.TargetInvitation, n)); diff != "" {
				t.Error(diff)
			}
			list, err := b.Store.RecentEvents(t.Context(), b.Org, "", 1)
			b.Must(err)
			if e := list[0]; e.Target.ID != sent.ID || e.ActorName != "Not signed in" || e.Origin.IP != "192.0.2.1" {
				t.Errorf("%+v", e)
			}
			b.Clock.Pass(time.Hour)
			_, err = b.Invitations.Open(t.Context(), secretOf(sent), actor.Origin{})
			storetest.WantKind(t, err, fault.Denied)
			if b.Logged() != n+2 {
				t.Errorf("%d events, want one an hour", b.Logged()-n)
			}
			of, err := b.Store.SignInAccountOf(t.Context(), gil.ID)
			b.Must(err)
			if of.PasswordHash != "" || of.Active {
				t.Errorf("%+v", of)
			}
		})
	}
}

func TestAccept_LeavesOutWhatIsGoneOrTakenOver(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	staging := b.Workspace("Staging")
	gone := b.Group("Gone")
	out, err := b.Invitations.Invite(t.Context(), b.Admin.Caller(), invitation.NewInvitations{
		Emails: []string{"new@acme.example"}, Role: "member",
		Groups: []string{gone.ID}, Workspaces: []string{staging.ID, b.Prod}}, link)
	b.Must(err)
	_, err = b.Groups.Delete(t.Context(), b.Admin.Caller(), gone.ID)
	b.Must(err)
	_, err = b.Workspaces.Delete(t.Context(), b.Admin.Caller(), staging.ID, "Staging")
	b.Must(err)
	m, err := accept(b, secretOf(out.Sent[0]))
	b.Must(err)
	if got := b.Caller(m.ID).In; len(got) != 1 || got[b.Prod] == nil {
		t.Errorf("is in %v", got)
	}
}

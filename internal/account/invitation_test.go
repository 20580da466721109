package account_test

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
	"latchkey/internal/store"
)

func link(secret account.LinkSecret) string { return "https://latchkey.example/?" + secret.Reveal() }

func secretOf(sent account.SentInvitation) account.LinkSecret {
	_, secret, _ := strings.Cut(sent.Link, "?")
	return account.LinkSecret(secret)
}

// invite invites one address into Production.
func (b *bed) invite(email string) account.SentInvitation {
	b.t.Helper()
	out, err := b.Invite(b.t.Context(), b.admin.Caller(), account.InviteForm{Emails: email, Role: "member", Workspaces: []string{b.prod}}, link)
	b.must(err)
	if len(out.Sent) != 1 {
		b.t.Fatalf("sent %v, skipped %v", out.Sent, out.Skipped)
	}
	return out.Sent[0]
}

func (b *bed) accept(secret account.LinkSecret) (account.Member, error) {
	return b.Accept(b.t.Context(), secret, "Newcomer", "hash", actor.Origin{IP: "192.0.2.1"})
}

func TestInvite_TakesAPastedListAndReportsEachAddress(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.invite("pending@acme.example")
	out, err := b.Invite(t.Context(), b.admin.Caller(), account.InviteForm{
		Emails: "One@acme.example, \"Two, the second\" <two@acme.example>;\r\nthree@acme.example four@acme.example\n\none@ACME.example,ada@acme.example,pending@acme.example",
		Role:   "member", Workspaces: []string{b.prod}}, link)
	// The comma within a quoted name leaves a part that is no address.
	wantField(t, err, "emails")
	if !strings.Contains(fault.Of(err).Fields[0].Message, `"Two`) {
		t.Error(fault.Of(err).Fields)
	}
	out, err = b.Invite(t.Context(), b.admin.Caller(), account.InviteForm{
		Emails: "One@acme.example, Two the second <two@acme.example>;\r\nthree@acme.example four@acme.example\n\none@ACME.example,ada@acme.example,pending@acme.example",
		Role:   "member", Workspaces: []string{b.prod}}, link)
	b.must(err)
	var sent []string
	for _, s := range out.Sent {
		sent = append(sent, s.Email)
	}
	if diff := cmp.Diff([]string{"one@acme.example", "two@acme.example", "three@acme.example", "four@acme.example"}, sent); diff != "" {
		t.Error(diff)
	}
	want := []account.Skipped{{Email: "ada@acme.example", Reason: "Is a member already."},
		{Email: "pending@acme.example", Reason: "Has an invitation already. Resend it to get a new link."}}
	if diff := cmp.Diff(want, out.Skipped); diff != "" {
		t.Error(diff)
	}
	if len(b.mail.texts) != 5 || !strings.Contains(b.mail.texts[1], out.Sent[0].Link) || !out.Sent[0].Mailed {
		t.Errorf("mails %q", b.mail.texts)
	}
}

func TestInvite_ReportsEveryProblemAndDoesNothing(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	g := b.group("From the provider")
	b.markExternal(g.ID)
	n := b.logged()
	many := strings.Repeat("x@acme.example,", 1)
	for i := range 101 {
		many += fmt.Sprintf("m%d@acme.example\n", i)
	}
	for path, form := range map[string]account.InviteForm{
		"emails":     {Emails: "good@acme.example, not an address", Role: "member", Workspaces: []string{b.prod}},
		"emails ":    {Emails: " ,; ", Role: "admin"},
		"emails  ":   {Emails: many, Role: "admin"},
		"role":       {Emails: "good@acme.example", Role: "owner", Workspaces: []string{b.prod}},
		"workspaces": {Emails: "good@acme.example", Role: "member"},
		"workspaces ": {Emails: "good@acme.example", Role: "member",
			Workspaces: []string{b.prod, "elsewhere"}},
		"groups":  {Emails: "good@acme.example", Role: "member", Groups: []string{"elsewhere"}},
		"groups ": {Emails: "good@acme.example", Role: "member", Groups: []string{g.ID}},
	} {
		_, err := b.Invite(t.Context(), b.admin.Caller(), form, link)
		wantField(t, err, strings.TrimSpace(path))
	}
	if b.logged() != n || len(b.mail.texts) != 0 {
		t.Error("something was done")
	}
	_, err := b.Invite(t.Context(), b.admin.Caller(), account.InviteForm{Emails: "root@acme.example", Role: "admin"}, link)
	b.must(err) // an Admin needs neither group nor workspace
}

func TestInvite_KeepsToThePlan(t *testing.T) {
	b := newBed(t, access.PlanStarter) // ten members, Ada among them
	form := account.InviteForm{Role: "member", Workspaces: []string{b.prod}}
	for i := range 8 {
		form.Emails += fmt.Sprintf("m%d@acme.example ", i)
	}
	first, err := b.Invite(t.Context(), b.admin.Caller(), form, link)
	b.must(err)
	form.Emails = "a@acme.example b@acme.example"
	_, err = b.Invite(t.Context(), b.admin.Caller(), form, link)
	wantKind(t, err, fault.Denied)
	b.invite("last@acme.example")
	// Somebody comes in by another way: the tenth seat is taken when the last one accepts.
	b.member("Bo")
	for _, sent := range first.Sent {
		_, err = b.accept(secretOf(sent))
		b.must(err)
	}
	b.clock.pass(time.Hour)
	page, err := b.Invitations(t.Context(), b.admin, account.InvitationQuery{State: account.InvitationPending})
	b.must(err)
	last, err := b.ResendInvitation(t.Context(), b.admin.Caller(), page.Rows[0].ID, link)
	b.must(err)
	_, err = b.accept(secretOf(last))
	wantKind(t, err, fault.Denied)
}

func TestAccept_MakesAMemberWithBaselineOnly(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	staging := b.workspace("Staging")
	g := b.group("Analysts", staging.ID)
	out, err := b.Invite(t.Context(), b.admin.Caller(), account.InviteForm{Emails: "New@acme.example", Role: "member",
		Groups: []string{g.ID}, Workspaces: []string{b.prod}}, link)
	b.must(err)
	secret := secretOf(out.Sent[0])
	open, err := b.Invitation(t.Context(), secret)
	b.must(err)
	if open.Email != "new@acme.example" || open.OrganizationName != "Acme" || open.InvitedByName != "Ada" {
		t.Errorf("%+v", open)
	}
	n := b.logged()
	_, err = b.Accept(t.Context(), secret, " ", "hash", actor.Origin{})
	wantField(t, err, "name")
	m, err := b.accept(secret)
	b.must(err)
	by := b.caller(m.ID)
	if !by.IsIn(b.prod) || !by.IsIn(staging.ID) || len(access.EffectivePolicy(access.BuiltIn(), by.Principal, b.prod)) != 0 {
		t.Errorf("%+v", by.Principal)
	}
	account, err := b.store.SignInAccount(t.Context(), "new@acme.example")
	b.must(err)
	if account.PasswordHash != "hash" {
		t.Error("the password was not kept")
	}
	got := append(b.events(audit.TargetUser, n), b.events(audit.TargetInvitation, n)...)
	if diff := cmp.Diff([]string{"added_to_organization Newcomer", "updated new@acme.example"}, got); diff != "" {
		t.Error(diff)
	}
	_, err = b.accept(secret)
	wantKind(t, err, fault.Conflict)
	if !strings.Contains(fault.Of(err).Message, "used already") {
		t.Error(err)
	}
}

func TestInvitation_SaysWhyItGrantsNothing(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	expired := b.invite("expired@acme.example")
	b.clock.pass(account.InvitationLife - time.Millisecond)
	_, err := b.Invitation(t.Context(), secretOf(expired))
	b.must(err)
	b.clock.pass(time.Millisecond)
	deleted, replaced := b.invite("deleted@acme.example"), b.invite("replaced@acme.example")
	_, err = b.DeleteInvitation(t.Context(), b.admin.Caller(), deleted.ID)
	b.must(err)
	newer, err := b.ResendInvitation(t.Context(), b.admin.Caller(), replaced.ID, link)
	b.must(err)
	for text, secret := range map[string]account.LinkSecret{
		"has expired":     secretOf(expired),
		"was deleted":     secretOf(deleted),
		"newer one":       secretOf(replaced),
		"is not good":     account.LinkSecret(strings.Repeat("A", 43)),
		"link is not goo": "short",
	} {
		_, lookErr := b.Invitation(t.Context(), secret)
		_, err := b.accept(secret)
		if err == nil || lookErr == nil || fault.Of(err).Message != fault.Of(lookErr).Message || !strings.Contains(fault.Of(err).Message, text) {
			t.Errorf("%q: %v, %v", text, lookErr, err)
		}
	}
	_, err = b.accept(secretOf(newer))
	b.must(err)
	_, err = b.DeleteInvitation(t.Context(), b.admin.Caller(), newer.ID)
	wantKind(t, err, fault.Conflict)
	_, err = b.ResendInvitation(t.Context(), b.admin.Caller(), newer.ID, link)
	wantKind(t, err, fault.Conflict)
	_, err = b.DeleteInvitation(t.Context(), b.admin.Caller(), deleted.ID)
	wantKind(t, err, fault.NotFound)
}

func TestResendInvitation_RevivesAnExpiredOne(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	sent := b.invite("late@acme.example")
	b.clock.pass(account.InvitationLife)
	again, err := b.ResendInvitation(t.Context(), b.admin.Caller(), sent.ID, link)
	b.must(err)
	if !again.ExpiresAt.Equal(b.clock.now().Add(account.InvitationLife)) || again.Link == sent.Link {
		t.Errorf("%+v", again)
	}
	_, err = b.accept(secretOf(again))
	b.must(err)
}

func TestInvitations_AreListedByState(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.invite("expired@acme.example")
	b.clock.pass(account.InvitationLife)
	b.invite("pending@acme.example")
	_, err := b.accept(secretOf(b.invite("accepted@acme.example")))
	b.must(err)
	_, err = b.DeleteInvitation(t.Context(), b.admin.Caller(), b.invite("deleted@acme.example").ID)
	b.must(err)
	for state, want := range map[account.InvitationState]int{"": 3, account.InvitationPending: 1, account.InvitationExpired: 1, account.InvitationAccepted: 1} {
		page, err := b.Invitations(t.Context(), b.admin, account.InvitationQuery{State: state})
		b.must(err)
		if page.Total != want || len(page.Rows) != want {
			t.Errorf("%q: %d", state, page.Total)
		}
		for _, row := range page.Rows {
			if state != "" && (row.State(b.clock.now()) != state || row.Email != string(state)+"@acme.example") {
				t.Errorf("%q lists %v", state, row)
			}
			if !cmp.Equal(row.Workspaces, []account.Named{{ID: b.prod, Name: "Production"}}) {
				t.Errorf("workspaces %v", row.Workspaces)
			}
		}
	}
	page, err := b.Invitations(t.Context(), b.admin, account.InvitationQuery{Search: "PEND"})
	b.must(err)
	if page.Total != 1 {
		t.Errorf("search finds %d", page.Total)
	}
}

func TestInvite_KeepsTheLinkWhenTheMailFails(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.mail.refuse = true
	sent := b.invite("new@acme.example")
	if sent.Mailed || sent.MailError == nil {
		t.Fatal("the failure is not reported")
	}
	_, err := b.accept(secretOf(sent))
	b.must(err)
}

func TestInvite_StoresNoSecret(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	sent := b.invite("new@acme.example")
	secret := secretOf(sent)
	if text := fmt.Sprintf("%v %+v %#v %s", secret, secret, secret, secret); strings.Contains(text, secret.Reveal()) {
		t.Error("the secret prints")
	}
	files, err := filepath.Glob(b.file + "*")
	b.must(err)
	for _, file := range files {
		content, err := os.ReadFile(file)
		b.must(err)
		if strings.Contains(string(content), secret.Reveal()) {
			t.Errorf("%s holds the secret", file)
		}
		if !strings.Contains(string(content), "new@acme.example") && strings.HasSuffix(file, "wal") {
			t.Error("the test does not look where the data is")
		}
	}
}

func TestAccept_RefusesWhoBecameAMemberMeanwhile(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	sent := b.invite("bo@acme.example")
	b.member("Bo")
	_, err := b.accept(secretOf(sent))
	wantKind(t, err, fault.Conflict)
	if !strings.Contains(fault.Of(err).Message, "member already") {
		t.Error(err)
	}
}

// TestAccept_GivesAMemberWithoutAPasswordOne is the way in for whom an identity provider, or the
// migration from another system, has made a member.
func TestAccept_GivesAMemberWithoutAPasswordOne(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	staging, inside := b.workspace("Staging"), b.group("Inside")
	m := account.Member{ID: "gil", Organization: b.org, Email: "gil@acme.example", Name: "Gil", Role: access.RoleMember, Status: account.Active,
		CreatedAt: b.clock.now(), UpdatedAt: b.clock.now()}
	b.inTx(func(tx *store.Tx) error {
		return errors.Join(tx.InsertMember(t.Context(), m, ""), tx.AddToGroup(t.Context(), inside.ID, m.ID))
	})
	b.policy(account.MemberPolicy, b.prod, m.ID, access.Policy{})
	out, err := b.Invite(t.Context(), b.admin.Caller(), account.InviteForm{Emails: m.Email, Role: "admin", Groups: []string{inside.ID}, Workspaces: []string{b.prod, staging.ID}}, link)
	b.must(err)
	if len(out.Sent) != 1 || len(out.Skipped) != 0 {
		t.Fatalf("invited: %+v", out)
	}
	n := b.logged()
	got, err := b.accept(secretOf(out.Sent[0]))
	b.must(err)
	if got.ID != m.ID || got.Name == "Gil" || got.Role != access.RoleAdmin {
		t.Errorf("accepted: %+v", got)
	}
	policies, err := b.store.PoliciesOf(t.Context(), b.org, account.MemberPolicy, m.ID)
	if err != nil || len(policies) != 2 {
		t.Errorf("policies: %v, %v", policies, err)
	}
	if b.logged()-n != 4 { // the invitation, the password, the name, the role
		t.Errorf("%d events", b.logged()-n)
	}
	again, err := b.Invite(t.Context(), b.admin.Caller(), account.InviteForm{Emails: m.Email, Role: "admin"}, link)
	b.must(err)
	if len(again.Sent) != 0 || len(again.Skipped) != 1 {
		t.Errorf("who has a password is invited again: %+v", again)
	}
	_, err = b.accept(secretOf(out.Sent[0]))
	wantKind(t, err, fault.Conflict)
}

func TestAccept_WakesNobody(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	sent := b.invite("gil@acme.example")
	b.inTx(func(tx *store.Tx) error {
		return tx.InsertMember(t.Context(), account.Member{ID: "gil", Organization: b.org, Email: "gil@acme.example", Name: "Gil", Role: access.RoleMember,
			Status: account.Deactivated, CreatedAt: b.clock.now(), UpdatedAt: b.clock.now()}, "")
	})
	_, err := b.accept(secretOf(sent))
	wantKind(t, err, fault.Conflict)
}

func TestAccept_LeavesOutWhatIsGoneOrTakenOver(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	staging := b.workspace("Staging")
	gone := b.group("Gone")
	out, err := b.Invite(t.Context(), b.admin.Caller(), account.InviteForm{Emails: "new@acme.example", Role: "member",
		Groups: []string{gone.ID}, Workspaces: []string{staging.ID, b.prod}}, link)
	b.must(err)
	_, err = b.DeleteGroup(t.Context(), b.admin.Caller(), gone.ID)
	b.must(err)
	_, err = b.DeleteWorkspace(t.Context(), b.admin.Caller(), staging.ID, "Staging")
	b.must(err)
	m, err := b.accept(secretOf(out.Sent[0]))
	b.must(err)
	if got := b.caller(m.ID).In; len(got) != 1 || got[b.prod] == nil {
		t.Errorf("is in %v", got)
	}
}

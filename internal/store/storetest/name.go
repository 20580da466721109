package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

// Names returns names that people have and that are spelled with joiners: Persian, Sinhala,
// Malayalam, Bengali, Devanagari, and a team that calls itself by an emoji.
func Names() []string {
	return []string{"می\u200cخواهم", "نوشین\u200c", "ශ\u0dca\u200dරී", "അവന\u0d4d\u200d", "অর\u200d\u09cdযা", "क\u094d\u200dष",
		"Team 👨\u200d👩\u200d👧\u200d👦"}
}

// joinless returns a name as somebody types it who does not know of joiners.
func joinless(name string) string {
	return strings.NewReplacer("\u200c", "", "\u200d", "").Replace(name)
}

func keepsNames(t *testing.T, b *accountBed) {
	ctx := t.Context()
	for i, name := range Names() {
		id := fmt.Sprint("named-", i)
		b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
			m := bedMemberOf(id, access.RoleMember, tx.Now())
			m.Name = name
			return errors.Join(tx.InsertMember(ctx, m, ""),
				tx.InsertToken(ctx, token.Token{ID: id, Organization: bedOrg, Kind: token.Organization, Name: name, CreatedAt: tx.Now()},
					token.Digest(id), ""))
		})
		w, err := b.service.Workspaces.Create(ctx, b.admin.Caller(),
			account.WorkspaceSettings{Name: " " + name, Environment: account.Production, Region: "US"})
		if got, err2 := b.Workspace(ctx, bedOrg, w.ID); errors.Join(err, err2) != nil || got.Name != name {
			t.Errorf("%+q: the workspace %+q, %v", name, got.Name, errors.Join(err, err2))
		}
		_, err = b.service.Workspaces.Create(ctx, b.admin.Caller(),
			account.WorkspaceSettings{Name: joinless(name), Environment: account.Production, Region: "US"})
		mustBe(t, err, fault.Invalid)
		taken, err := b.TokenNameTaken(ctx, token.Token{Organization: bedOrg, Kind: token.Organization, Name: joinless(name)}, b.Now())
		if err != nil || !taken {
			t.Errorf("%+q is free for a token: %v", joinless(name), err)
		}
		for _, typed := range []string{name, joinless(name)} {
			members, _, err := b.FindMembers(ctx, bedOrg, account.MemberQuery{Search: typed, Sort: account.ByName, Limit: 10}, b.Now())
			tokens, err2 := b.FindTokens(ctx, bedOrg, typed, 10, token.Organization)
			if errors.Join(err, err2) != nil || len(members) != 1 || members[0].Name != name || len(tokens) != 1 || tokens[0].Name != name {
				t.Errorf("%+q finds %+v and %+v, %v", typed, members, tokens, errors.Join(err, err2))
			}
			searched, err := b.SearchMembers(ctx, bedOrg, typed, 10)
			tokens, err2 = b.SearchTokens(ctx, bedOrg, "", typed, 10)
			if errors.Join(err, err2) != nil || len(searched) != 1 || searched[0].Name != name || len(tokens) != 1 || tokens[0].Name != name {
				t.Errorf("the search of %+q finds %+v and %+v, %v", typed, searched, tokens, errors.Join(err, err2))
			}
		}
		found, err := b.FindEvents(ctx, audit.Query{Limit: 10,
			Filter: audit.Filter{Organization: bedOrg, Type: audit.TargetWorkspace, Action: audit.Created, Text: name}})
		if err != nil || len(found.Events) != 1 || found.Events[0].Target.Name != name {
			t.Errorf("%+q finds the events %+v, %v", name, found.Events, err)
		}
	}
	// The plan has room for two more groups.
	for _, name := range Names()[2:4] {
		g, err := b.service.Groups.Create(ctx, b.admin.Caller(), account.GroupSettings{Name: name, Description: name + "\n" + name}, nil)
		if groups, err := b.SearchGroups(ctx, bedOrg, joinless(name), 10); err != nil || len(groups) != 1 || groups[0].Name != name {
			t.Errorf("the search of %+q finds %+v, %v", joinless(name), groups, err)
		}
		if got, err2 := b.Group(ctx, bedOrg, g.ID); errors.Join(err, err2) != nil || got.Name != name || got.Description != name+"\n"+name {
			t.Errorf("%+q: the group %+q, %v", name, got.Name, errors.Join(err, err2))
		}
		_, err = b.service.Groups.Update(ctx, b.admin.Caller(), bedGroup, account.GroupSettings{Name: joinless(name)})
		mustBe(t, err, fault.Invalid)
	}
}

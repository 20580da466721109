package account_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/internal/provision"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

// Every door through which something may be made is refused at the limit, with the number in the
// message, and works again when there is room.
func TestLimits_OfAnOrganization(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	ctx := t.Context()
	scim := provision.New(store.Provisions(b.Store), access.BuiltIn(), b.Clock.Now)
	group := func(n int) account.Group {
		return account.Group{ID: fmt.Sprint("g", n), Organization: b.Org, Name: fmt.Sprint("Group ", n),
			CreatedAt: b.Clock.Now(), UpdatedAt: b.Clock.Now()}
	}
	workspace := func(n int) account.Workspace {
		return account.Workspace{ID: fmt.Sprint("w", n), Organization: b.Org, Name: fmt.Sprint("Workspace ", n), Environment: account.Production,
			Region: "US", CreatedAt: b.Clock.Now(), UpdatedAt: b.Clock.Now()}
	}
	made := 0
	for _, c := range []struct {
		what   string
		limit  string
		fill   func(ctx context.Context, tx *store.Tx) error
		remove func() error
		doors  []func(name string) error
	}{
		{"groups", "5000 groups", func(ctx context.Context, tx *store.Tx) (err error) {
			for n := range access.MaxGroups {
				err = errors.Join(err, tx.InsertGroup(ctx, group(n)))
			}
			return err
		}, func() error { _, err := b.Groups.Delete(ctx, b.Admin.Caller(), "g0"); return err }, []func(string) error{
			func(name string) error {
				g, err := b.Groups.Create(ctx, b.Admin.Caller(), account.GroupSettings{Name: name}, nil)
				if err == nil {
					_, err = b.Groups.Delete(ctx, b.Admin.Caller(), g.ID)
				}
				return err
			},
			func(name string) error {
				_, err := scim.CreateGroup(ctx, provider(b), map[string]any{"schemas": []any{provision.SchemaGroup}, "displayName": name})
				return err
			},
		}},
		{"workspaces", "500 workspaces", func(ctx context.Context, tx *store.Tx) (err error) {
			for n := range access.MaxWorkspaces - 1 { // one is there
				err = errors.Join(err, tx.InsertWorkspace(ctx, workspace(n)))
			}
			return err
		}, func() error { _, err := b.Workspaces.Delete(ctx, b.Admin.Caller(), "w0", "Workspace 0"); return err }, []func(string) error{
			func(name string) error {
				_, err := b.Workspaces.Create(ctx, b.Admin.Caller(),
					account.WorkspaceSettings{Name: name, Environment: account.Production, Region: "US"})
				return err
			},
		}},
	} {
		b.InTx(func(tx *store.Tx) error { return c.fill(ctx, tx) })
		for i, door := range c.doors {
			n := b.Logged()
			err := door("One more")
			if !errors.Is(err, fault.ErrFull) || !strings.Contains(fault.Of(err).Message, c.limit) || b.Logged() != n {
				t.Errorf("%s, door %d: %v, %d events", c.what, i, err, b.Logged()-n)
			}
		}
		b.Must(c.remove())
		for i, door := range c.doors {
			made++
			if err := door(fmt.Sprint("In its place ", made)); err != nil {
				t.Errorf("%s, door %d, with room: %v", c.what, i, err)
			}
		}
	}
}

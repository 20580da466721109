package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/registry"
	"latchkey/internal/store"
)

// Registry checks what the store promises of resources and what joins them. open gives an
// empty store of its own to every test and closes it with the test.
func Registry(t *testing.T, open func(t *testing.T) *store.Store) {
	for name, test := range map[string]func(*testing.T, *registryBed){
		"every field is kept":                          keepsResources,
		"saving keeps what never changes":              savesResources,
		"another workspace or type sees nothing":       separatesWorkspaces,
		"an external id is unique per type and place":  refusesSecondExternalID,
		"lists go by id, filter and pages":             listsResources,
		"connections are unique pairs":                 keepsConnections,
		"a connection needs both ends":                 refusesLooseEnds,
		"a destination has one transformation":         keepsAttachments,
		"a source follows one plan":                    keepsSourceLinks,
		"secrets are kept per configuration":           keepsSecrets,
		"configurations are read in pages":             keepsConfigs,
		"one key is in use":                            keepsSealingKey,
		"versions are numbered and kept":               keepsVersions,
		"ties count what refers":                       countsTies,
		"what is removed takes its own with it":        removesResources,
		"a removed workspace takes everything":         removesWorkspaces,
		"browsing searches by name and id":             browses,
		"concurrent versions get numbers of their own": numbersConcurrently,
		"concurrent external ids make one":             namesConcurrently,
		"a failed transaction leaves nothing":          leavesNothing,
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			test(t, &registryBed{newTokenBed(t, open(t))})
		})
	}
}

// registryBed is a store with two organizations, a workspace in each.
type registryBed struct{ *tokenBed }

// resource is a source of the bed's workspace with everything set.
func (b *registryBed) resource(id string, change func(*registry.Resource)) registry.Resource {
	yes, no := true, false
	r := registry.Resource{ID: id, Workspace: bedWorkspace, Type: registry.Source, Name: "Name of " + id, Definition: "HTTP",
		Description: "two\nlines", ExternalID: "ext-" + id, Enabled: true, Config: `{"b": 1.50, "a":[1e400]}`,
		CreatedAt: b.now, UpdatedAt: b.now.Add(time.Millisecond), CreatedBy: "Ann", WriteKey: "key-" + id,
		GeoEnrichment: &yes, Transient: &no, Version: 7}
	if change != nil {
		change(&r)
	}
	return r
}

// plain is a resource of a type that has a name only.
func plain(typ string) func(*registry.Resource) {
	return func(r *registry.Resource) {
		*r = registry.Resource{ID: r.ID, Workspace: r.Workspace, Type: typ, Name: r.Name, Enabled: true, Config: "{}", Version: 1,
			CreatedAt: r.CreatedAt, UpdatedAt: r.CreatedAt}
	}
}

func (b *registryBed) put(t *testing.T, resources ...registry.Resource) {
	t.Helper()
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		for _, r := range resources {
			if err := tx.AddResource(ctx, r); err != nil {
				return err
			}
		}
		return nil
	})
}

// fails runs fn in a transaction and returns its error.
func (b *registryBed) fails(fn func(ctx context.Context, tx *store.Tx) error) error {
	return b.InTx(context.Background(), actor.System(""), func(tx *store.Tx) error { return fn(context.Background(), tx) })
}

func mustBe(t *testing.T, err error, kind fault.Kind) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Errorf("error %v, want %v", err, kind)
	}
}

func mustRead[T any](t *testing.T, read func(context.Context) (T, error)) T {
	t.Helper()
	v, err := read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func mustMatch(t *testing.T, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func (b *registryBed) read(t *testing.T, typ, id string) registry.Resource {
	t.Helper()
	return mustRead(t, func(ctx context.Context) (registry.Resource, error) {
		return b.RegistryResource(ctx, bedWorkspace, typ, id)
	})
}

func keepsResources(t *testing.T, b *registryBed) {
	full, bare := b.resource("r1", nil), b.resource("r2", plain(registry.TrackingPlan))
	b.put(t, full, bare)
	mustMatch(t, full, b.read(t, registry.Source, "r1"))
	mustMatch(t, bare, b.read(t, registry.TrackingPlan, "r2"))
}

func savesResources(t *testing.T, b *registryBed) {
	r := b.resource("r1", nil)
	b.put(t, r)
	change := r
	no := false
	change.Name, change.Description, change.ExternalID, change.Enabled, change.Config = "new", "", "ext-new", false, "null"
	change.GeoEnrichment, change.Transient, change.Version, change.ShownVersion, change.Published = nil, &no, 8, "v", true
	change.UpdatedAt = r.UpdatedAt.Add(time.Hour)
	saved := change
	change.Definition, change.WriteKey, change.CreatedBy, change.CreatedAt = "other", "other", "other", time.Time{}
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.SaveResource(ctx, change) })
	mustMatch(t, saved, b.read(t, registry.Source, "r1"))
	change.Workspace = bedOtherWorkspace
	mustBe(t, b.fails(func(ctx context.Context, tx *store.Tx) error { return tx.SaveResource(ctx, change) }), fault.NotFound)
}

// separatesWorkspaces asks every query that finds a resource by where it is.
func separatesWorkspaces(t *testing.T, b *registryBed) {
	const second = "ws-1b" // of the same organization
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertWorkspace(ctx, account.Workspace{ID: second, Organization: bedOrg, Name: "Second",
			Environment: account.Production, Region: "US", CreatedAt: b.now, UpdatedAt: b.now})
	})
	b.put(t, b.resource("r1", nil))
	for _, at := range []struct {
		organization, workspace, typ string
		there                        bool
	}{
		{bedOrg, bedWorkspace, registry.Source, true},
		{bedOrg, bedWorkspace, registry.Destination, false},
		{bedOrg, second, registry.Source, false},
		{bedOtherOrg, bedOtherWorkspace, registry.Source, false},
		{bedOrg, "unknown", registry.Source, false},
		{bedOrg, "", registry.Source, false},
	} {
		_, err := b.RegistryResource(t.Context(), at.workspace, at.typ, "r1")
		if found(t, err) != at.there {
			t.Errorf("%+v: read %v", at, err)
		}
		err = b.fails(func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.HoldResource(ctx, at.workspace, at.typ, "r1")
			return err
		})
		if found(t, err) != at.there {
			t.Errorf("%+v: held %v", at, err)
		}
		list, err := b.RegistryResources(t.Context(), at.workspace, at.typ, registry.Query{}, 0)
		if err != nil || (len(list) == 1) != at.there {
			t.Errorf("%+v sees %v, %v", at, list, err)
		}
		types, err := b.ResourceTypes(t.Context(), at.organization, at.workspace, []string{at.typ})
		if err != nil || (types["r1"] == at.typ) != at.there {
			t.Errorf("%+v: a policy finds %v, %v", at, types, err)
		}
		choices, err := b.Resources(t.Context(), at.organization, at.workspace)
		if err != nil || (len(choices) == 1 && choices[0].Type == at.typ) != at.there {
			t.Errorf("%+v: a policy may choose %v, %v", at, choices, err)
		}
	}
	for _, at := range [][2]string{{bedOtherOrg, bedWorkspace}, {bedOrg, bedOtherWorkspace}} {
		types, err := b.ResourceTypes(t.Context(), at[0], at[1], []string{registry.Source})
		choices, err2 := b.Resources(t.Context(), at[0], at[1])
		if len(types)+len(choices) != 0 || err != nil || err2 != nil {
			t.Errorf("%v: a policy finds %v, %v, %v, %v", at, types, choices, err, err2)
		}
	}
	mustBe(t, b.fails(func(ctx context.Context, tx *store.Tx) error {
		return tx.RemoveResource(ctx, bedOtherWorkspace,
			"r1")
	}), fault.NotFound)
}

// found reports whether a read found what it asked for; it can fail with NotFound only.
func found(t *testing.T, err error) bool {
	t.Helper()
	if err != nil {
		mustBe(t, err, fault.NotFound)
	}
	return err == nil
}

func refusesSecondExternalID(t *testing.T, b *registryBed) {
	same := func(change func(*registry.Resource)) func(*registry.Resource) {
		return func(r *registry.Resource) {
			r.ExternalID, r.WriteKey = "same", ""
			change(r)
		}
	}
	b.put(t, b.resource("r1", same(func(*registry.Resource) {})),
		b.resource("r2", same(func(r *registry.Resource) { r.Type = registry.Destination })),
		b.resource("r3", same(func(r *registry.Resource) { r.Workspace = bedOtherWorkspace })),
		b.resource("r4", plain(registry.Source)), b.resource("r5", plain(registry.Source)))
	mustBe(t, b.fails(func(ctx context.Context, tx *store.Tx) error {
		return tx.AddResource(ctx, b.resource("r6", same(func(*registry.Resource) {})))
	}), fault.Conflict)
	for _, at := range []struct {
		workspace, typ, id string
		want               bool
	}{{bedWorkspace, registry.Source, "same", true}, {bedWorkspace, registry.Source, "free", false},
		{bedWorkspace, registry.Library, "same", false}, {bedWorkspace, "connection", "same", false}, {"", registry.Source, "same", false}} {
		taken, err := b.ExternalIDTaken(t.Context(), at.workspace, at.typ, at.id)
		if err != nil || taken != at.want {
			t.Errorf("%+v: taken %v, error %v", at, taken, err)
		}
	}
}

func listsResources(t *testing.T, b *registryBed) {
	for i := range 6 {
		b.put(t, b.resource(fmt.Sprintf("r%d", 5-i), func(r *registry.Resource) {
			if i%2 == 0 {
				r.ExternalID = ""
			}
		}))
	}
	yes, no := true, false
	for _, c := range []struct {
		query registry.Query
		limit int
		want  string
		total int
	}{
		{registry.Query{}, 0, "r0 r1 r2 r3 r4 r5", 6},
		{registry.Query{}, 2, "r0 r1", 6},
		{registry.Query{After: "r1"}, 2, "r2 r3", 6},
		{registry.Query{After: "r1x"}, 9, "r2 r3 r4 r5", 6},
		{registry.Query{After: "r5"}, 9, "", 6},
		{registry.Query{Page: 2, Size: 4}, 5, "r4 r5", 6},
		{registry.Query{Page: 9, Size: 4}, 5, "", 6},
		{registry.Query{HasExternalID: &yes}, 0, "r0 r2 r4", 3},
		{registry.Query{HasExternalID: &no, After: "r1"}, 1, "r3", 3},
		{registry.Query{HasExternalID: &no, Page: 2, Size: 1}, 1, "r3", 3},
	} {
		list, err := b.RegistryResources(t.Context(), bedWorkspace, registry.Source, c.query, c.limit)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, r := range list {
			ids = append(ids, r.ID)
		}
		total, err := b.RegistryCount(t.Context(), bedWorkspace, registry.Source, c.query)
		if got := strings.Join(ids, " "); got != c.want || total != c.total || err != nil {
			t.Errorf("%+v limit %d: %s of %d (%v), want %s of %d", c.query, c.limit, got, total, err, c.want, c.total)
		}
	}
}

// ends puts sources s1, s2 and destinations d1, d2.
func (b *registryBed) ends(t *testing.T) {
	t.Helper()
	b.put(t, b.resource("s1", plain(registry.Source)), b.resource("s2", plain(registry.Source)),
		b.resource("d1", plain(registry.Destination)), b.resource("d2", plain(registry.Destination)))
}

func (b *registryBed) connection(id, source, destination, external string) registry.Connection {
	return registry.Connection{ID: id, Workspace: bedWorkspace, Source: source, Destination: destination, ExternalID: external,
		Enabled: true, CreatedAt: b.now, UpdatedAt: b.now.Add(time.Millisecond)}
}

func (b *registryBed) connect(t *testing.T, list ...registry.Connection) {
	t.Helper()
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		for _, c := range list {
			if err := tx.AddConnection(ctx, c); err != nil {
				return err
			}
		}
		return nil
	})
}

func keepsConnections(t *testing.T, b *registryBed) {
	b.ends(t)
	one, two := b.connection("c1", "s1", "d1", "x"), b.connection("c2", "s1", "d2", "")
	b.connect(t, one, two)
	mustMatch(t, one, mustRead(t, func(ctx context.Context) (registry.Connection, error) { return b.Connection(ctx, bedWorkspace, "c1") }))
	mustMatch(t, two, mustRead(t, func(ctx context.Context) (registry.Connection, error) {
		return b.ConnectionOf(ctx, bedWorkspace, "s1", "d2")
	}))
	_, err := b.Connection(t.Context(), bedOtherWorkspace, "c1")
	mustBe(t, err, fault.NotFound)
	_, err = b.ConnectionOf(t.Context(), bedOtherWorkspace, "s1", "d1")
	mustBe(t, err, fault.NotFound)
	for _, c := range []registry.Connection{b.connection("c3", "s1", "d1", ""), b.connection("c3", "s2", "d1", "x"),
		b.connection("c1", "s2", "d2", "")} {
		mustBe(t, b.fails(func(ctx context.Context, tx *store.Tx) error { return tx.AddConnection(ctx, c) }), fault.Conflict)
	}
	two.Source, two.Destination, two.ExternalID, two.Enabled, two.UpdatedAt = "s2", "d1", "y", false, b.now.Add(time.Hour)
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.SaveConnection(ctx, two) })
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		held, err := tx.HoldConnection(ctx, bedWorkspace, "c2")
		mustMatch(t, two, held)
		return err
	})
	taken, err := b.ExternalIDTaken(t.Context(), bedWorkspace, "connection", "y")
	if err != nil || !taken {
		t.Errorf("taken %v, error %v", taken, err)
	}
	yes := true
	list, err := b.Connections(t.Context(), bedWorkspace, registry.Query{HasExternalID: &yes, After: "c1"}, 5)
	if n, countErr := b.ConnectionCount(t.Context(), bedWorkspace, registry.Query{HasExternalID: &yes}); err != nil ||
		countErr != nil || n != 2 || len(list) != 1 || list[0].ID != "c2" {
		t.Errorf("list %v of %d, errors %v %v", list, n, err, countErr)
	}
	mustBe(t, b.fails(func(ctx context.Context, tx *store.Tx) error {
		return tx.RemoveConnection(ctx, bedOtherWorkspace, "c1")
	}), fault.NotFound)
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.RemoveConnection(ctx, bedWorkspace, "c1") })
	_, err = b.Connection(t.Context(), bedWorkspace, "c1")
	mustBe(t, err, fault.NotFound)
}

func refusesLooseEnds(t *testing.T, b *registryBed) {
	b.ends(t)
	for _, c := range []registry.Connection{b.connection("c1", "nothing", "d1", ""), b.connection("c1", "s1", "nothing", "")} {
		mustBe(t, b.fails(func(ctx context.Context, tx *store.Tx) error { return tx.AddConnection(ctx, c) }), fault.Conflict)
	}
}

func keepsAttachments(t *testing.T, b *registryBed) {
	b.ends(t)
	b.put(t, b.resource("t1", plain(registry.Transformation)), b.resource("t2", plain(registry.Transformation)))
	_, err := b.Attachment(t.Context(), "d1")
	mustBe(t, err, fault.NotFound)
	a := registry.Attachment{Destination: "d1", Transformation: "t1", CreatedAt: b.now, UpdatedAt: b.now}
	for _, transformation := range []string{"t1", "t2"} {
		a.Transformation, a.UpdatedAt = transformation, a.UpdatedAt.Add(time.Second)
		b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.SaveAttachment(ctx, a) })
		mustMatch(t, a, mustRead(t, func(ctx context.Context) (registry.Attachment, error) { return b.Attachment(ctx, "d1") }))
		mustMatch(t, transformation, b.read(t, registry.Destination, "d1").Transformation)
	}
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.RemoveAttachment(ctx, "d1") })
	mustBe(t, b.fails(func(ctx context.Context, tx *store.Tx) error { return tx.RemoveAttachment(ctx, "d1") }), fault.NotFound)
	mustMatch(t, "", b.read(t, registry.Destination, "d1").Transformation)
}

func keepsSourceLinks(t *testing.T, b *registryBed) {
	b.ends(t)
	b.put(t, b.resource("p1", plain(registry.TrackingPlan)), b.resource("p2", plain(registry.TrackingPlan)))
	l := registry.SourceLink{TrackingPlan: "p1", Source: "s1", Config: `{"a": 1.0}`, CreatedAt: b.now, UpdatedAt: b.now}
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.AddSourceLink(ctx, l) })
	second := l
	second.TrackingPlan = "p2"
	mustBe(t, b.fails(func(ctx context.Context, tx *store.Tx) error { return tx.AddSourceLink(ctx, second) }), fault.Conflict)
	l.Config, l.UpdatedAt = "null", b.now.Add(time.Second)
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.SaveSourceLink(ctx, l) })
	mustMatch(t, l, mustRead(t, func(ctx context.Context) (registry.SourceLink, error) { return b.SourceLink(ctx, "s1") }))
	mustBe(t, b.fails(func(ctx context.Context, tx *store.Tx) error { return tx.SaveSourceLink(ctx, second) }), fault.NotFound)
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.RemoveSourceLink(ctx, "s1") })
	mustBe(t, b.fails(func(ctx context.Context, tx *store.Tx) error { return tx.RemoveSourceLink(ctx, "s1") }), fault.NotFound)
	_, err := b.SourceLink(t.Context(), "s1")
	mustBe(t, err, fault.NotFound)
}

func (b *registryBed) version(id, of string) registry.Version {
	return registry.Version{ID: id, Resource: of, Name: "n", Description: "d", Language: "javascript", Code: "a\n\"b\"",
		CreatedAt: b.now, CreatedBy: "Ann"}
}

func keepsVersions(t *testing.T, b *registryBed) {
	b.put(t, b.resource("t1", plain(registry.Transformation)), b.resource("t2", plain(registry.Transformation)),
		b.resource("l1", plain(registry.Library)))
	for i, v := range []registry.Version{b.version("v1", "t1"), b.version("v2", "t1"), b.version("v3", "t2"), b.version("v4", "l1")} {
		v.Number = []int64{1, 2, 1, 1}[i]
		b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
			added, err := tx.AddVersion(ctx, v)
			mustMatch(t, v, added)
			return err
		})
	}
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.MarkPublished(ctx, "v2"); err != nil {
			return err
		}
		r, err := tx.HoldResource(ctx, bedWorkspace, registry.Transformation, "t1")
		if err != nil {
			return err
		}
		r.ShownVersion = "v2"
		return tx.SaveResource(ctx, r)
	})
	got := mustRead(t, func(ctx context.Context) (registry.Version, error) {
		return b.Version(ctx, bedWorkspace, registry.Transformation, "v2")
	})
	if got.PublishedAt.IsZero() || got.Number != 2 {
		t.Errorf("version %+v", got)
	}
	shown := mustRead(t, func(ctx context.Context) (map[string]registry.Version, error) {
		return b.ShownVersions(ctx, bedWorkspace, registry.Transformation)
	})
	mustMatch(t, map[string]registry.Version{"t1": got}, shown)
	for _, at := range [][3]string{{bedOtherWorkspace, registry.Transformation, "v1"},
		{bedWorkspace, registry.Library, "v1"}, {bedWorkspace, registry.Transformation, "v9"}} {
		_, err := b.Version(t.Context(), at[0], at[1], at[2])
		mustBe(t, err, fault.NotFound)
	}
}

func countsTies(t *testing.T, b *registryBed) {
	b.ends(t)
	b.put(t, b.resource("t1", plain(registry.Transformation)), b.resource("p1", plain(registry.TrackingPlan)))
	b.connect(t, b.connection("c1", "s1", "d1", ""), b.connection("c2", "s1", "d2", ""))
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(
			tx.SaveAttachment(ctx, registry.Attachment{Destination: "d1", Transformation: "t1", CreatedAt: b.now, UpdatedAt: b.now}),
			tx.AddSourceLink(ctx, registry.SourceLink{TrackingPlan: "p1", Source: "s2", Config: "{}", CreatedAt: b.now, UpdatedAt: b.now}))
	})
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		for id, want := range map[string]registry.Ties{"s1": {Connections: 2}, "d1": {Connections: 1}, "d2": {Connections: 1},
			"t1": {Destinations: 1}, "p1": {SourceLinks: 1}, "s2": {SourceLinks: 1}, "nothing": {}} {
			got, err := tx.Ties(ctx, id)
			if err != nil {
				return err
			}
			mustMatch(t, want, got)
		}
		return nil
	})
}

func removesResources(t *testing.T, b *registryBed) {
	b.ends(t)
	b.put(t, b.resource("t1", plain(registry.Transformation)))
	b.connect(t, b.connection("c1", "s1", "d1", ""))
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.AddVersion(ctx, b.version("v1", "t1")); err != nil {
			return err
		}
		return tx.SaveAttachment(ctx, registry.Attachment{Destination: "d1", Transformation: "t1", CreatedAt: b.now, UpdatedAt: b.now})
	})
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(tx.RemoveResource(ctx, bedWorkspace, "d1"), tx.RemoveResource(ctx, bedWorkspace, "t1"))
	})
	for _, check := range []func(context.Context) error{
		func(ctx context.Context) error { _, err := b.Attachment(ctx, "d1"); return err },
		func(ctx context.Context) error { _, err := b.Connection(ctx, bedWorkspace, "c1"); return err },
		func(ctx context.Context) error {
			_, err := b.Version(ctx, bedWorkspace, registry.Transformation, "v1")
			return err
		},
	} {
		mustBe(t, check(t.Context()), fault.NotFound)
	}
	b.read(t, registry.Source, "s1")
}

func removesWorkspaces(t *testing.T, b *registryBed) {
	b.ends(t)
	b.connect(t, b.connection("c1", "s1", "d1", ""))
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteWorkspace(ctx, bedOrg, bedWorkspace) })
	_, err := b.RegistryResource(t.Context(), bedWorkspace, registry.Source, "s1")
	mustBe(t, err, fault.NotFound)
	_, err = b.Connection(t.Context(), bedWorkspace, "c1")
	mustBe(t, err, fault.NotFound)
}

func browses(t *testing.T, b *registryBed) {
	for id, name := range map[string]string{"r1": "Web shop", "r2": "web 100%", "r3": "Émail", "r4": "a_b"} {
		b.put(t, b.resource(id, func(r *registry.Resource) { r.Name = name }))
	}
	b.put(t, b.resource("d1", func(r *registry.Resource) { plain(registry.Destination)(r); r.Name = "Web warehouse" }),
		b.resource("x1", func(r *registry.Resource) { r.Workspace, r.Name = bedOtherWorkspace, "Web elsewhere" }))
	for search, want := range map[string]string{"": "d1 r4 r2 r1 r3", "WEB": "d1 r2 r1", "%": "r2", "_": "r4", "éma": "r3",
		"r3": "r3", "r": "d1", `\`: "", "nothing": ""} {
		list, err := b.Browse(t.Context(), bedWorkspace, registry.BrowseQuery{Search: search, Page: 1, Size: 10})
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, r := range list {
			ids = append(ids, r.ID)
		}
		if got := strings.Join(ids, " "); !sameWords(got, want) {
			t.Errorf("search %q: %s, want %s", search, got, want)
		}
	}
	counts, err := b.BrowseCounts(t.Context(), bedWorkspace, "web")
	if err != nil {
		t.Fatal(err)
	}
	mustMatch(t, map[string]int{registry.Source: 2, registry.Destination: 1}, counts)
	list, err := b.Browse(t.Context(), bedWorkspace, registry.BrowseQuery{Type: registry.Source, Page: 2, Size: 3})
	if err != nil || len(list) != 1 || list[0].Type != registry.Source {
		t.Errorf("the second page of sources: %v, error %v", list, err)
	}
}

// sameWords compares sets: what order engines give names beyond ASCII differs.
func sameWords(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

func numbersConcurrently(t *testing.T, b *registryBed) {
	b.put(t, b.resource("t1", plain(registry.Transformation)))
	const writers = 8
	numbers := make([]int64, writers)
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			err := b.fails(func(ctx context.Context, tx *store.Tx) error {
				if _, err := tx.HoldResource(ctx, bedWorkspace, registry.Transformation, "t1"); err != nil {
					return err
				}
				v, err := tx.AddVersion(ctx, b.version(fmt.Sprint("v", i), "t1"))
				numbers[i] = v.Number
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	slices.Sort(numbers)
	mustMatch(t, []int64{1, 2, 3, 4, 5, 6, 7, 8}, numbers)
}

func namesConcurrently(t *testing.T, b *registryBed) {
	var wg sync.WaitGroup
	made := make(chan error, 8)
	for i := range cap(made) {
		wg.Go(func() {
			made <- b.fails(func(ctx context.Context, tx *store.Tx) error {
				return tx.AddResource(ctx, b.resource(fmt.Sprint("r", i), func(r *registry.Resource) { r.ExternalID = "one" }))
			})
		})
	}
	wg.Wait()
	close(made)
	won := 0
	for err := range made {
		if err == nil {
			won++
		} else {
			mustBe(t, err, fault.Conflict)
		}
	}
	if won != 1 {
		t.Errorf("%d of 8 got the same external id", won)
	}
}

func leavesNothing(t *testing.T, b *registryBed) {
	stop := errors.New("stop")
	err := b.fails(func(ctx context.Context, tx *store.Tx) error {
		if err := tx.AddResource(ctx, b.resource("r1", nil)); err != nil {
			return err
		}
		return stop
	})
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	_, err = b.RegistryResource(t.Context(), bedWorkspace, registry.Source, "r1")
	mustBe(t, err, fault.NotFound)
}

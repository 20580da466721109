package registry_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/registry"
	"latchkey/internal/seal"
	"latchkey/internal/store"
)

func newSealKey(t testing.TB) seal.Key {
	t.Helper()
	k, err := seal.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// secretsOf returns what a new service needs, on a store that knows the ring's key.
func secretsOf(t testing.TB, st *store.Store, ring seal.Ring) registry.Secrets {
	t.Helper()
	s := registry.Secrets{Names: registry.NewSecretNames(), Keys: ring}
	if _, err := s.Start(t.Context(), store.Keys(st)); err != nil {
		t.Fatal(err)
	}
	return s
}

// seals returns the secrets of a resource as "path=value", opened with the ring.
func (b *bed) seals(ring seal.Ring, id string) []string {
	b.Helper()
	values, err := b.store.SealedValues(b.ctx, registry.Holder{Resource: id, Part: registry.OfResource})
	b.must(err)
	out := []string{}
	for _, v := range values {
		k, ok := ring.Key(v.Key)
		if !ok {
			b.Fatalf("%s is sealed with the key %s", v.Path, v.Key)
		}
		value, err := k.Open(seal.Place{"resource", id, "config", string(v.Path)}, v.Value)
		b.must(err)
		out = append(out, v.Path.String()+"="+string(value))
	}
	return out
}

func (b *bed) update(r registry.Resource, config string) registry.Resource {
	b.Helper()
	b.now = b.now.Add(1e9)
	r, err := b.Update(b.ctx, b.admin(acme).Caller(), main, r.Type, r.ID, registry.Form{Config: &config})
	b.must(err)
	return r
}

// newestEvent returns the changes of the newest event.
func (b *bed) newestEvent() string {
	b.Helper()
	events, err := b.store.RecentEvents(b.ctx, acme, "", 1)
	b.must(err)
	return string(events[0].Action) + " " + events[0].Before + " " + events[0].After
}

func TestUpdate_KeepsChangesAndRemovesSecrets(t *testing.T) {
	b := newBed(t)
	ring := b.ring
	r := b.create(registry.Destination, registry.Form{Config: text(`{ "host": "db", "password": "hunter2", "auth":{"api_key":"k1"} }`)})
	if r.Config != `{ "host": "db", "auth":{} }` {
		t.Errorf("created as %s", r.Config)
	}
	if e := b.newestEvent(); !strings.Contains(e, `"secretsSet":["auth.api_key","password"]`) || strings.Contains(e, "hunter2") {
		t.Errorf("the event says %s", e)
	}
	for _, step := range []struct{ config, public, want, event string }{
		{`{"host":"db2","auth":{}}`, `{"host":"db2","auth":{}}`, `auth.api_key="k1" password="hunter2"`, `"configChanged":true`},
		{`{"host":"db2","auth":{},"password":"hunter3"}`, `{"host":"db2","auth":{}}`, `auth.api_key="k1" password="hunter3"`,
			`"secretsSet":["password"]`},
		{`{"host":"db2","auth":{"api_key":null}}`, `{"host":"db2","auth":{}}`, `password="hunter3"`, `"secretsRemoved":["auth.api_key"]`},
		{`{"host":"db2","password":""}`, `{"host":"db2"}`, ``, `"secretsRemoved":["password"]`},
	} {
		before := r.UpdatedAt
		r = b.update(r, step.config)
		if got := strings.Join(b.seals(ring, r.ID), " "); got != step.want || r.Config != step.public || !r.UpdatedAt.After(before) {
			t.Errorf("%s: %s and %s, want %s", step.config, r.Config, got, step.want)
		}
		e := b.newestEvent()
		if !strings.Contains(e, step.event) || !strings.Contains(e, `"configChanged":true`) ||
			strings.Contains(e, "hunter") || strings.Contains(e, "k1") {
			t.Errorf("%s: the event says %s", step.config, e)
		}
	}
	// What changes nothing leaves no event and no other time, with secrets and without.
	for _, config := range []string{`{"host":"db2","password":null}`, `{"host":"db2"}`} {
		events := len(b.told(1000))
		if again := b.update(r, config); !again.UpdatedAt.Equal(r.UpdatedAt) || len(b.told(1000)) != events {
			t.Errorf("%s changed something", config)
		}
	}
	r = b.update(r, `{"host":"db2","password":"p"}`)
	if again := b.update(r, `{"host":"db2","password":"p"}`); !again.UpdatedAt.Equal(r.UpdatedAt) {
		t.Error("the same secret again changed something")
	}
	// An update of something else leaves it all alone.
	_, err := b.Update(b.ctx, b.admin(acme).Caller(), main, r.Type, r.ID, registry.Form{Name: text("other")})
	b.must(err)
	if got := b.seals(ring, r.ID); len(got) != 1 {
		t.Errorf("after another update: %q", got)
	}
}

// asked counts how often the key is read from the database.
type asked struct {
	registry.Sealing
	key   string
	times int
}

func (a *asked) SealingKey(context.Context) (string, error) { a.times++; return a.key, nil }

func TestSealNew_ReadsTheKeyOnce(t *testing.T) {
	key := newSealKey(t)
	db := &asked{key: key.ID()}
	secrets := registry.Secrets{Names: registry.NewSecretNames(), Keys: seal.NewRing(key)}
	_, values, err := secrets.SealNew(t.Context(), db, registry.Holder{Resource: "r", Part: registry.OfResource},
		`{"password":"p","token":"t","api_key":"k"}`)
	if err != nil || len(values) != 3 || db.times != 1 {
		t.Errorf("%d secrets, %d queries, %v", len(values), db.times, err)
	}
}

func TestUpdate_FollowsElementsOfLists(t *testing.T) {
	b := newBed(t)
	r := b.create(registry.Destination, registry.Form{Config: text(`{"hosts":[{"n":"a","password":"A"},{"n":"b","password":"B"}]}`)})
	r = b.update(r, `{"hosts":[{"n":"b"},{"n":"a"}]}`)
	if got := strings.Join(b.seals(b.ring, r.ID), " "); got != `hosts[0].password="B" hosts[1].password="A"` {
		t.Errorf("after a move: %s", got)
	}
	_, err := b.Update(b.ctx, b.admin(acme).Caller(), main, r.Type, r.ID, registry.Form{Config: text(`{"hosts":[{"n":"c"}]}`)})
	b.mustBe(err, fault.Invalid)
	if f := fault.Of(err); len(f.Fields) != 1 || f.Fields[0].Path != "config.hosts" {
		t.Errorf("%+v", f)
	}
	many := `{"l":[` + strings.Repeat(`{"password":"p"},`, 101) + `{}]}`
	_, err = b.Update(b.ctx, b.admin(acme).Caller(), main, r.Type, r.ID, registry.Form{Config: &many})
	b.mustBe(err, fault.Invalid)
}

// A sealed value that somebody who can write the database puts elsewhere does not open there, and
// can be replaced.
func TestSealed_DoesNotOpenInAnotherPlace(t *testing.T) {
	b := newBed(t)
	from := b.create(registry.Destination, registry.Form{Config: text(`{"hosts":[{"n":"a","password":"A"},{"n":"b"}]}`)})
	to := b.create(registry.Destination, registry.Form{Config: text(`{"hosts":[{"n":"a"},{"n":"b"}]}`)})
	b.must(b.store.InTx(b.ctx, actor.System(""), func(tx *store.Tx) error {
		values, err := tx.SealedValues(b.ctx, registry.Holder{Resource: from.ID, Part: registry.OfResource})
		b.must(err)
		return tx.SaveSealed(b.ctx, registry.Holder{Resource: to.ID, Part: registry.OfResource}, values)
	}))
	// Moving it within its new resource would open it and seal it anew.
	_, err := b.Update(b.ctx, b.admin(acme).Caller(), main, to.Type, to.ID, registry.Form{Config: text(`{"hosts":[{"n":"b"},{"n":"a"}]}`)})
	b.mustBe(err, fault.Invalid)
	later := seal.NewRing(newSealKey(t))
	if _, err := (registry.Secrets{Keys: b.ring.With(first(later))}).Rotate(b.ctx, store.Keys(b.store)); !errors.Is(err, seal.ErrUnopenable) ||
		!strings.Contains(err.Error(), to.ID) {
		t.Errorf("a rotation: %v", err)
	}
	b.update(to, `{"hosts":[{"n":"a","password":"X"},{"n":"b"}]}`)
	if got := b.seals(b.ring, to.ID); len(got) != 1 || got[0] != `hosts[0].password="X"` {
		t.Errorf("%q", got)
	}
}

func first(r seal.Ring) seal.Key { k, _ := r.Newest(); return k }

func TestLink_SealsItsSecretsAndRemovesThem(t *testing.T) {
	b := newBed(t)
	source, plan := b.create(registry.Source, registry.Form{}), b.create(registry.TrackingPlan, registry.Form{})
	by := b.admin(acme).Caller()
	l, err := b.LinkSource(b.ctx, by, main, plan.ID, source.ID, `{"a":1,"token":"t0psecret"}`)
	b.must(err)
	if l.Config != `{"a":1}` {
		t.Errorf("linked with %s", l.Config)
	}
	l, err = b.UpdateLink(b.ctx, by, main, plan.ID, source.ID, `{"a":2}`)
	b.must(err)
	h := registry.Holder{Resource: source.ID, Part: registry.OfTrackingPlan}
	if values, err := b.store.SealedValues(b.ctx, h); err != nil || len(values) != 1 || l.Config != `{"a":2}` {
		t.Errorf("%s with %d secrets, %v", l.Config, len(values), err)
	}
	b.must(b.UnlinkSource(b.ctx, by, main, plan.ID, source.ID))
	if values, err := b.store.SealedValues(b.ctx, h); err != nil || len(values) != 0 {
		t.Errorf("unlinked with %d secrets, %v", len(values), err)
	}
}

func TestSecrets_AreRefusedWithoutTheInstallationsKey(t *testing.T) {
	b := newBed(t)
	r := b.create(registry.Destination, registry.Form{Config: text(`{"host":"a","password":"p"}`)})
	b.Service = registry.New(store.Registry(b.store), access.BuiltIn(),
		registry.Secrets{Names: registry.NewSecretNames(), Keys: seal.NewRing(newSealKey(t))})
	_, err := b.Update(b.ctx, b.admin(acme).Caller(), main, r.Type, r.ID, registry.Form{Config: text(`{"host":"b","password":"q"}`)})
	b.mustBe(err, fault.Unavailable)
	r = b.update(r, `{"host":"b"}`) // leaves the secret out, which needs no key
	if got := b.seals(b.ring, r.ID); r.Config != `{"host":"b"}` || len(got) != 1 {
		t.Errorf("%s, %q", r.Config, got)
	}
}

// plainly puts a configuration into the database as an older version did.
func (b *bed) plainly(r registry.Resource, config string) {
	b.Helper()
	b.must(b.store.InTx(b.ctx, actor.System(""), func(tx *store.Tx) error {
		return tx.SaveConfig(b.ctx, registry.Config{Holder: registry.Holder{Resource: r.ID, Part: registry.OfResource}, Text: config})
	}))
}

// bytesOf is everything that is on the disk of the database.
func (b *bed) bytesOf() string {
	b.Helper()
	var all strings.Builder
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(b.path + suffix)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			b.Fatal(err)
		}
		all.Write(data)
	}
	return all.String()
}

func TestStart_SealsWhatIsPlainAndOverwritesIt(t *testing.T) {
	b := newBed(t)
	r := b.create(registry.Destination, registry.Form{})
	b.plainly(r, `{"password":"an older canary"}`) // what an update overwrites stays between rows
	for i := range 50 {
		b.plainly(b.create(registry.Source, registry.Form{}), fmt.Sprintf(`{"n":%d,"password":"canary-%d","webhookUrl":"hook-canary"}`, i, i))
	}
	b.plainly(r, `{ "host":"db","password":"canary","token":null,"webhookUrl":"hook-canary" }`)
	if !strings.Contains(b.bytesOf(), "canary-7") {
		t.Fatal("it is not there before: the test proves nothing")
	}
	secrets := registry.Secrets{Names: registry.NewSecretNames("webhook-url"), Keys: b.ring}
	started, err := secrets.Seal(b.ctx, store.Keys(b.store))
	b.must(err)
	if started.Sealed != 102 || !strings.Contains(b.bytesOf(), "canary-7") {
		t.Errorf("without overwriting: %+v", started)
	}
	if started, err = secrets.Start(b.ctx, store.Keys(b.store)); err != nil || started.Sealed != 0 || started.Traces != nil {
		t.Errorf("%+v, %v", started, err)
	}
	if strings.Contains(b.bytesOf(), "canary") {
		t.Error("the disk still has a plain value")
	}
	got, err := b.Get(b.ctx, b.admin(acme), main, registry.Destination, r.ID)
	b.must(err)
	if got.Config != `{ "host":"db"}` || !got.UpdatedAt.Equal(r.UpdatedAt) || len(b.seals(b.ring, r.ID)) != 2 {
		t.Errorf("%s with %q", got.Config, b.seals(b.ring, r.ID))
	}
	if e := b.newestEvent(); !strings.Contains(e, `"secretsSealed":102`) || strings.Contains(e, "canary") {
		t.Errorf("the event says %s", e)
	}
}

// While servers are upgraded one after another, an older one still stores secrets plain.
func TestSecrets_ThatAnOlderServerStoredPlainAreKeptAndNotShown(t *testing.T) {
	b := newBed(t)
	r := b.create(registry.Destination, registry.Form{})
	b.plainly(r, `{"host":"h","password":"canary"}`)
	by := b.admin(acme)
	got, err := b.Get(b.ctx, by, main, registry.Destination, r.ID)
	b.must(err)
	list, err := b.List(b.ctx, by, main, registry.Destination, registry.Query{})
	b.must(err)
	named, err := b.Update(b.ctx, by.Caller(), main, registry.Destination, r.ID, registry.Form{Name: text("other")})
	b.must(err)
	managed, err := b.SetExternalID(b.ctx, by.Caller(), main, registry.Destination, r.ID, "ext")
	b.must(err)
	for _, shown := range []registry.Resource{got, list.Items[0], named, managed} {
		if shown.Config != `{"host":"h"}` {
			t.Errorf("shown as %s", shown.Config)
		}
	}
	b.update(r, `{"host":"i"}`)
	if got := b.seals(b.ring, r.ID); len(got) != 1 || got[0] != `password="canary"` {
		t.Errorf("%q", got)
	}
}

func TestStart_RefusesAnotherKeyAndChangesNothing(t *testing.T) {
	b := newBed(t)
	b.plainly(b.create(registry.Destination, registry.Form{}), `{"password":"p"}`)
	events := len(b.told(1000))
	var wrong *registry.ErrWrongKey
	_, err := registry.Secrets{Names: registry.NewSecretNames(), Keys: seal.NewRing(newSealKey(t))}.Start(b.ctx, store.Keys(b.store))
	if !errors.As(err, &wrong) || wrong.Need != first(b.ring).ID() || len(b.told(1000)) != events {
		t.Errorf("%v, %d events more", err, len(b.told(1000))-events)
	}
	if holders, err := b.store.SealedHolders(b.ctx); err != nil || len(holders) > 0 {
		t.Errorf("%v, %v", holders, err)
	}
}

func TestRotate_SealsAnewAndOldKeysStayGoodForOldBackups(t *testing.T) {
	b := newBed(t)
	r := b.create(registry.Destination, registry.Form{Config: text(`{"password":"p","token":"t"}`)})
	keys := store.Keys(b.store)
	if _, err := (registry.Secrets{Keys: b.ring}).Rotate(b.ctx, keys); !errors.Is(err, registry.ErrNothingToRotate) {
		t.Errorf("without a newer key: %v", err)
	}
	ring := b.ring.With(newSealKey(t))
	// Servers that have the new key go on with the old one before, and with the new one after.
	secrets := registry.Secrets{Names: registry.NewSecretNames(), Keys: ring}
	b.Service = registry.New(store.Registry(b.store), access.BuiltIn(), secrets)
	if started, err := secrets.Start(b.ctx, keys); err != nil || !started.Rotates || started.Key != first(b.ring).ID() {
		t.Errorf("before the rotation: %+v, %v", started, err)
	}
	b.update(r, `{"password":"p2"}`)
	b.seals(b.ring, r.ID) // fails if they need the new key
	rotated, err := secrets.Rotate(b.ctx, keys)
	if err != nil || rotated.Secrets != 2 || rotated.From != first(b.ring).ID() || rotated.To != first(ring).ID() || rotated.Traces != nil {
		t.Fatalf("%+v, %v", rotated, err)
	}
	b.mustTell("secret_key rotated " + first(ring).ID())
	want := `password="p2" token="t"`
	if got := strings.Join(b.seals(seal.NewRing(first(ring)), r.ID), " "); got != want {
		t.Errorf("with the new key: %s", got)
	}
	b.update(r, `{"password":"p3"}`)
	if got := b.seals(seal.NewRing(first(ring)), r.ID); got[0] != `password="p3"` {
		t.Errorf("%q", got)
	}
}

func TestDiscard_RemovesWhatALostKeyHasSealed(t *testing.T) {
	b := newBed(t)
	r := b.create(registry.Destination, registry.Form{Config: text(`{"host":"h","password":"p"}`)})
	ring := seal.NewRing(newSealKey(t))
	done, err := registry.Secrets{Keys: ring}.Discard(b.ctx, store.Keys(b.store))
	if err != nil || done.Secrets != 1 || len(b.seals(ring, r.ID)) != 0 {
		t.Errorf("%+v, %v, %q", done, err, b.seals(ring, r.ID))
	}
	b.Service = registry.New(store.Registry(b.store), access.BuiltIn(), secretsOf(t, b.store, ring))
	b.update(r, `{"host":"h","password":"q"}`)
	if got := b.seals(ring, r.ID); len(got) != 1 {
		t.Errorf("%q", got)
	}
}

func TestBrowse_NamesSecretsThatAreSet(t *testing.T) {
	b := newBed(t)
	b.create(registry.Destination, registry.Form{Config: text(`{"password":"p","db":{"api-key":"k"}}`)})
	b.create(registry.Destination, registry.Form{Name: text("without"), Config: text(`{"password":""}`)})
	found, err := b.Browse(b.ctx, b.admin(acme), main, registry.BrowseQuery{Size: 10})
	b.must(err)
	got := map[string]string{}
	for _, item := range found.Items {
		got[item.Name] = fmt.Sprint(item.Secrets)
	}
	if got["Name of destination"] != "[db.api-key password]" || got["without"] != "[]" {
		t.Errorf("%v", got)
	}
}

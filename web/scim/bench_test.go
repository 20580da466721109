package scim_test

import (
	"fmt"
	"net/url"
	"syscall"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/provision"
	"latchkey/internal/store"
)

// processorTime is what this process has used so far.
func processorTime(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// crowd adds n provisioned members to the organization.
func (w *world) crowd(n int) {
	w.Helper()
	w.must(w.store.InTx(w.ctx, actor.System(""), func(tx *store.Tx) error {
		for i := range n {
			email := fmt.Sprintf("person%d@acme.example", i)
			m := account.Member{ID: fmt.Sprintf("crowd%06d", i), Organization: w.org, Email: email,
				Name: fmt.Sprint("Person ", i), Role: access.RoleMember,
				Status: account.Active, ExternalID: fmt.Sprint("ext", i), CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
			if err := tx.InsertMember(w.ctx, m, ""); err != nil {
				return err
			}
			document := fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":%q,"displayName":%q,"emails":[{"value":%q,"type":"work","primary":true}],"title":"T%d"}`,
				email, m.Name, email, i%50)
			elements := []provision.Element{{Attribute: "emails", Value: email, Kind: "work", Primary: true},
				{Attribute: "title", Value: fmt.Sprint("t", i%50)}}
			if err := tx.SaveUser(w.ctx, m, document, elements); err != nil {
				return err
			}
		}
		return nil
	}))
}

// providerFilters are what providers ask, and some that are harder.
func providerFilters() []string {
	return []string{`userName eq "person7777@acme.example"`, `externalId eq "ext7777"`,
		`emails[type eq "work"].value eq "person7777@acme.example"`,
		`displayName eq "person 7777"`, `title eq "t7"`, `userName co "777"`, `active eq true and meta.lastModified gt "2001-01-01T00:00:00Z"`}
}

func TestFilteredLists_OfTenThousandUsersAreCheap(t *testing.T) {
	w := newWorld(t)
	w.crowd(crowdSize)
	if a := w.want(200, "GET", "/Users?count=5000", ""); a.get("itemsPerPage") != 200.0 || a.get("totalResults") != crowdSize+1.0 {
		t.Errorf("a page has %v of %v", a.get("itemsPerPage"), a.get("totalResults"))
	}
	for _, filter := range providerFilters() {
		best := time.Hour
		for range 5 { // the least of several: others use the machine, too, and the collector runs
			before := processorTime(t)
			w.want(200, "GET", "/Users?filter="+url.QueryEscape(filter)+"&startIndex=1&count=20", "")
			best = min(best, processorTime(t)-before)
		}
		t.Logf("%s: %v", filter, best)
		if best > processorLimit {
			t.Errorf("%s takes %v of processor time, want less than %v", filter, best, processorLimit)
		}
	}
}

func BenchmarkFilter(b *testing.B) {
	w := newWorld(b)
	w.crowd(10_000)
	for i, filter := range providerFilters() {
		b.Run(fmt.Sprint(i), func(b *testing.B) {
			before := processorTime(b)
			for b.Loop() {
				w.want(200, "GET", "/Users?filter="+url.QueryEscape(filter)+"&startIndex=1&count=100", "")
			}
			b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}

// BenchmarkProvision is a first synchronisation: a thousand times a search and a creation.
func BenchmarkProvision(b *testing.B) {
	for b.Loop() {
		w := newWorld(b)
		start := time.Now()
		for i := range 1000 {
			email := fmt.Sprintf("person%d@acme.example", i)
			w.find("/Users", `userName eq "`+email+`"`)
			w.want(201, "POST", "/Users", oktaUser(email, "Person", fmt.Sprint(i), fmt.Sprint(i)))
		}
		b.ReportMetric(time.Since(start).Seconds(), "s/1000-users")
	}
}

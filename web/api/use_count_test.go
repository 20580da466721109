package api_test

import (
	"net/http"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/token"
)

// TestCounts_EachRequestCountsOnce sends requests with one token to every front door. A request with
// a body asks about its token twice.
func TestCounts_EachRequestCountsOnce(t *testing.T) {
	o := newOffice(t)
	service, secret := o.service(access.Policy{"source:create_delete": access.Everywhere()})
	for _, ask := range []struct {
		method, path, body string
		status, refused    int
	}{
		{http.MethodGet, "/v2/sources", "", 200, 0},
		{http.MethodPost, "/v2/sources", sourceBody, 200, 0},
		{http.MethodPost, "/v2/destinations", `{"type":"S3","name":"x","config":{}}`, 403, 1},
		{http.MethodGet, "/auth/verify", "", 200, 0},
		{http.MethodGet, "/auth/verify?permission=source:edit", "", 403, 1},
		{http.MethodGet, "/v2/audit-logs", "", 401, 1},
		{http.MethodGet, "/v2/sources/none", "", 404, 0},
	} {
		before := o.count(service.ID)
		if got := o.call(secret, ask.method, ask.path, ask.body); got.status != ask.status {
			t.Fatalf("%s %s: %d %s", ask.method, ask.path, got.status, got.body)
		}
		after := o.count(service.ID)
		if after.Requests-before.Requests != 1 || after.Refusals-before.Refusals != ask.refused {
			t.Errorf("%s %s: %+v, then %+v", ask.method, ask.path, before, after)
		}
	}
}

// TestCounts_TheFastServerCountsOnce asks by both of its ways.
func TestCounts_TheFastServerCountsOnce(t *testing.T) {
	o := newOffice(t)
	o.listenOnSocket()
	service, secret := o.service(access.Policy{"source:create_delete": access.Everywhere()})
	client := o.client()
	for _, c := range []struct {
		method, path, body string
		refused            int
		headers            []string
	}{
		{"GET", "/auth/verify", "", 0, bearer(secret)},
		{"GET", "/auth/verify?permission=source:create_delete", "", 0, bearer(secret)},
		{"GET", "/auth/verify?permission=source:edit", "", 2, bearer(secret)},
		{"POST", "/oauth2/introspect", "token=" + secret, 0, basicAuth(client.ID, client.Secret.Reveal())},
	} {
		before := o.count(service.ID)
		o.askSocket(c.method, c.path, c.body, c.headers...) // twice
		after := o.count(service.ID)
		if after.Requests-before.Requests != 2 || after.Refusals-before.Refusals != c.refused {
			t.Errorf("%s: %+v, then %+v", c.path, before, after)
		}
	}
	if n := o.shortcuts.Load(); n < 3 { // parts may come together
		t.Errorf("%d shortcuts", n)
	}
}

// count returns what was counted of a token today.
func (o *office) count(id string) token.DayCount {
	o.must(o.verify.Flush(o.ctx))
	today := token.DayOf(o.now())
	days, err := o.store.UseDays(o.ctx, id, today, today)
	o.must(err)
	if len(days) == 0 {
		return token.DayCount{}
	}
	return days[0]
}

package demo

import (
	"fmt"
	"math"
	"net/http"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/provision"
	"latchkey/internal/registry"
	"latchkey/internal/signin"
	"latchkey/internal/token"
	"latchkey/internal/verify"
)

// colleague is somebody with everyday work, from so many days before the present on.
type colleague struct {
	person
	from  int
	often float64 // share of the working days
}

// everyday plans what happens on every day: people sign in and change resources, automation deploys, and
// something is refused. There is less of it on weekends.
func (h *history) everyday() {
	team := []colleague{{ada(), 90, .85}, {eli(), 90, .8}, {vera(), 90, .5}, {olga(), 49, .9}, {jonas(), 45, .9}, {priya(), 42, .75},
		{tomas(), 33, .6}, {mira(), 18, .7}}
	for ago := busy + 4; ago >= 0; ago-- {
		midnight := h.present.Truncate(day).AddDate(0, 0, -ago)
		for _, c := range team {
			share := c.often
			if !working(midnight) {
				share /= 14
			}
			if ago > c.from || h.random.Float64() > share {
				continue
			}
			p, begins := c.person, h.between(midnight, 6.7, 9.4)
			h.at(begins, func() { h.as(p) })
			if h.random.Float64() < .45 {
				h.at(h.between(midnight, 15.5, 18.2), func() { h.signOut(p) })
			}
			h.work(p, begins)
		}
		h.automatic(midnight, ago)
		h.mistakes(midnight, ago)
	}
}

// work plans what somebody changes after the day has begun.
func (h *history) work(p person, begins time.Time) {
	n := 0
	switch p.email {
	case jonas().email, priya().email:
		n = 1 + h.random.IntN(3)
	case editorEmail:
		n = h.random.IntN(3)
	}
	for range n {
		at := begins.Add(time.Duration(10+h.random.IntN(380)) * time.Minute)
		frequency := 15 * (1 + h.random.IntN(8))
		name := pick(h, "Amplitude", "Customer.io")
		kind, config := registry.Destination, fmt.Sprintf(`{"region":"EU","flushMinutes":%d}`, frequency)
		if h.random.IntN(3) == 0 {
			name = pick(h, "Web shop", "iOS app", "Billing webhooks")
			kind, config = registry.Source, fmt.Sprintf(`{"sampling":%d,"consent":{"provider":"oneTrust"}}`, frequency)
		}
		h.at(at, func() {
			_, err := h.registry.Update(h.ctx, h.as(p), h.staging, kind, h.resource(h.staging, name), registry.Form{Config: &config})
			h.try(err)
		})
	}
}

// automatic plans what tokens change on a day.
func (h *history) automatic(midnight time.Time, ago int) {
	if ago > 29 {
		return
	}
	releases := 1 + h.random.IntN(2)
	if !working(midnight) {
		releases = h.random.IntN(8) / 7
	}
	for range releases {
		build := 400 + 9*(30-ago) + h.random.IntN(9)
		h.at(h.between(midnight, 8.5, 15.8), func() {
			kind, name := registry.Destination, pick(h, "Amplitude", "Customer.io")
			if build%3 == 0 {
				kind, name = registry.Source, pick(h, "Web shop", "iOS app", "Billing webhooks")
			}
			_, err := h.registry.Update(h.ctx, h.with("deploy-pipeline"), h.production, kind, h.resource(h.production, name),
				registry.Form{Config: ptr(fmt.Sprintf(`{"region":"EU","release":"build-%d"}`, build))})
			h.try(err)
		})
	}
	if !working(midnight) || h.random.IntN(5) < 2 {
		return
	}
	h.at(h.between(midnight, 4.1, 4.3), func() {
		code := fmt.Sprintf("export function transformEvent(event) {\n  delete event.context.traits.email;\n"+
			"  event.release = %d;\n  return event;\n}\n", 30-ago)
		_, err := h.registry.UpdateScript(h.ctx, h.with("staging-sync"), h.staging, registry.Transformation,
			h.resource(h.staging, "Mask email addresses"), registry.ScriptForm{Code: &code}, true)
		h.try(err)
	})
}

// mistakes plans what is refused on a day: wrong passwords, and tokens that try what they may not.
func (h *history) mistakes(midnight time.Time, ago int) {
	if ago > 28 {
		return
	}
	usual := working(midnight)
	if usual && h.random.IntN(4) == 0 {
		p := pick(h, ada(), eli(), vera())
		h.at(h.between(midnight, 6.5, 9), func() { h.mistype(p.email, p.origin(*h.clock)) })
	}
	if h.random.IntN(9) == 0 {
		stranger := actor.Origin{IP: fmt.Sprintf("198.51.100.%d", 200+h.random.IntN(50)), UserAgent: chrome}
		h.at(h.between(midnight, 0, 24), func() { h.mistype(pick(h, "admin@acme.example", "info@acme.example"), stranger) })
	}
	if usual || h.random.IntN(3) == 0 {
		n := 4 + h.random.IntN(16)
		h.at(h.between(midnight, 7, 18), func() {
			if t, ok := h.held["dashboard-export"]; ok && h.clock.After(t.CreatedAt) {
				h.try(h.denied("dashboard-export", n, "destination:live_events"))
			}
		})
	}
	if usual && h.random.IntN(2) == 0 {
		n := 1 + h.random.IntN(3)
		name, permission := "deploy-pipeline", access.Permission("source:create_delete")
		if h.random.IntN(2) == 0 {
			name, permission = "staging-sync", "destination:edit"
		}
		h.at(h.between(midnight, 8, 17), func() { h.try(h.denied(name, n, permission)) })
	}
}

// mistype signs in with a wrong password.
func (h *history) mistype(email string, from actor.Origin) {
	_, err := h.signIns.SignIn(h.ctx, email, "not the password", signin.Browser{}, from)
	if f := fault.Of(err); f == nil || f.Kind == fault.Internal {
		h.try(err)
	}
	h.try(h.signIns.Flush(h.ctx))
}

// provisioning plans the requests of the identity provider: it looks for changes twice a day, and has three people
// and a group.
func (h *history) provisioning() {
	for ago := busy; ago > 0; ago-- {
		midnight := h.present.Truncate(day).AddDate(0, 0, -ago)
		if ago%3 == 0 {
			h.at(h.between(midnight, 3, 3.2), func() { h.scim("GET", "/Users?startIndex=1&count=100", "", 200, nil) })
		}
	}
	noor := map[string]any{"userName": "noor@acme.example", "displayName": "Noor Haddad", "externalId": "00u1noor", "active": true}
	kenji := map[string]any{"userName": "kenji@acme.example", "displayName": "Kenji S.", "externalId": "00u2kenji", "active": true}
	ines := map[string]any{"userName": "ines@acme.example", "displayName": "Inês Duarte", "externalId": "00u3ines", "active": true}
	h.user(h.date(24, "08:05"), noor)
	h.user(h.date(20, "08:04"), ines)
	h.user(h.date(11, "08:06"), kenji)
	h.at(h.date(11, "08:21"), func() {
		members := []any{}
		for _, user := range []map[string]any{noor, kenji} {
			members = append(members, map[string]any{"value": h.made[user["userName"].(string)]})
		}
		body := map[string]any{"schemas": []any{provision.SchemaGroup}, "displayName": support, "members": members}
		h.scim("POST", "/Groups", support, 201, func(call provision.Call) (provision.Rendered, error) {
			return h.provision.CreateGroup(h.ctx, call, body)
		})
	})
	h.patch(h.date(4, "08:03"), "kenji@acme.example", "displayName", "Kenji Sato")
	h.patch(h.date(3, "17:30"), "ines@acme.example", "active", false)
	h.at(h.date(4, "08:07"), func() {
		h.scim("POST", "/Users", "noor@acme.example", 409, func(call provision.Call) (provision.Rendered, error) {
			return h.provision.CreateUser(h.ctx, call, user(noor))
		})
	})
}

// user returns the body of a request that creates a user.
func user(attributes map[string]any) map[string]any {
	body := map[string]any{"schemas": []any{provision.SchemaUser}}
	for name, value := range attributes {
		body[name] = value
	}
	return body
}

// user plans that the provider looks for a user and creates it.
func (h *history) user(at time.Time, attributes map[string]any) {
	name := attributes["userName"].(string)
	h.at(at, func() { h.scim("GET", `/Users?filter=userName eq "`+name+`"`, "", 200, nil) })
	h.at(at.Add(2*time.Second), func() {
		h.scim("POST", "/Users", name, 201, func(call provision.Call) (provision.Rendered, error) {
			return h.provision.CreateUser(h.ctx, call, user(attributes))
		})
	})
}

// patch plans that the provider changes an attribute of a user.
func (h *history) patch(at time.Time, name, attribute string, value any) {
	h.at(at, func() {
		id := h.made[name]
		h.scim("PATCH", "/Users/"+id, name, 200, func(call provision.Call) (provision.Rendered, error) {
			return h.provision.PatchUser(h.ctx, call, id, []provision.Operation{{Op: "replace", Path: attribute, Value: value, Given: true}})
		})
	})
}

// scim does a request of the identity provider and records it as the front door does.
func (h *history) scim(method, path, subject string, status int, do func(provision.Call) (provision.Rendered, error)) {
	by := h.with("okta-scim")
	r := provision.Request{Method: method, Path: path, Subject: subject, Status: status}
	if do != nil {
		out, err := do(provision.Call{By: h.standing(by), Base: "https://latchkey.acme.example/scim/v2", Record: &r})
		switch {
		case err == nil && status < http.StatusBadRequest:
			h.made[subject] = out.ID
		case err != nil && status >= http.StatusBadRequest:
			r.Type, r.Detail = provision.Uniqueness, fault.Of(err).Message
		default:
			h.try(fmt.Errorf("%s %s: %w", method, path, err))
		}
	}
	h.try(h.provision.Record(h.ctx, by, r))
}

// counting plans that the requests of all tokens are counted, at the end of each day and now.
func (h *history) counting() {
	h.at(h.ago(begun-time.Hour), func() {
		h.unused("legacy-admin-script", 118*day, "192.0.2.99")
		h.unused("nightly-import", 97*day, "192.0.2.77")
	})
	for ago := busy + 15; ago >= 0; ago-- {
		midnight := h.present.Truncate(day).AddDate(0, 0, -ago)
		at := midnight.Add(day - time.Minute)
		if ago == 0 {
			at = h.present.Add(-time.Minute)
		}
		h.at(at, func() { h.count(midnight, ago) })
	}
}

// unused saves that a token was used last so long before the present.
func (h *history) unused(name string, since time.Duration, ip string) {
	id, at := h.held[name].ID, h.ago(since)
	h.try(h.past.SaveUses(h.ctx, []string{id}, func(map[string]verify.Use) []verify.Use {
		return []verify.Use{{Token: id, At: at, From: []token.Use{{IP: ip, At: at}}}}
	}))
}

// count saves how often each token was used on a day, which may not have ended.
func (h *history) count(midnight time.Time, ago int) {
	var uses []verify.Use
	var ids []string
	for _, name := range h.sorted() {
		t, m := h.held[name], machines()[name]
		seconds := h.random.IntN(3000) // always, so that one token does not change the others
		noise := .8 + .4*h.random.Float64()
		if m.requests == 0 || ago < m.until || t.CreatedAt.After(*h.clock) {
			continue
		}
		from, to := midnight.Add(time.Duration(m.from)*time.Hour), midnight.Add(time.Duration(m.to)*time.Hour)
		if m.to <= m.from {
			to = midnight.Add(day)
		}
		if end := t.ExpiresAt; !end.IsZero() && end.Before(to) {
			to = end
		}
		passed := min(to.Sub(from), h.clock.Sub(from))
		if passed <= 0 {
			continue
		}
		n := float64(m.requests) * noise * passed.Hours() / to.Sub(from).Hours()
		if !working(midnight) {
			n *= float64(m.weekend) / 100
		}
		use := verify.Use{Token: t.ID, Organization: h.org, Owner: t.Owner, Requests: int(math.Round(n))}
		if use.Requests == 0 {
			continue
		}
		use.Refusals = int(math.Round(n * float64(m.refusals) / 1000))
		use.At = from.Add(passed - min(passed-1, time.Duration(seconds)*time.Second)).Truncate(time.Millisecond)
		for i, ip := range m.ips {
			if at := use.At.Add(-time.Duration(i) * (time.Hour + time.Duration(seconds)*time.Second)); at.After(t.CreatedAt) {
				use.From = append(use.From, token.Use{IP: ip, At: at})
			}
		}
		uses, ids = append(uses, use), append(ids, t.ID)
	}
	h.try(h.past.SaveUses(h.ctx, ids, func(map[string]verify.Use) []verify.Use { return uses }))
}

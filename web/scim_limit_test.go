package web_test

import (
	"net/http"
	"strings"
	"testing"

	"latchkey/internal/audit"
)

// TestProvisioning_TooLargeARequestIsRefusedAndAudited holds that the limit of a provider's
// request is its own, and that those beyond it are in the audit log like all others.
func TestProvisioning_TooLargeARequestIsRefusedAndAudited(t *testing.T) {
	r := newRig(t)
	body := func(bytes int) string {
		return `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Big","members":[]` + strings.Repeat(" ", bytes) + `}`
	}
	if got := r.send(r.provide(http.MethodPost, "/Groups", body(2<<20))); got.status != http.StatusCreated {
		t.Errorf("two megabytes: %d %s", got.status, got.body)
	}
	head := r.head()
	got := r.send(r.provide(http.MethodPost, "/Groups", body(5<<20)))
	if got.status != http.StatusRequestEntityTooLarge || got.header.Get("Content-Type") != "application/scim+json" ||
		!strings.Contains(got.body, `"status":"413"`) {
		t.Errorf("five megabytes: %d %s %s", got.status, got.header.Get("Content-Type"), got.body)
	}
	events := r.eventsAfter(head)
	if len(events) != 1 || events[0].Target.Type != audit.TargetSCIMRequest || events[0].Action != audit.Refused ||
		!strings.Contains(events[0].After, "413") {
		t.Errorf("in the log: %+v", events)
	}
	stranger := r.provide(http.MethodPost, "/Groups", body(5<<20))
	stranger.secret = ""
	if got := r.send(stranger); got.status != http.StatusUnauthorized {
		t.Errorf("without a token: %d %s", got.status, got.body)
	}
}

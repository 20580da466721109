package identity_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	dsig "github.com/russellhaering/goxmldsig"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/identity"
	"latchkey/internal/signin"
	"latchkey/internal/signin/saml/samltest"
	"latchkey/internal/store"
)

// samlBed is a bed with an enabled provider of SAML, which lists the domain acme.example.
type samlBed struct {
	*bed
	idp *samltest.Provider
	p   identity.Provider
}

func newSAMLBed(t testing.TB) *samlBed {
	t.Helper()
	b := &samlBed{bed: newBed(t, nil)}
	b.idp = samltest.Start(t, b.Clock.Now)
	b.p = b.addSAML(b.idp, "acme.example")
	return b
}

func (b *samlBed) addSAML(idp *samltest.Provider, domains ...string) identity.Provider {
	b.T.Helper()
	p, err := b.use.Add(b.T.Context(), b.Admin, identity.Settings{Preset: "saml", Name: "SAML of " + idp.URL, MetadataURL: idp.URL, Domains: domains,
		NewMembers: identity.Add}, rand.Text())
	b.Must(err)
	p, err = b.use.Enable(b.T.Context(), b.Admin.Caller(), p.ID, true)
	b.Must(err)
	return p
}

// begins begins a sign-in, and returns it with the request that the provider gets.
func (b *samlBed) begins() (identity.Departure, samltest.Request) {
	b.T.Helper()
	b.Clock.Pass(2 * time.Second)
	d, err := b.use.Start(b.T.Context(), b.p.ID, "", "/tokens", origin())
	b.Must(err)
	return d, b.idp.Read(d.Address)
}

// takes lets the server take an answer, and ends the sign-in.
func (b *samlBed) takes(d identity.Departure, relay, response string) (identity.Arrival, error) {
	b.T.Helper()
	id, err := b.use.Receive(b.T.Context(), b.p.ID, d.Browser, identity.Answer{State: relay, Response: response}, origin())
	if err != nil {
		return identity.Arrival{}, err
	}
	return b.use.Finish(b.T.Context(), b.p.ID, d.Browser, identity.Answer{State: id}, signin.Browser{}, origin())
}

// signsIn signs in somebody about whom the provider says attributes.
func (b *samlBed) signsIn(change func(*samltest.Answer)) (identity.Arrival, error) {
	d, r := b.begins()
	return b.takes(d, r.Relay, samltest.Encode(b.idp.Answer(r, change)))
}

// about returns a change that says who it is.
func about(subject, email string, more ...string) func(*samltest.Answer) {
	return func(a *samltest.Answer) {
		a.NameID, a.Attributes = subject, map[string][]string{"email": {email}, "displayName": {"The Name"}}
		if len(more) > 0 {
			a.Attributes["groups"] = more
		}
	}
}

func TestSAML_SignsInWhomTheProviderVouchesFor(t *testing.T) {
	b := newSAMLBed(t)
	first, err := b.signsIn(about("s-1", "ada@acme.example"))
	b.Must(err)
	if first.Next != "/tokens" || !b.live(first.Started.Secret) {
		t.Fatalf("%+v", first)
	}
	// The subject counts from now on, not the address.
	again, err := b.signsIn(about("s-1", "changed@elsewhere.example"))
	b.Must(err)
	if again.Started.Session.Member != first.Started.Session.Member {
		t.Error("the same subject is another member")
	}
	_, err = b.signsIn(about("s-2", "ada@acme.example"))
	b.refused(err, identity.CheckMember)
	// A signed response around it changes nothing.
	_, err = b.signsIn(func(a *samltest.Answer) { about("s-1", "ada@acme.example")(a); a.SignResponse = true })
	b.Must(err)
}

// Each answer is refused, with an event and the check that failed.
func TestSAML_RefusesAttacks(t *testing.T) {
	b := newSAMLBed(t)
	other := samltest.Start(t, b.Clock.Now)
	b.addSAML(other)
	stranger := samltest.NewKey(t, b.Clock.Now())
	set := func(change func(*samltest.Answer)) func(samltest.Request) string {
		return func(r samltest.Request) string {
			return b.idp.Answer(r, func(a *samltest.Answer) { about("s-1", "ada@acme.example")(a); change(a) })
		}
	}
	edit := func(change func(string) string) func(samltest.Request) string {
		return func(r samltest.Request) string { return change(set(func(*samltest.Answer) {})(r)) }
	}
	groups := make([]string, 5000)
	for i := range groups {
		groups[i] = fmt.Sprint("group ", i)
	}
	attacks := map[string]struct {
		answer func(samltest.Request) string
		check  string
	}{
		"unsigned":                  {set(func(a *samltest.Answer) { a.Unsigned = true }), identity.CheckSignature},
		"only the response signed":  {set(func(a *samltest.Answer) { a.Unsigned, a.SignResponse = true, true }), identity.CheckSignature},
		"signed by another key":     {set(func(a *samltest.Answer) { a.Key = stranger }), identity.CheckSignature},
		"key of another provider":   {set(func(a *samltest.Answer) { a.Key = other.Key }), identity.CheckSignature},
		"changed after signing":     {edit(func(x string) string { return strings.Replace(x, "ada@acme", "bob@acme", 1) }), identity.CheckSignature},
		"SHA-1":                     {set(func(a *samltest.Answer) { a.Method, a.Hash = dsig.RSASHA1SignatureMethod, crypto.SHA1 }), identity.CheckSignature},
		"expired":                   {set(func(a *samltest.Answer) { a.Until = b.Clock.Now().Add(-3 * time.Minute) }), identity.CheckTime},
		"early":                     {set(func(a *samltest.Answer) { a.From = b.Clock.Now().Add(3 * time.Minute) }), identity.CheckTime},
		"of the future":             {set(func(a *samltest.Answer) { a.Issued = b.Clock.Now().Add(3 * time.Minute) }), identity.CheckTime},
		"issued long ago":           {set(func(a *samltest.Answer) { a.Issued = b.Clock.Now().Add(-time.Hour) }), identity.CheckTime},
		"other audience":            {set(func(a *samltest.Answer) { a.Audience = "https://other.example" }), identity.CheckAudience},
		"other recipient":           {set(func(a *samltest.Answer) { a.Recipient = "https://other.example/acs" }), identity.CheckRecipient},
		"other destination":         {set(func(a *samltest.Answer) { a.Destination = "https://other.example/acs" }), identity.CheckRecipient},
		"other issuer":              {set(func(a *samltest.Answer) { a.Entity = other.Entity }), identity.CheckIssuer},
		"to another request":        {set(func(a *samltest.Answer) { a.InResponseTo = "_other" }), identity.CheckNonce},
		"to no request":             {set(func(a *samltest.Answer) { a.InResponseTo = "" }), identity.CheckNonce},
		"transient":                 {set(func(a *samltest.Answer) { a.Format = samltest.Transient }), identity.CheckClaims},
		"5,000 groups":              {set(func(a *samltest.Answer) { a.Attributes["groups"] = groups }), identity.CheckAnswer},
		"501 groups":                {set(func(a *samltest.Answer) { a.Attributes["groups"] = groups[:501] }), identity.CheckGroups},
		"2,000 groups":              {set(func(a *samltest.Answer) { a.Attributes["groups"] = groups[:2000] }), identity.CheckSignature},
		"address of another domain": {set(about("s-1", "ada@elsewhere.example")), identity.CheckAddress},
		"1 MB":                      {set(func(a *samltest.Answer) { a.Attributes["photo"] = []string{strings.Repeat("x", 1<<20)} }), identity.CheckAnswer},
		"XML bomb": {edit(func(x string) string {
			return `<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>` + strings.Replace(x, "The Name", "&b;", 1)
		}), identity.CheckAnswer},
		"deep": {edit(func(x string) string {
			return strings.Replace(x, "</samlp:Response>", strings.Repeat("<a>", 5000)+strings.Repeat("</a>", 5000)+"</samlp:Response>", 1)
		}), identity.CheckAnswer},
		"comment in the subject": {edit(func(x string) string { return strings.Replace(x, ">s-1<", ">s-<!-- -->1<", 1) }), identity.CheckAnswer},
		"no XML":                 {func(samltest.Request) string { return "hello" }, identity.CheckAnswer},
		"not a success":          {edit(func(x string) string { return strings.Replace(x, "status:Success", "status:Responder", 1) }), identity.CheckAnswer},
		"encrypted":              {edit(func(x string) string { return strings.ReplaceAll(x, "saml:Assertion", "saml:EncryptedAssertion") }), identity.CheckAnswer},
	}
	wrapped := wrappings()
	for name, wrap := range wrapped {
		attacks["wrapped, "+name] = struct {
			answer func(samltest.Request) string
			check  string
		}{edit(wrap), identity.CheckAnswer}
	}
	if len(wrapped) != 8 {
		t.Fatal(len(wrapped))
	}
	for name, attack := range attacks {
		d, r := b.begins()
		_, err := b.takes(d, r.Relay, samltest.Encode(attack.answer(r)))
		if err == nil {
			t.Errorf("%s: signed in", name)
			continue
		}
		t.Log(name)
		b.refused(err, attack.check)
	}
}

// Nobody vouches for the address of an Admin unless its domain is listed.
func TestSAML_UnlistedAddressOfAnAdminIsRefused(t *testing.T) {
	b := newSAMLBed(t)
	b.idp = samltest.Start(t, b.Clock.Now)
	b.p = b.addSAML(b.idp, "other.example")
	_, err := b.signsIn(about("s-1", b.Admin.Email))
	b.refused(err, identity.CheckAddress)
}

// wrappings returns the eight ways of wrapping a signed assertion (XSW 1 to 8): each adds a forged one that a careless
// reader takes instead.
func wrappings() map[string]func(string) string {
	response := regexp.MustCompile(`(?s)^(.*?<samlp:Response[^>]*>)(.*)(</samlp:Response>)$`)
	inside := regexp.MustCompile(`(?s)<saml:Assertion.*</saml:Assertion>`)
	signed := regexp.MustCompile(`(?s)<ds:Signature.*</ds:Signature>`)
	parts := func(x string) (assertion, signature, forged string) {
		assertion = inside.FindString(x)
		signature = signed.FindString(assertion)
		forged = strings.ReplaceAll(strings.Replace(signed.ReplaceAllString(assertion, ""), ` ID="_`, ` ID="_evil`, 1), "ada@acme", "eve@acme")
		return assertion, signature, forged
	}
	around := func(x, content string) string { return inside.ReplaceAllLiteralString(x, content) }
	in := func(outer, what string) string {
		return strings.Replace(outer, "</saml:Assertion>", what+"</saml:Assertion>", 1)
	}
	return map[string]func(string) string{
		"1: the response in the signature of a forged one": func(x string) string {
			_, signature, forged := parts(x)
			return around(x, in(forged, strings.Replace(signature, "</ds:Signature>", "<ds:Object>"+x+"</ds:Object></ds:Signature>", 1)))
		},
		"2: the response beside a detached signature": func(x string) string {
			_, signature, forged := parts(x)
			return response.ReplaceAllStringFunc(x, func(x string) string { return around(x, signature+x+forged) })
		},
		"3: forged before":   func(x string) string { a, _, forged := parts(x); return around(x, forged+a) },
		"4: in a forged one": func(x string) string { a, _, forged := parts(x); return around(x, in(forged, a)) },
		"5: forged with the signature, the right one at the end": func(x string) string {
			a, signature, forged := parts(x)
			return around(x, in(forged, signature)+strings.Replace(a, signature, "", 1))
		},
		"6: the right one in the signature of a forged one": func(x string) string {
			a, signature, forged := parts(x)
			return around(x, in(forged, strings.Replace(signature, "</ds:Signature>", strings.Replace(a, signature, "", 1)+"</ds:Signature>", 1)))
		},
		"7: forged in extensions": func(x string) string {
			a, _, forged := parts(x)
			return around(x, "<samlp:Extensions>"+forged+"</samlp:Extensions>"+a)
		},
		"8: the right one in an object of the forged one's signature": func(x string) string {
			a, signature, forged := parts(x)
			object := "<ds:Object>" + strings.Replace(a, signature, "", 1) + "</ds:Object></ds:Signature>"
			return around(x, in(forged, strings.Replace(signature, "</ds:Signature>", object, 1)))
		},
	}
}

// An answer works once, in the browser that began, at the address of its provider.
func TestSAML_AnswersAreUsedOnce(t *testing.T) {
	b := newSAMLBed(t)
	d, r := b.begins()
	text := samltest.Encode(b.idp.Answer(r, about("s-1", "ada@acme.example")))
	_, err := b.takes(identity.Departure{Browser: ""}, r.Relay, text)
	b.refused(err, identity.CheckRequest)
	b.Clock.Pass(2 * time.Second)
	_, err = b.takes(d, "_unknown", text)
	b.refused(err, identity.CheckRequest)
	b.Clock.Pass(2 * time.Second)
	if _, err = b.use.Finish(t.Context(), b.p.ID, d.Browser, identity.Answer{State: r.Relay}, signin.Browser{}, origin()); err == nil {
		t.Fatal("signed in without an answer")
	}
	b.refused(err, identity.CheckRequest)
	b.Clock.Pass(2 * time.Second)

	// The same assertion does not answer another request, and not the same one again.
	_, err = b.takes(d, r.Relay, text)
	b.Must(err)
	b.Clock.Pass(2 * time.Second)
	_, err = b.takes(d, r.Relay, text)
	b.refused(err, identity.CheckRequest)
	d, r = b.begins()
	same := func(a *samltest.Answer) { about("s-1", "ada@acme.example")(a); a.ID = "_the-same" }
	_, err = b.takes(d, r.Relay, samltest.Encode(b.idp.Answer(r, same)))
	b.Must(err)
	d, r = b.begins()
	_, err = b.takes(d, r.Relay, samltest.Encode(b.idp.Answer(r, same)))
	b.refused(err, identity.CheckRequest)

	// Too late.
	d, r = b.begins()
	b.Clock.Pass(identity.RequestLife + time.Second)
	_, err = b.takes(d, r.Relay, samltest.Encode(b.idp.Answer(r, about("s-1", "ada@acme.example"))))
	b.refused(err, identity.CheckRequest)

	// Providers that are mixed up: the answer of one at the address of the other.
	b.Admin = b.Caller(b.Admin.ID)
	second := samltest.Start(t, b.Clock.Now)
	first := b.p
	b.p = b.addSAML(second)
	d, err = b.use.Start(t.Context(), first.ID, "", "", origin())
	b.Must(err)
	r = b.idp.Read(d.Address)
	_, err = b.takes(d, r.Relay, samltest.Encode(second.Answer(r, nil)))
	b.refused(err, identity.CheckRequest)
}

// New certificates work without an outage, and a provider that cannot be read keeps the last good ones.
func TestSAML_CertificatesRoll(t *testing.T) {
	b := newSAMLBed(t)
	old := b.idp.Key
	reads := func() (n int) { b.idp.Do(func() { n = b.idp.Reads }); return n }
	b.Clock.Pass(2 * time.Minute)
	b.idp.Do(func() { b.idp.Key, b.idp.Others = samltest.NewKey(t, b.Clock.Now()), []samltest.Key{old} })
	_, err := b.signsIn(about("s-1", "ada@acme.example"))
	b.Must(err)
	if reads() != 2 {
		t.Errorf("%d reads", reads())
	}
	_, err = b.signsIn(func(a *samltest.Answer) { about("s-1", "ada@acme.example")(a); a.Key = old })
	b.Must(err)
	// Strange keys do not make it ask again and again: each sign-in takes 2 seconds.
	strange := samltest.NewKey(t, b.Clock.Now())
	for range 3 {
		_, err = b.signsIn(func(a *samltest.Answer) { a.Key = strange })
		b.refused(err, identity.CheckSignature)
	}
	if reads() != 3 {
		t.Errorf("%d reads", reads())
	}
	// The provider is down, then gives the metadata of another one.
	for _, say := range []func(string) string{func(string) string { return "" },
		func(x string) string { return strings.Replace(x, b.idp.Entity, "https://evil.example", 1) }} {
		b.Clock.Pass(7 * time.Hour)
		b.idp.Do(func() { b.idp.Metadata = say })
		b.Must(b.use.Renew(t.Context()))
		p, err := b.use.Get(t.Context(), b.Admin, b.p.ID)
		b.Must(err)
		if p.MetadataProblem == "" || p.Issuer != b.idp.Entity {
			t.Errorf("%+v", p)
		}
		_, err = b.signsIn(about("s-1", "ada@acme.example"))
		b.Must(err)
	}
}

// A provider that a domain requires cannot become another one: nobody has tried that. A plan without providers locks
// the domain's people out, which the command that changes the plan says.
func TestRequire_KeepsTheProviderThatWasTried(t *testing.T) {
	b, _ := newRequiredBed(t)
	in := identity.Settings{Name: "Okta", MetadataURL: b.idp.URL, NewMembers: identity.Add, Domains: []string{required}}
	b.write(func(ctx context.Context, tx *store.Tx) error { return tx.RequireDomain(ctx, b.Org, required, b.p.ID) })
	_, err := b.use.Change(t.Context(), b.Admin, b.p.ID, in)
	b.Must(err)
	in.SubjectAttribute = "uid"
	if _, err = b.use.Change(t.Context(), b.Admin, b.p.ID, in); !fault.Is(err, fault.Conflict) {
		t.Errorf("another subject attribute: %v", err)
	}
	in.SubjectAttribute, b.idp = "", samltest.Start(t, b.Clock.Now)
	in.MetadataURL = b.idp.URL
	if _, err = b.use.Change(t.Context(), b.Admin, b.p.ID, in); !fault.Is(err, fault.Conflict) {
		t.Errorf("another entity: %v", err)
	}
	for plan, want := range map[access.Plan]string{access.PlanEnterprise: "", access.PlanGrowth: required} {
		locked, err := b.use.LockedOut(t.Context(), account.Organization{ID: b.Org, Plan: plan})
		b.Must(err)
		if got := strings.Join(locked, " "); got != want {
			t.Errorf("locked out on %s: %q", plan, got)
		}
	}
	_, err = b.use.Free(t.Context(), b.Admin.Caller(), b.p.ID, required)
	b.Must(err)
	_, err = b.use.Change(t.Context(), b.Admin, b.p.ID, in)
	b.Must(err)
}

// Visitors are counted by their network, so that those of one cannot push out everybody else's requests.
func TestSAML_RequestsAreCountedByNetwork(t *testing.T) {
	b := newSAMLBed(t)
	keeps := func(d identity.Departure, err error) identity.Kept {
		t.Helper()
		b.Must(err)
		k, err := b.Store.KeptRequest(t.Context(), b.idp.Read(d.Address).Relay)
		b.Must(err)
		return k
	}
	for ip, want := range map[string]string{"198.51.100.7": "198.51.100.7", "2001:db8::1:7": "2001:db8::", "": ""} {
		k := keeps(b.use.Start(t.Context(), b.p.ID, "", "/", actor.Origin{IP: ip}))
		if k.Network != want || k.Session != "" {
			t.Errorf("%s: %q %q", ip, k.Network, k.Session)
		}
	}
	if k := keeps(b.use.StartTry(t.Context(), b.Admin, b.p.ID, "")); k.Network != "" || k.Session != b.Admin.Ref.ID {
		t.Errorf("a trial: %q %q", k.Network, k.Session)
	}
}

// Answers that come at once with a new certificate cause one reading of the metadata.
func TestSAML_ACrowdAtOnceReadsTheMetadataOnce(t *testing.T) {
	b := newSAMLBed(t)
	type sent struct {
		identity.Departure
		identity.Answer
	}
	b.Clock.Pass(time.Minute)
	b.idp.Do(func() { b.idp.Key = samltest.NewKey(t, b.Clock.Now()) })
	var crowd []sent
	for i := range 6 {
		d, r := b.begins()
		response := samltest.Encode(b.idp.Answer(r, about(fmt.Sprint("s-", i), fmt.Sprintf("p%d@acme.example", i))))
		crowd = append(crowd, sent{d, identity.Answer{State: r.Relay, Response: response}})
	}
	var all sync.WaitGroup
	for _, c := range crowd {
		all.Go(func() {
			if _, err := b.use.Receive(t.Context(), b.p.ID, c.Browser, c.Answer, origin()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	var reads int
	if b.idp.Do(func() { reads = b.idp.Reads }); reads != 2 {
		t.Errorf("%d readings, the first when it was added", reads)
	}
}

// A trial shows what the assertion says, and changes nothing.
func TestSAML_TrialShowsEverything(t *testing.T) {
	b := newSAMLBed(t)
	d, err := b.use.StartTry(t.Context(), b.Admin, b.p.ID, "")
	b.Must(err)
	r := b.idp.Read(d.Address)
	id, err := b.use.Receive(t.Context(), b.p.ID, d.Browser, identity.Answer{State: r.Relay, Response: samltest.Encode(b.idp.Answer(r,
		about("s-1", "new@acme.example", "flow", "other")))}, origin())
	b.Must(err)
	if !b.use.IsTry(t.Context(), identity.Answer{State: id}) {
		t.Fatal("a trial is taken for a sign-in")
	}
	if _, err := b.use.Finish(t.Context(), b.p.ID, d.Browser, identity.Answer{State: id}, signin.Browser{}, origin()); err == nil {
		t.Fatal("a trial signs in")
	}
	report, err := b.use.FinishTry(t.Context(), b.Admin, b.p.ID, d.Browser, identity.Answer{State: id})
	b.Must(err)
	want := map[string]string{"email": "new@acme.example", "NameID": "s-1", "groups": `["flow","other"]`}
	for name, value := range want {
		if report.Claims[name] != value {
			t.Errorf("%s: %q", name, report.Claims[name])
		}
	}
	if !report.Passed || report.Verdict != identity.Joins {
		t.Errorf("%+v", report)
	}
	if _, _, err := b.Store.MemberNamed(t.Context(), b.p.Organization, "new@acme.example"); !fault.Is(err, fault.NotFound) {
		t.Error("a trial adds a member")
	}
}

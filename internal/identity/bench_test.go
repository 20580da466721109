package identity_test

import (
	"testing"
	"time"

	"latchkey/internal/signin"
	"latchkey/internal/signin/saml/samltest"
)

// BenchmarkSignIn measures what a sign-in by a provider costs: from the visitor's click to the session, without the browser.
// OpenID Connect includes what the provider answers to our own request, SAML includes nothing of the provider.
func BenchmarkSignIn(b *testing.B) {
	b.Run("OpenIDConnect", func(b *testing.B) {
		bed := newBed(b, nil)
		ada := person("s-ada", "ada@acme.example", true)
		bed.Must(second(bed.signs(ada)))
		var ours time.Duration
		for b.Loop() {
			bed.Clock.Pass(2 * time.Second)
			start := time.Now()
			d, err := bed.use.Start(b.Context(), bed.p.ID, "", "/tokens", origin())
			ours += time.Since(start)
			bed.Must(err)
			answer := bed.back(d)
			start = time.Now()
			_, err = bed.use.Finish(b.Context(), bed.p.ID, d.Browser, answer, signin.Browser{}, origin())
			ours += time.Since(start)
			bed.Must(err)
		}
		b.ReportMetric(float64(ours.Microseconds())/1000/float64(b.N), "ms-ours/op")
	})
	b.Run("SAML", func(b *testing.B) {
		bed := newSAMLBed(b)
		bed.Must(second(bed.signsIn(about("s-1", "ada@acme.example"))))
		var ours time.Duration
		for b.Loop() {
			start := time.Now()
			d, r := bed.begins()
			ours += time.Since(start)
			answer := samltest.Encode(bed.idp.Answer(r, about("s-1", "ada@acme.example")))
			start = time.Now()
			_, err := bed.takes(d, r.Relay, answer)
			ours += time.Since(start)
			bed.Must(err)
		}
		b.ReportMetric(float64(ours.Microseconds())/1000/float64(b.N), "ms-ours/op")
	})
}

package signin

import (
	"context"
	"crypto/sha256"
	"time"

	"latchkey/internal/random"
)

// How browsers are remembered. A browser that did not sign in for BrowserLife is forgotten, and so are those
// of a member beyond the MaxBrowsers that signed in last.
const (
	BrowserLife = 400 * 24 * time.Hour
	MaxBrowsers = 100
)

// browsers is what the database knows of the browsers with which members signed in, inside a transaction.
type browsers interface {
	// RememberBrowser records that a member signs in now with the browser that has this digest, and
	// reports whether that was known. It forgets browsers that signed in before oldest, and those
	// beyond the number that signed in last.
	RememberBrowser(ctx context.Context, memberID string, digest []byte, oldest time.Time, most int) (bool, error)
}

// recognize records that a member signs in with a browser. It reports whether the member did so before,
// and returns the marker that the browser is to keep if it has none.
//
// A marker is a random secret in a cookie of its own, the same for all who use the browser. It survives
// signing out. The database has a digest of marker and member, so its rows do not tell who shares a browser,
// and the cookie does not tell who used it.
func recognize(ctx context.Context, tx Tx, memberID, marker string) (known bool, fresh string, err error) {
	if random.Secret(marker).Digest() == nil {
		marker = random.NewSecret().Reveal()
		fresh = marker
	}
	sum := sha256.Sum256(append(random.Secret(marker).Digest(), memberID...))
	known, err = tx.Browsers.RememberBrowser(ctx, memberID, sum[:], tx.Now().Add(-BrowserLife), MaxBrowsers)
	return known, fresh, err
}

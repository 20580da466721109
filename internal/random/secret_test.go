package random_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"latchkey/internal/random"
)

func TestSecret_IsRedactedWhereverItIsPrinted(t *testing.T) {
	secret := random.NewSecret()
	encoded, err := json.Marshal(map[string]any{"secret": secret})
	if err != nil {
		t.Fatal(err)
	}
	for _, printed := range []string{fmt.Sprint(secret), fmt.Sprintf("%s %v %q %#v", secret, secret, secret, secret), string(encoded)} {
		if strings.Contains(printed, secret.Reveal()) || !strings.Contains(printed, "redacted") {
			t.Errorf("printed as %s", printed)
		}
	}
}

func TestDigest_IsOfSecretsOnly(t *testing.T) {
	secret := random.NewSecret()
	if len(secret) != 43 || len(secret.Digest()) != 32 || string(secret.Digest()) == string(random.NewSecret().Digest()) {
		t.Errorf("%d characters, a digest of %d bytes", len(secret), len(secret.Digest()))
	}
	// The last character holds four bits and two that are zero.
	for _, other := range []random.Secret{"", "nonsense", secret + "A", secret[1:], secret[:42] + "=", " " + secret[1:], secret[:42] + "B"} {
		if other.Digest() != nil {
			t.Errorf("%q has a digest", other.Reveal())
		}
	}
}

package token_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	mathrand "math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/token"
)

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// seeded is a repeatable stream of random bytes.
func seeded(seed byte) io.Reader { return mathrand.NewChaCha8([32]byte{seed}) }

func generate(t testing.TB, kind token.Kind, random io.Reader) string {
	t.Helper()
	secret, err := token.Generate(kind, random)
	if err != nil {
		t.Fatal(err)
	}
	return secret.Reveal()
}

// scannerExpression finds secrets in text, without their checksum. SECURITY.md publishes it for
// secret scanners and log filters.
const scannerExpression = `lk[pso]at_[0-9A-Za-z]{49}`

func TestScannerExpression_IsTheOneThatIsPublished(t *testing.T) {
	text, err := os.ReadFile("../../SECURITY.md")
	if err != nil || !strings.Contains(string(text), "`"+scannerExpression+"`") {
		t.Errorf("SECURITY.md does not name %s: %v", scannerExpression, err)
	}
}

func TestGenerate_MakesWellFormedSecretsOfEveryKind(t *testing.T) {
	scanner := regexp.MustCompile(`^` + scannerExpression + `$`)
	for kind, prefix := range map[token.Kind]string{
		token.Personal: "lkpat_", token.Workspace: "lksat_", token.Organization: "lkoat_",
	} {
		secret := generate(t, kind, rand.Reader)
		if !strings.HasPrefix(secret, prefix) || !scanner.MatchString(secret) {
			t.Errorf("%s: %q does not have the form", kind, secret)
		}
		if got, err := token.Parse(secret); err != nil || got != kind {
			t.Errorf("Parse = %q, %v, want %q", got, err, kind)
		}
	}
	if _, err := token.Generate("other", rand.Reader); err == nil {
		t.Error("an unknown kind was accepted")
	}
}

func TestGenerate_MakesTheDocumentedFormat(t *testing.T) {
	// 0 … 61 are the characters in order, 62 … 247 start again; 248 … 255 are skipped.
	source := append(bytes.Repeat([]byte{0xff}, 3), 0, 1, 10, 36, 61, 62, 247, 248)
	source = append(source, bytes.Repeat([]byte{5}, 53)...)
	const want = "lkpat_01Aaz0z5555555555555555555555555555555555553uG4CY" // the checksum as another CRC-32 computes it
	if got := generate(t, token.Personal, bytes.NewReader(source)); got != want {
		t.Errorf("secret = %q, want %q", got, want)
	}
}

func TestGenerate_CharactersAreEquallyLikely(t *testing.T) {
	const secrets = 5000
	random := seeded(1)
	counts := map[rune]int{}
	for range secrets {
		for _, c := range generate(t, token.Workspace, random)[6:49] {
			counts[c]++
		}
	}
	expected := float64(secrets) * 43 / 62
	var chi float64
	for _, c := range alphabet {
		chi += math.Pow(float64(counts[c])-expected, 2) / expected
	}
	// 61 degrees of freedom: 111 is exceeded by chance once in 10,000 runs, and the stream is
	// fixed. A plain remainder of 256 makes it about 1,500.
	if chi > 111 || len(counts) != 62 {
		t.Errorf("chi-square = %.1f over %d characters", chi, len(counts))
	}
}

func TestGenerate_RefusesABrokenRandomSource(t *testing.T) {
	if _, err := token.Generate(token.Personal, strings.NewReader("short")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("short source: %v", err)
	}
	if _, err := token.Generate(token.Personal, repeat(0xff)); err == nil {
		t.Error("a source without a usable byte was accepted")
	}
}

// repeat is a reader that returns the same byte forever.
type repeat byte

func (r repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r)
	}
	return len(p), nil
}

func TestParse_CatchesEveryChangedCharacter(t *testing.T) {
	secret := generate(t, token.Organization, seeded(2))
	for i := range secret {
		for c := range 256 {
			if byte(c) == secret[i] {
				continue
			}
			changed := secret[:i] + string([]byte{byte(c)}) + secret[i+1:]
			if token.WellFormed(changed) {
				t.Fatalf("accepted %q, byte %d of %q changed", changed, i, secret)
			}
		}
	}
}

func TestParse_CatchesEveryTransposition(t *testing.T) {
	for seed := range byte(20) {
		secret := generate(t, token.Personal, seeded(seed))
		for i := range secret {
			for j := i + 1; j < len(secret); j++ {
				swapped := []byte(secret)
				swapped[i], swapped[j] = swapped[j], swapped[i]
				if string(swapped) != secret && token.WellFormed(string(swapped)) {
					t.Fatalf("accepted %q, bytes %d and %d of %q swapped", swapped, i, j, secret)
				}
			}
		}
	}
}

func TestParse_RefusesWhatIsNoTokenAsUnauthenticated(t *testing.T) {
	secret := generate(t, token.Personal, seeded(3))
	for _, s := range []string{
		"", "lkpat_", secret[:54], secret + "0", " " + secret, secret + "\n", strings.ToUpper(secret),
		"lksat_" + secret[6:], "lkxat_" + secret[6:], strings.Repeat("é", 28)[:55], strings.Repeat("\x00", 55),
	} {
		if kind, err := token.Parse(s); !fault.Is(err, fault.Unauthenticated) || kind != "" {
			t.Errorf("Parse(%q) = %q, %v", s, kind, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	scanner := regexp.MustCompile(`^` + scannerExpression + `$`)
	for seed, kind := range []token.Kind{token.Personal, token.Workspace, token.Organization} {
		f.Add(generate(f, kind, seeded(byte(seed))))
	}
	f.Add("")
	f.Add("lkpat_" + strings.Repeat("0", 49))
	f.Fuzz(func(t *testing.T, s string) {
		kind, err := token.Parse(s)
		if token.WellFormed(s) != (err == nil) || (err == nil) != (kind != "") {
			t.Fatalf("Parse(%q) = %q, %v", s, kind, err)
		}
		if err == nil && (!scanner.MatchString(s) || !strings.HasPrefix(s, kind.Prefix())) {
			t.Fatalf("Parse accepts %q", s)
		}
		_ = token.Hint(s)
	})
}

func TestHotPath_DoesNotAllocate(t *testing.T) {
	secret := generate(t, token.Personal, seeded(4))
	bad := secret[:54] + "!"
	var sum [32]byte
	for name, f := range map[string]func(){
		"Parse":           func() { _, _ = token.Parse(secret) },
		"Parse malformed": func() { _, _ = token.Parse(bad) },
		"WellFormed":      func() { _ = token.WellFormed(bad) },
		"Digest":          func() { sum = token.Digest(secret) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
	_ = sum
}

func TestDigest_IsSHA256(t *testing.T) {
	const want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	if got := fmt.Sprintf("%x", token.Digest("abc")); got != want {
		t.Errorf("Digest = %s", got)
	}
}

func TestHint_ShowsPrefixAndLastFour(t *testing.T) {
	secret := generate(t, token.Workspace, seeded(5))
	for value, want := range map[string]string{
		secret:                     "lksat_…" + secret[51:],
		"1abcdefghijklmnopqrstuVW": "…tuVW",
		"tooshort":                 "…",
		"":                         "…",
	} {
		if got := token.Hint(value); got != want {
			t.Errorf("Hint(%q) = %q, want %q", value, got, want)
		}
	}
}

func TestSecret_PrintsRedactedEverywhere(t *testing.T) {
	secret, err := token.Generate(token.Personal, seeded(6))
	if err != nil {
		t.Fatal(err)
	}
	value := secret.Reveal()
	holder := struct {
		S       token.Secret
		P       *token.Secret
		M       map[token.Secret]token.Secret
		private token.Secret
	}{secret, &secret, map[token.Secret]token.Secret{secret: secret}, secret}

	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%p", "%q", "%x", "%X", "%d", "%10.60s"} {
		fmt.Fprintf(&out, verb+" "+verb+"\n", secret, holder.M)
	}
	fmt.Fprintf(&out, "%v %+v %#v\n", holder, holder, holder)
	fmt.Fprintln(&out, secret, fmt.Errorf("made %v", secret))
	slog.New(slog.NewJSONHandler(&out, nil)).Info("made", "secret", secret, "holder", holder)
	slog.New(slog.NewTextHandler(&out, nil)).Info("made", "secret", secret)
	if err := json.NewEncoder(&out).Encode(holder); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, leak := range []string{value, value[6:], fmt.Sprintf("%x", value), fmt.Sprintf("%X", value)} {
		if strings.Contains(text, leak) {
			t.Errorf("leaked %q in:\n%s", leak, text)
		}
	}
	if secret.String() != "lkpat_…" || (token.Secret{}).Reveal() != "" {
		t.Errorf("String = %q", secret.String())
	}
}

func BenchmarkGenerate(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := token.Generate(token.Personal, rand.Reader); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	var secrets [1024]string // the processor would learn to predict a single one
	for i := range secrets {
		secrets[i] = generate(b, token.Personal, seeded(byte(i)))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := token.Parse(secrets[i%len(secrets)]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDigest(b *testing.B) {
	secret := generate(b, token.Personal, seeded(8))
	b.ReportAllocs()
	for b.Loop() {
		_ = token.Digest(secret)
	}
}

func TestKind_StandsForOnePrincipal(t *testing.T) {
	for kind, want := range map[token.Kind]access.Kind{
		token.Personal: access.PersonalToken, token.Workspace: access.WorkspaceToken, token.Organization: access.OrganizationToken,
		"": access.Nobody, "robot": access.Nobody,
	} {
		if got := kind.Principal(); got != want {
			t.Errorf("%q: %v, want %v", kind, got, want)
		}
	}
}

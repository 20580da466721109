package token

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"strings"
	"unsafe"

	"latchkey/internal/access"
	"latchkey/internal/fault"
)

// Kind is what a token belongs to: a member, a workspace or the organization.
type Kind string

// The kinds.
const (
	// Personal is a personal access token (PAT), with one owner, workspace and scope.
	Personal Kind = "personal"
	// Workspace is a workspace-level service access token (SAT) with a policy of its own.
	Workspace Kind = "workspace"
	// Organization is an organization-level service access token (SAT).
	Organization Kind = "organization"
)

// Label returns the kind in words.
func (k Kind) Label() string {
	if p := k.Principal(); p != access.Nobody {
		return p.Label()
	}
	return "Unknown kind of token"
}

// Principal returns the kind of principal that a token of the kind is, or [access.Nobody] for
// an unknown kind. It is the only conversion between the two.
func (k Kind) Principal() access.Kind {
	switch k {
	case Personal:
		return access.PersonalToken
	case Workspace:
		return access.WorkspaceToken
	case Organization:
		return access.OrganizationToken
	}
	return access.Nobody
}

// Prefix returns the beginning of every secret of the kind, or "" for an unknown kind.
func (k Kind) Prefix() string {
	switch k {
	case Personal:
		return personalPrefix
	case Workspace:
		return workspacePrefix
	case Organization:
		return organizationPrefix
	}
	return ""
}

// The prefixes, all of one length.
const (
	personalPrefix     = "lkpat_"
	workspacePrefix    = "lksat_"
	organizationPrefix = "lkoat_"
)

// Sizes of the parts of a secret, in bytes (all of it is ASCII).
const (
	prefixLength   = 6  // lkpat_
	randomLength   = 43 // 62^43 > 2^256
	checksumLength = 6  // 62^6 > 2^32
	bodyLength     = prefixLength + randomLength
	secretLength   = bodyLength + checksumLength
	hintLength     = 4
)

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// Secret is the value of a new token until it has been shown. It is redacted when it is printed,
// formatted, logged or marshaled. Only Reveal returns the value. It is never stored: see
// [Digest].
//
// The value is behind a pointer, because fmt prints private fields without calling their methods:
// it then prints an address. Compare what Reveal returns, not secrets.
type Secret struct{ value *string }

// Reveal returns the value. Call it only where the value is shown once.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// String returns the redacted form: "lkpat_…".
func (s Secret) String() string { return kindOf(s.Reveal()).Prefix() + "…" }

// GoString returns the redacted form, for %#v.
func (s Secret) GoString() string { return s.String() }

// Format writes the redacted form for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue returns the redacted form, for package log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText returns the redacted form, for JSON, XML and the like.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// errRandom is the error for a source that returns too few usable bytes, which a random one never
// does.
var errRandom = errors.New("token: the random source returns no usable bytes")

// Generate returns a new secret of the kind: the prefix, 43 random base62 characters (256 bits)
// and the checksum. random must be cryptographically secure. Generate returns its errors.
func Generate(kind Kind, random io.Reader) (Secret, error) {
	prefix := kind.Prefix()
	if prefix == "" {
		return Secret{}, fmt.Errorf("token: cannot generate a secret of kind %q", kind)
	}
	var out [secretLength]byte
	copy(out[:], prefix)
	if err := fillRandom(out[prefixLength:bodyLength], random); err != nil {
		return Secret{}, err
	}
	sum := checksum(string(out[:bodyLength]))
	copy(out[bodyLength:], sum[:])
	value := string(out[:])
	return Secret{&value}, nil
}

// fillRandom fills dst with base62 characters that are all equally likely. It skips bytes beyond
// the largest multiple of 62, since their remainders would favor the first characters.
func fillRandom(dst []byte, random io.Reader) error {
	const (
		limit    = 256 / len(alphabet) * len(alphabet) // 248
		attempts = 16                                  // a good source needs a second buffer once in 10^10 times
	)
	var buffer [64]byte
	filled := 0
	for range attempts {
		if _, err := io.ReadFull(random, buffer[:]); err != nil {
			return fmt.Errorf("token: read random bytes: %w", err)
		}
		for _, b := range buffer {
			if int(b) >= limit {
				continue
			}
			dst[filled] = alphabet[int(b)%len(alphabet)]
			if filled++; filled == len(dst) {
				return nil
			}
		}
	}
	return errRandom
}

// checksum returns the CRC-32 (IEEE) of body as six base62 characters. It does not allocate.
func checksum(body string) [checksumLength]byte {
	// A conversion to []byte would copy body to the heap, because the argument escapes.
	sum := crc32.ChecksumIEEE(unsafe.Slice(unsafe.StringData(body), len(body)))
	var out [checksumLength]byte
	for i := checksumLength - 1; i >= 0; i-- {
		out[i] = alphabet[sum%uint32(len(alphabet))]
		sum /= uint32(len(alphabet))
	}
	return out
}

// isBase62 reports whether s has only characters of the alphabet. It does not branch for each
// character: in a random text the processor cannot predict the branch, and each wrong prediction
// would cost as much as ten characters.
func isBase62(s string) bool {
	const (
		digits  = 0x03FF_0000_0000_0000 // bit n is character n
		letters = 0x07FF_FFFE_07FF_FFFE // bit n is character 64+n
	)
	set, all := [4]uint64{digits, letters}, uint64(1)
	for i := range len(s) {
		all &= set[s[i]>>6] >> (s[i] & 63)
	}
	return all == 1
}

// errMalformed is shared, so that refusing garbage costs no allocation.
var errMalformed error = fault.NewUnauthenticated("The token is not valid.")

// Parse checks the prefix, the length, the alphabet and the checksum of s, and returns its kind.
// The error is Unauthenticated if one of them is wrong. Parse does not allocate and does not look
// s up: a well-formed secret may belong to no token. Imported legacy tokens do not have this
// format.
func Parse(s string) (Kind, error) {
	if len(s) != secretLength {
		return "", errMalformed
	}
	kind := kindOf(s)
	if kind == "" {
		return "", errMalformed
	}
	if sum := checksum(s[:bodyLength]); s[bodyLength:] != string(sum[:]) || !isBase62(s[prefixLength:]) {
		return "", errMalformed
	}
	return kind, nil
}

// WellFormed reports whether [Parse] accepts s.
func WellFormed(s string) bool {
	_, err := Parse(s)
	return err == nil
}

// kindOf returns the kind of the prefix of s, or "" if it has none.
func kindOf(s string) Kind {
	if len(s) < prefixLength {
		return ""
	}
	switch s[:prefixLength] {
	case personalPrefix:
		return Personal
	case workspacePrefix:
		return Workspace
	case organizationPrefix:
		return Organization
	}
	return ""
}

// Digest returns the SHA-256 of a whole secret, which may be an imported one. It is the only form
// in which a secret is stored. A password hash is not necessary for 256 random bits. Digest does
// not allocate for secrets of up to 256 bytes.
func Digest(secret string) [sha256.Size]byte {
	var buffer [256]byte
	if len(secret) > len(buffer) {
		return sha256.Sum256([]byte(secret))
	}
	return sha256.Sum256(buffer[:copy(buffer[:], secret)])
}

// Hint returns the part of a secret that lists show: its prefix, "…" and the last four
// characters. A legacy secret has no prefix. If it is shorter than sixteen bytes, Hint shows no
// characters, because four of them would reveal too much.
func Hint(secret string) string {
	const shortest = 16
	hint := kindOf(secret).Prefix() + "…"
	if len(secret) < shortest {
		return hint
	}
	return hint + strings.ToValidUTF8(secret[len(secret)-hintLength:], "")
}

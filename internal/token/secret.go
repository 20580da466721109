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

// Kind says what a token belongs to: a member, a workspace or the organization.
type Kind string

// The kinds.
const (
	// Personal is a personal access token (PAT): one member, one workspace, one scope.
	Personal Kind = "personal"
	// Workspace is a workspace-level service access token (SAT) with a policy of its own.
	Workspace Kind = "workspace"
	// Organization is an organization-level service access token (SAT).
	Organization Kind = "organization"
)

// Label names the kind in plain words, for pages and messages.
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

// Prefix is what every secret of the kind begins with; "" for an unknown kind.
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

// Secret is the value of a new token, which exists in memory between its making and the
// one response that shows it. Whatever prints, formats, logs or marshals it gets the
// redacted form; only Reveal gives the value. It is never stored: see [Digest].
//
// The value is behind a pointer because fmt prints the fields of a struct that it may
// not call methods on: then it shows an address. Compare what Reveal gives, not secrets.
type Secret struct{ value *string }

// Reveal gives the value. Call it where the value is shown once, and nowhere else.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// String is the redacted form: "lkpat_…".
func (s Secret) String() string { return kindOf(s.Reveal()).Prefix() + "…" }

// GoString is the redacted form, for %#v.
func (s Secret) GoString() string { return s.String() }

// Format writes the redacted form whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue is the redacted form, for slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is the redacted form, for JSON, XML and the like.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// errRandom says that the source of random bytes cannot be one.
var errRandom = errors.New("token: the random source yields no usable bytes")

// Generate makes a secret of the kind: prefix, 43 random base62 characters (256 bits) and
// the checksum. random must be a cryptographically secure source; its errors are returned.
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

// fillRandom fills dst with base62 characters, each equally likely: a byte beyond the
// largest multiple of 62 is thrown away, because the remainder alone would favour the
// first characters.
func fillRandom(dst []byte, random io.Reader) error {
	const (
		limit    = 256 / len(alphabet) * len(alphabet) // 248
		attempts = 16                                  // a sound source needs a second buffer once in 10^10
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

// checksum is CRC-32 (IEEE) of body in base62, six characters. It allocates nothing.
func checksum(body string) [checksumLength]byte {
	// The library takes bytes and lets them escape: converted, each would be a copy on the heap.
	sum := crc32.ChecksumIEEE(unsafe.Slice(unsafe.StringData(body), len(body)))
	var out [checksumLength]byte
	for i := checksumLength - 1; i >= 0; i-- {
		out[i] = alphabet[sum%uint32(len(alphabet))]
		sum /= uint32(len(alphabet))
	}
	return out
}

// isBase62 reports whether s has characters of the alphabet only. Without a branch per character:
// those of a random text cannot be foreseen, and each wrong guess would cost as much as ten.
func isBase62(s string) bool {
	const (
		digits  = 0x03FF_0000_0000_0000 // bit n: the character n
		letters = 0x07FF_FFFE_07FF_FFFE // bit n: the character 64+n
	)
	set, all := [4]uint64{digits, letters}, uint64(1)
	for i := range len(s) {
		all &= set[s[i]>>6] >> (s[i] & 63)
	}
	return all == 1
}

// errMalformed is shared, so that refusing garbage costs no allocation.
var errMalformed error = fault.NewUnauthenticated("The token is not valid.")

// Parse checks prefix, length, alphabet and checksum of s and tells its kind; otherwise the
// error is Unauthenticated. It allocates nothing and looks nothing up: a well-formed
// secret may belong to no token. Imported legacy tokens do not have this format.
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

// kindOf reads the prefix; "" when it is none of ours.
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

// Digest is the SHA-256 of a whole presented secret, of ours or of an imported one: the
// only form in which it is kept. No password hash: 256 random bits need none. It does not
// allocate for secrets of up to 256 bytes.
func Digest(secret string) [sha256.Size]byte {
	var buffer [256]byte
	if len(secret) > len(buffer) {
		return sha256.Sum256([]byte(secret))
	}
	return sha256.Sum256(buffer[:copy(buffer[:], secret)])
}

// Hint is what lists show of a secret: its prefix, "…" and the last four characters. A
// legacy secret has no prefix; one of fewer than sixteen bytes shows nothing, since four
// of them would be too much of it.
func Hint(secret string) string {
	const shortest = 16
	hint := kindOf(secret).Prefix() + "…"
	if len(secret) < shortest {
		return hint
	}
	return hint + strings.ToValidUTF8(secret[len(secret)-hintLength:], "")
}

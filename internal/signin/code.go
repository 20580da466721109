package signin

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"image/png"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"latchkey/internal/fault"
	"latchkey/internal/seal"
)

// One-time codes are those of RFC 6238 with what every app supports: SHA-1, six digits, a step of CodeStep.
// CodeSkew is how many steps the clock of the device may be off, each way.
const (
	CodeStep = 30 * time.Second
	CodeSkew = 1
)

const codeDigits = 6

// FactorPart is the part of a factor that is sealed, as the rotation of keys names it.
const FactorPart = "factor"

// secretPath is where the secret of an authenticator app is, inside of its factor.
const secretPath = `["secret"]`

func factorPlace(id string) seal.Place { return seal.Place{"resource", id, FactorPart, secretPath} }

// sealed returns the secret of a factor as it is stored.
func (s *Service) sealed(ctx context.Context, tx Tx, id, secret string) (Sealed, error) {
	keyID, err := tx.Factors.SealingKey(ctx)
	if err != nil {
		return Sealed{}, err
	}
	key, ok := s.keys.Key(keyID)
	if !ok {
		return Sealed{}, fmt.Errorf("the secret key %q, with which this installation seals, is not in the key file", keyID)
	}
	return Sealed{secretPath, keyID, key.Seal(factorPlace(id), []byte(secret))}, nil
}

// opened returns the secret of a factor; NotFound if it has none any more.
func (s *Service) opened(ctx context.Context, r factorReader, id string) (string, error) {
	sealed, err := r.FactorSecret(ctx, id)
	if err != nil {
		return "", err
	}
	key, ok := s.keys.Key(sealed.Key)
	if !ok {
		return "", fmt.Errorf("the secret key %q, with which a second factor is sealed, is not in the key file", sealed.Key)
	}
	secret, err := key.Open(factorPlace(id), sealed.Value)
	return string(secret), err
}

// matchingStep returns the step whose code was typed; false if none of those that count now has it. It
// compares with all of them, so that the time does not tell which.
func matchingStep(secret, code string, now time.Time) (step int64, found bool) {
	current := now.Unix() / int64(CodeStep/time.Second)
	for d := int64(-CodeSkew); d <= CodeSkew; d++ {
		want, err := totp.GenerateCodeCustom(secret, time.Unix((current+d)*int64(CodeStep/time.Second), 0),
			totp.ValidateOpts{Period: uint(CodeStep / time.Second), Digits: codeDigits, Algorithm: otp.AlgorithmSHA1})
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, found = current+d, true
		}
	}
	return step, found
}

// useCode accepts a code of an authenticator app, once.
func (s *Service) useCode(ctx context.Context, tx Tx, factorID, code string) (bool, error) {
	secret, err := s.opened(ctx, tx.Factors, factorID)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	step, found := matchingStep(secret, digitsOf(code), tx.Now())
	if !found {
		return false, nil
	}
	return tx.Factors.UseStep(ctx, factorID, step, tx.Now().Unix()/int64(CodeStep/time.Second)+CodeSkew)
}

// digitsOf returns a code without the spaces that apps show in it.
func digitsOf(code string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\u00a0' {
			return -1
		}
		return r
	}, code)
}

// Enrolment is what an authenticator app needs. It holds a secret, and prints without it.
type Enrolment struct {
	Factor Factor
	Key    string `json:"-"` // as people type it, in groups of four
	QR     string `json:"-"` // a picture as a data URI
}

// String returns the id of the factor only.
func (e Enrolment) String() string { return "factor " + e.Factor.ID }

// GoString returns String.
func (e Enrolment) GoString() string { return e.String() }

// newCodeSecret returns a new secret of 160 bits, as RFC 4226 recommends, in base32.
func newCodeSecret() string {
	raw := make([]byte, 20)
	_, _ = rand.Read(raw) // never fails
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw)
}

// qrSize is the width of the picture in pixels.
const qrSize = 224

// enrolment returns what an app needs to show codes for a factor of an account.
func enrolment(f Factor, secret, email, organization string) (Enrolment, error) {
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		return Enrolment{}, err
	}
	issuer := strings.ReplaceAll("Latchkey "+organization, ":", " ")
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: email, Secret: raw,
		Period: uint(CodeStep / time.Second), Digits: codeDigits, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		return Enrolment{}, err
	}
	picture, err := key.Image(qrSize, qrSize)
	if err != nil {
		return Enrolment{}, err
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		return Enrolment{}, err
	}
	return Enrolment{f, grouped(secret), "data:image/png;base64," + base64.StdEncoding.EncodeToString(out.Bytes())}, nil
}

// grouped returns s in groups of four, for reading and typing.
func grouped(s string) string {
	var groups []string
	for len(s) > 4 {
		groups, s = append(groups, s[:4]), s[4:]
	}
	return strings.Join(append(groups, s), " ")
}

// RecoveryCodes is how many recovery codes a set has. Each has 120 random bits, which a fast digest protects.
const RecoveryCodes = 10

// recoveryLength is how many letters a recovery code has.
const recoveryLength = 24

// recoveryLetters are 32 that are easy to tell apart: no letter looks like a digit.
const recoveryLetters = "abcdefghijkmnpqrstuvwxyz23456789"

// newRecoveryCodes returns a set of codes and their digests.
func newRecoveryCodes(memberID string) (codes []string, digests [][]byte) {
	for range RecoveryCodes {
		raw := make([]byte, recoveryLength)
		_, _ = rand.Read(raw) // never fails
		for i, b := range raw {
			raw[i] = recoveryLetters[b%32]
		}
		code := string(raw)
		codes = append(codes, strings.ReplaceAll(grouped(code), " ", "-"))
		digests = append(digests, recoveryDigest(memberID, code))
	}
	return codes, digests
}

// recoveryDigest returns the digest of a code as it was typed.
func recoveryDigest(memberID, typed string) []byte {
	sum := sha256.Sum256([]byte(memberID + " " + strings.ToLower(digitsOf(strings.TrimSpace(typed)))))
	return sum[:]
}

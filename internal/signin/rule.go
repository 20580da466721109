package signin

import (
	"context"
	_ "embed"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"latchkey/internal/plaintext"
)

// The length of a password: the minimum in characters, the maximum in bytes (which only limits
// the work of hashing).
const (
	MinPassword = 10
	MaxPassword = 256
)

// PasswordHelp says beside a field what a new password must be.
const PasswordHelp = "At least 10 characters, not a common password, your name or your email address."

// commonText is the most used passwords, one a line; see common/README.md.
//
//go:embed common/passwords.txt
var commonText string

var common = sync.OnceValue(func() map[string]bool {
	passwords := map[string]bool{}
	for line := range strings.Lines(commonText) {
		passwords[strings.TrimSpace(line)] = true
	}
	return passwords
})

// PasswordRule decides which new passwords are accepted. It is safe for concurrent use.
type PasswordRule struct {
	breached *Breached // nil: none
	log      *slog.Logger
}

// NewPasswordRule returns the rule. breached is a list of further passwords that are refused, or nil.
// log gets the errors of reading it.
func NewPasswordRule(breached *Breached, log *slog.Logger) *PasswordRule {
	return &PasswordRule{breached: breached, log: log}
}

// Holder is whose password it is. Fields that are unknown are empty.
type Holder struct{ Email, Name, Organization string }

// Check returns a sentence about what is wrong with a new password and what to do, or "" if nothing
// is. There are no rules of composition: requiring digits and symbols makes people choose worse
// passwords. But it must not be one of the most used passwords, nor, with whatever digits and
// punctuation, the address, the name or the organization of its holder.
func (r *PasswordRule) Check(password string, of Holder) string {
	local, _, _ := strings.Cut(of.Email, "@")
	switch {
	case password == "":
		return "Enter a password."
	case !utf8.ValidString(password):
		return "The password is not valid text."
	case utf8.RuneCountInString(password) < MinPassword:
		return fmt.Sprintf("Use at least %d characters.", MinPassword)
	case len(password) > MaxPassword:
		return fmt.Sprintf("Use at most %d bytes.", MaxPassword)
	case common()[strings.ToLower(strings.TrimSpace(password))]:
		return "This is one of the most used passwords. Choose another, for example several unrelated words."
	case sameWords(password, of.Email), sameWords(password, local):
		return "Don't use your email address as the password. Choose another, for example several unrelated words."
	case sameWords(password, of.Name):
		return "Don't use your name as the password. Choose another, for example several unrelated words."
	case sameWords(password, of.Organization):
		return "Don't use the name of the organization as the password. Choose another, for example several unrelated words."
	}
	return r.checkBreached(password)
}

// checkBreached is Check against the list of breached passwords. A list that cannot be read accepts
// nothing.
func (r *PasswordRule) checkBreached(password string) string {
	if r.breached == nil {
		return ""
	}
	found, err := r.breached.Has(password)
	if err != nil {
		r.log.Error("cannot read the list of breached passwords, so no password can be set", "error", err)
		return "The password cannot be checked against breached passwords right now. Try again later, or tell an Admin."
	}
	if found {
		return "This password was found in a data breach. Choose another, and change it wherever else you use it."
	}
	return ""
}

// sameWords reports whether a password is a text, apart from letter case, spaces, punctuation, and
// digits at the ends.
func sameWords(password, text string) bool {
	bare := lettersAndDigits(text)
	if bare == "" {
		return false
	}
	typed := lettersAndDigits(password)
	return typed == bare || core(bare) != "" && core(typed) == core(bare)
}

func lettersAndDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, plaintext.NameKey(s))
}

// core returns s without digits at its ends.
func core(s string) string { return strings.TrimFunc(s, unicode.IsDigit) }

// CheckPassword returns what is wrong with a new password, as [PasswordRule.Check] does.
func (s *Service) CheckPassword(password string, of Holder) string { return s.rule.Check(password, of) }

// checkOf is CheckPassword for a member's account.
func (s *Service) checkOf(ctx context.Context, password string, of Account) (string, error) {
	organization, err := s.store.OrganizationName(ctx, of.Organization)
	if err != nil {
		return "", err
	}
	return s.rule.Check(password, Holder{Email: of.Email, Name: of.Name, Organization: organization}), nil
}

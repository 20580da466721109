package passkey_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"latchkey/internal/signin/passkey"
	"latchkey/internal/signin/passkey/passkeytest"
)

func TestNewParty_IsWhereBrowsersOfferPasskeys(t *testing.T) {
	for address, want := range map[string]passkey.Party{
		"https://Keys.example.com":          {ID: "keys.example.com", Origin: "https://keys.example.com"},
		"https://keys.example.com:8443/lk":  {ID: "keys.example.com", Origin: "https://keys.example.com:8443"},
		"http://localhost:8080":             {ID: "localhost", Origin: "http://localhost:8080"},
		"http://keys.localhost":             {ID: "keys.localhost", Origin: "http://keys.localhost"},
		"http://keys.example.com":           {},
		"http://127.0.0.1:8080":             {},
		"https://[2001:db8::1]:8443":        {},
		"https://schlüssel.example.com":     {},
		"http://localhost.evil.example.com": {},
		"https://xn--schlssel-95a.example":  {ID: "xn--schlssel-95a.example", Origin: "https://xn--schlssel-95a.example"},
		"":                                  {},
		"://":                               {},
	} {
		got, reason := passkey.NewParty(address)
		if got != want || (reason == "") != (want != passkey.Party{}) {
			t.Errorf("%s: %+v, %q", address, got, reason)
		}
	}
}

// made is a passkey that was created, and an answer of it.
type made struct {
	party     passkey.Party
	key       *passkeytest.Key
	challenge []byte
	stored    passkey.Credential
	created   string // what the browser said
	answer    string
}

func newMade(t *testing.T) made {
	t.Helper()
	m := made{challenge: bytes.Repeat([]byte{0xfb}, 32)}
	m.party, _ = passkey.NewParty("https://keys.example.com")
	m.key = passkeytest.New(m.party.ID, m.party.Origin)
	m.key.Still = false
	asked, err := m.party.Creation(m.challenge, passkey.User{Handle: []byte("handle"), Email: "a@example.com", Name: "<Ada>"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	m.created = m.key.Create(asked)
	if m.stored, err = m.party.Created(m.created, m.challenge); err != nil {
		t.Fatal(err)
	}
	if asked, err = m.party.Request(m.challenge, nil, true); err != nil {
		t.Fatal(err)
	}
	m.answer = m.key.Get(asked)
	return m
}

func (m made) check(answer string) (passkey.Credential, error) {
	given, err := passkey.Read(answer)
	if err != nil {
		return passkey.Credential{}, err
	}
	return m.party.Check(given, m.challenge, m.stored, []byte("handle"), true, false)
}

// changed returns copies of an answer in each of which one byte of a field is another, or the field ends early.
func changed(t *testing.T, answer string, fields ...string) []string {
	t.Helper()
	var out []string
	for _, field := range fields {
		var whole map[string]any
		if err := json.Unmarshal([]byte(answer), &whole); err != nil {
			t.Fatal(err)
		}
		response := whole["response"].(map[string]any)
		was, err := base64.RawURLEncoding.DecodeString(response[field].(string))
		if err != nil {
			t.Fatal(err)
		}
		for i := range was {
			for _, b := range [][]byte{append(append(bytes.Clone(was[:i]), was[i]^1), was[i+1:]...), was[:i]} {
				response[field] = base64.RawURLEncoding.EncodeToString(b)
				text, err := json.Marshal(whole)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, string(text))
			}
		}
	}
	return out
}

func TestCheck_RefusesEveryChangeOfAnAnswer(t *testing.T) {
	t.Parallel()
	m := newMade(t)
	after, err := m.check(m.answer)
	if err != nil || after.Count != 1 || !after.IsCopied {
		t.Fatalf("%+v, %v", after, err)
	}
	tries := changed(t, m.answer, "clientDataJSON", "authenticatorData", "signature")
	for _, answer := range tries {
		if _, err := m.check(answer); err == nil {
			t.Errorf("accepted: %s", answer)
		}
	}
	if len(tries) < 300 {
		t.Errorf("only %d answers", len(tries))
	}
	m.stored = after
	if _, err := m.check(m.answer); err == nil || !strings.Contains(err.Error(), "counter") {
		t.Errorf("the same count again: %v", err)
	}
}

// A changed answer may be another good passkey, since nothing signs a new one, but never one for elsewhere.
func TestCreated_ReadsNoChangedAnswerBeyondItsEnd(t *testing.T) {
	t.Parallel()
	m := newMade(t)
	for _, answer := range changed(t, m.created, "clientDataJSON", "attestationObject") {
		if got, err := m.party.Created(answer, m.challenge); err == nil && !bytes.Equal(got.ID, m.stored.ID) {
			t.Errorf("%x", got.ID)
		}
	}
	for _, answer := range []string{"", "{}", "[]", "null", `"x"`, strings.Repeat("[", 100_000),
		strings.Replace(m.created, "public-key", "password", 1),
		strings.Replace(m.created, `"rawId":"`, `"rawId":"+`, 1)} {
		if _, err := m.party.Created(answer, m.challenge); err == nil {
			t.Errorf("accepted: %.40s", answer)
		}
	}
	if _, err := m.party.Created(m.created, nil); err == nil {
		t.Error("accepted without a challenge")
	}
}

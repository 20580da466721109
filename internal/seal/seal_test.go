package seal_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"latchkey/internal/seal"
)

func newKey(t *testing.T) seal.Key {
	t.Helper()
	k, err := seal.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestOpen_NeedsTheSameKeyPlaceAndBytes(t *testing.T) {
	k, place, value := newKey(t), seal.Place{"r1", "config", `["a","b"]`}, []byte("hunter2")
	sealed := k.Seal(place, value)
	if got, err := k.Open(place, sealed); err != nil || !bytes.Equal(got, value) {
		t.Fatalf("%q, %v", got, err)
	}
	if bytes.Contains(sealed, value) || bytes.Equal(sealed, k.Seal(place, value)) {
		t.Error("it is not encrypted, or the same twice")
	}
	for _, other := range []seal.Place{nil, {"r2", "config", `["a","b"]`}, {"r1", "config"}, {"r1c", "onfig", `["a","b"]`},
		{"r1", "config", `["a","b"]`, ""}, {"r1", "link", `["a","b"]`}} {
		if _, err := k.Open(other, sealed); !errors.Is(err, seal.ErrUnopenable) {
			t.Errorf("at %q: %v", other, err)
		}
	}
	if _, err := newKey(t).Open(place, sealed); !errors.Is(err, seal.ErrUnopenable) {
		t.Errorf("with another key: %v", err)
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := k.Open(place, bad); !errors.Is(err, seal.ErrUnopenable) {
			t.Errorf("byte %d changed: %v", i, err)
		}
		if _, err := k.Open(place, sealed[:i]); !errors.Is(err, seal.ErrUnopenable) {
			t.Errorf("%d bytes: %v", i, err)
		}
	}
}

func TestParse_ReadsWhatTextWrites(t *testing.T) {
	older, newer := newKey(t), newKey(t)
	text := seal.NewRing(older).With(newer).Text()
	r, err := seal.Parse(append([]byte("\r\n# a note\n"), bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))...))
	if err != nil {
		t.Fatal(err)
	}
	if k, ok := r.Newest(); !ok || k.ID() != newer.ID() {
		t.Errorf("the newest is %v", k)
	}
	sealed := older.Seal(seal.Place{"p"}, []byte("v"))
	if k, ok := r.Key(older.ID()); !ok {
		t.Error("the older key is missing")
	} else if got, err := k.Open(seal.Place{"p"}, sealed); err != nil || string(got) != "v" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestParse_RefusesWithoutQuoting(t *testing.T) {
	line := strings.Split(strings.TrimSpace(string(seal.NewRing(newKey(t)).Text())), "\n")[2]
	fields := strings.Fields(line)
	for name, text := range map[string]string{
		"nothing": "", "notes only": "# a\n\n", "another kind of key": "-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----\n",
		"another word": strings.Replace(line, "secret", "audit", 1), "half a key": line[:len(line)-8],
		"a mistyped id": fields[0] + " 0000000000000000 " + fields[2], "a key twice": line + "\n" + line, "no text": "\x00\xff",
	} {
		r, err := seal.Parse([]byte(text))
		if err == nil || strings.Contains(err.Error(), fields[2]) || strings.Contains(err.Error(), "MC4CAQ") || len(r.IDs()) > 0 {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
}

func TestKey_PrintsAsItsID(t *testing.T) {
	k := newKey(t)
	fields := strings.Fields(string(seal.NewRing(k).Text()))
	raw, err := base64.StdEncoding.DecodeString(fields[len(fields)-1])
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(map[string]any{"key": k, "ring": seal.NewRing(k)})
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{"json": string(data)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%d", "%x", "%X", "%s", "%q", "%o"} {
		for what, value := range map[string]any{"a key": k, "a pointer": &k, "a ring": seal.NewRing(k), "a struct": struct{ k seal.Key }{k}} {
			texts[what+" with "+verb] = fmt.Sprintf(verb, value)
		}
	}
	secrets := []string{fields[len(fields)-1], string(raw)}
	for _, verb := range []string{"%d", "%x", "%X", "%o", "%#v"} {
		secrets = append(secrets, strings.Trim(strings.TrimPrefix(fmt.Sprintf(verb, raw), "[]byte"), "[]{}"))
	}
	for what, text := range texts {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s: %s", what, text)
			}
		}
	}
	if !strings.Contains(fmt.Sprint(k), k.ID()) {
		t.Errorf("%v", k)
	}
}

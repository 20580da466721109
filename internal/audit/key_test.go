package audit

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestKey_PrintsAsItsID(t *testing.T) {
	k := newKey(t)
	seed := []byte(k.private().Seed())
	body, err := k.PEM()
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{strings.Split(string(body), "\n")[1], base64.StdEncoding.EncodeToString(k.private()), string(seed)}
	for _, verb := range []string{"%d", "%x", "%X", "%o", "%#v"} {
		secrets = append(secrets, strings.Trim(strings.TrimPrefix(fmt.Sprintf(verb, seed), "[]byte"), "[]{}"))
	}
	data, err := json.Marshal(map[string]any{"key": k, "held": struct{ Key Key }{k}})
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{"json": string(data)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%d", "%x", "%X", "%s", "%q", "%o"} {
		for what, value := range map[string]any{"a key": k, "a pointer": &k, "a list": []Key{k}, "a struct": struct{ k Key }{k},
			"a signer": NewSigner(k, nil, nil)} {
			texts[what+" with "+verb] = fmt.Sprintf(verb, value)
		}
	}
	for what, text := range texts {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s: %s", what, text)
			}
		}
	}
	if got := fmt.Sprint(k); got != "audit key "+k.ID() || k.ID() != KeyID(k.Public()) {
		t.Errorf("%s", got)
	}
}

package registry

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDivide_TakesOutSecretsAndLeavesTheRestAsItCame(t *testing.T) {
	names := NewSecretNames("webhook-URL")
	for config, want := range map[string]struct {
		public  string
		secrets map[string]string
	}{
		`{"host":"h","password":"p"}`:          {`{"host":"h"}`, map[string]string{"password": `"p"`}},
		`{"password":"p","host":"h"}`:          {`{"host":"h"}`, map[string]string{"password": `"p"`}},
		`{"password":"p"}`:                     {`{}`, map[string]string{"password": `"p"`}},
		` { "a" : 1.50 , "API-Key" : "k" } `:   {` { "a" : 1.50 } `, map[string]string{"API-Key": `"k"`}},
		`{"api_key":"1","apiKey":"2","x":[ ]}`: {`{"x":[ ]}`, map[string]string{"api_key": `"1"`, "apiKey": `"2"`}},
		`{"p\u0061ssword":"p"}`:                {`{}`, map[string]string{"password": `"p"`}},
		`{"paſſword":"p","toKen":"t"}`:         {`{}`, map[string]string{"paſſword": `"p"`, "toKen": `"t"`}},
		`{"a":{"b":[{"token":"t","c":1e400},{"PRIVATE_KEY":"-----\nx"}]}}`: {`{"a":{"b":[{"c":1e400},{}]}}`,
			map[string]string{"a.b[0].token": `"t"`, "a.b[1].PRIVATE_KEY": `"-----\nx"`}},
		`[{"password":"x"},[{"secret":7}],"password"]`: {`[{},[{}],"password"]`, map[string]string{"[0].password": `"x"`, "[1][0].secret": `7`}},
		`{"credentials":{"user":"u","password":"p"},"z":0}`: {`{"z":0}`,
			map[string]string{"credentials": `{"user":"u","password":"p"}`}},
		`{"token":[ "a", {"b" : 1} ],"z":0}`:  {`{"z":0}`, map[string]string{"token": `[ "a", {"b" : 1} ]`}},
		`{"token":{},"secret":false}`:         {`{}`, map[string]string{"token": `{}`, "secret": `false`}},
		`{"password":null,"apiKey":"","a":1}`: {`{"a":1}`, nil},
		`{"webhook_url":"https://x"}`:         {`{}`, map[string]string{"webhook_url": `"https://x"`}},
		`{"passwords":"p","tokens":1,"useToken":true,"a":"\"password\":\"x\""}`: {
			`{"passwords":"p","tokens":1,"useToken":true,"a":"\"password\":\"x\""}`, nil},
		`{"a":"},\"","b":"\\","password":"\\\""}`: {`{"a":"},\"","b":"\\"}`, map[string]string{"password": `"\\\""`}},
		`null`: {`null`, nil}, ` "password" `: {` "password" `, nil}, `{}`: {`{}`, nil}, `{ }`: {`{ }`, nil}, `7`: {`7`, nil},
	} {
		got := names.divide(config)
		secrets := map[string]string(nil)
		for path, value := range got.secrets {
			if secrets == nil {
				secrets = map[string]string{}
			}
			secrets[path.String()] = value
		}
		if got.public != want.public || !reflect.DeepEqual(secrets, want.secrets) {
			t.Errorf("%s: %s and %v, want %s and %v", config, got.public, secrets, want.public, want.secrets)
		}
	}
}

func TestSecretNames_AreTheDocumentedOnes(t *testing.T) {
	text, err := os.ReadFile("../../docs/secrets.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(builtInSecretNames(), "password", "credentials", "apiKey", "apiSecret", "accessKey", "accessKeyID",
		"secretAccessKey", "accessToken", "clientSecret", "privateKey", "token", "authToken", "connectionString") {
		if !strings.Contains(string(text), "`"+name+"`") || !NewSecretNames().Has(strings.ToUpper(name)) {
			t.Errorf("%s is not in the document or not in the table", name)
		}
	}
}

// FuzzDivide checks that any JSON stays valid, loses every secret name, and is unchanged without one.
func FuzzDivide(f *testing.F) {
	for _, seed := range []string{`{"a":1,"password":"x"}`, `[{"token":{"b":[1,{}]}},"\\\"",{"c": [ ] , "secret":null}]`, ` {"a":{"b":{}}} `, `"x"`} {
		f.Add(seed)
	}
	names := NewSecretNames()
	f.Fuzz(func(t *testing.T, config string) {
		if !json.Valid([]byte(config)) {
			_ = names.divide(config) // may return anything, but must return
			return
		}
		got := names.divide(config)
		if !json.Valid([]byte(got.public)) {
			t.Fatalf("%q became %q", config, got.public)
		}
		if len(got.said) == 0 && got.public != config {
			t.Errorf("%q became %q", config, got.public)
		}
		if again := names.divide(got.public); len(again.said) > 0 || again.public != got.public {
			t.Errorf("%q keeps secrets: %q", config, got.public)
		}
		for path, value := range got.secrets {
			if !json.Valid([]byte(value)) || len(path.steps()) == 0 {
				t.Errorf("%q: %q at %q", config, value, path)
			}
		}
	})
}

func TestPath_IsWhatItWasMadeOf(t *testing.T) {
	steps := []any{"a\x00b", 12, "ü<", 0}
	if diff := cmp.Diff(steps, pathOf(steps).steps()); diff != "" {
		t.Error(diff)
	}
}

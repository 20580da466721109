package registry

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/fault"
)

func TestKeep_KeepsWhatAnUpdateLeavesOut(t *testing.T) {
	names := NewSecretNames()
	const two = `{"hosts":[{"n":"a","password":"A"},{"n":"b","password":"B"}]}`
	for name, c := range map[string]struct {
		before, update string
		want           map[string]string // path after → path before
		refused        bool
	}{
		"left out":             {`{"h":1,"password":"p"}`, `{"h":2}`, map[string]string{"password": "password"}, false},
		"sent again":           {`{"h":1,"password":"p"}`, `{"password":"q"}`, nil, false},
		"null":                 {`{"password":"p","token":"t"}`, `{"password":null}`, map[string]string{"token": "token"}, false},
		"the empty text":       {`{"password":"p"}`, `{"password":""}`, nil, false},
		"an empty object":      {`{"password":"p"}`, `{}`, map[string]string{"password": "password"}, false},
		"nothing at all":       {`{"password":"p"}`, `null`, nil, false},
		"in an object":         {`{"db":{"password":"p"}}`, `{"db":{"x":1}}`, map[string]string{"db.password": "db.password"}, false},
		"its object is gone":   {`{"db":{"password":"p"}}`, `{"x":1}`, nil, false},
		"its object is a list": {`{"db":{"password":"p"}}`, `{"db":[{}]}`, nil, false},
		"the same list": {two, `{"hosts":[{"n":"a"},{"n":"b"}]}`,
			map[string]string{"hosts[0].password": "hosts[0].password", "hosts[1].password": "hosts[1].password"}, false},
		"a list in another order": {two, `{"hosts":[{"n":"b"},{"n":"a"}]}`,
			map[string]string{"hosts[0].password": "hosts[1].password", "hosts[1].password": "hosts[0].password"}, false},
		"one element changed": {two, `{"hosts":[{"n":"a"},{"n":"b2"}]}`,
			map[string]string{"hosts[0].password": "hosts[0].password", "hosts[1].password": "hosts[1].password"}, false},
		"both changed where they are": {two, `{"hosts":[{"n":"a","x":1},{"n":"b","x":1}]}`,
			map[string]string{"hosts[0].password": "hosts[0].password", "hosts[1].password": "hosts[1].password"}, false},
		"both renamed where they are": {two, `{"hosts":[{"n":"c"},{"n":"d"}]}`,
			map[string]string{"hosts[0].password": "hosts[0].password", "hosts[1].password": "hosts[1].password"}, false},
		"exchanged and changed":                    {two, `{"hosts":[{"n":"b","x":1},{"n":"a","x":1}]}`, nil, true},
		"one is gone, another changed, one is new": {two, `{"hosts":[{"n":"b","x":1},{"n":"c"}]}`, nil, true},
		"exchanged and changed deeper": {`[{"at":{"h":"a"},"password":"A"},{"at":{"h":"b"},"password":"B"}]`,
			`[{"at":{"h":"b","x":[1]}},{"at":{"h":"a","x":[1]}}]`, nil, true},
		"exchanged with one that has no secret": {`[{"n":"a","password":"A"},{"n":"b"}]`, `[{"n":"b","x":1},{"n":"a","x":1}]`, nil, true},
		"moved and changed":                     {two, `{"hosts":[{"n":"b"},{"n":"a2"}]}`, nil, true},
		"the first is gone": {two, `{"hosts":[{"n":"b"}]}`,
			map[string]string{"hosts[0].password": "hosts[1].password"}, false},
		"one is new": {two, `{"hosts":[{"n":"0"},{"n":"a"},{"n":"b"}]}`,
			map[string]string{"hosts[1].password": "hosts[0].password", "hosts[2].password": "hosts[1].password"}, false},
		"one is gone, another changed":            {two, `{"hosts":[{"n":"b2"}]}`, nil, true},
		"one is gone, another changed, sent anew": {two, `{"hosts":[{"n":"b2","password":"B"}]}`, nil, false},
		"all alike, one is gone":                  {`[{"password":"A"},{"password":"B"}]`, `[{}]`, nil, true},
		"all are gone":                            {two, `{"hosts":[]}`, nil, false},
		"a list without secrets":                  {`{"a":[1,2],"password":"p"}`, `{"a":[3]}`, map[string]string{"password": "password"}, false},
		"a public member of the name now": {`{"extra":{"password":"p"}}`, `{"extra":{"passwords":1}}`,
			map[string]string{"extra.password": "extra.password"}, false},
	} {
		before, update := names.divide(c.before), names.divide(c.update)
		var stored []Path
		for path := range before.secrets {
			stored = append(stored, path)
		}
		var p fault.Problems
		var got map[string]string
		for after, was := range keep(&p, stored, before.public, update) {
			if got == nil {
				got = map[string]string{}
			}
			got[after.String()] = was.String()
		}
		if err := p.Err("x"); (err != nil) != c.refused {
			t.Errorf("%s: %v, want refused %v", name, err, c.refused)
		} else if diff := cmp.Diff(c.want, got); err == nil && diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
	}
}

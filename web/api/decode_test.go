package api

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/fault"
)

// decodeSample reads a body as a handler does.
func decodeSample(data string) (name string, err error) {
	o, err := parseObject([]byte(data))
	if err != nil {
		return "", err
	}
	text := o.text("name")
	o.flag("enabled")
	o.whole("version")
	o.raw("config")
	for _, item := range o.list("items") {
		item.text("id")
	}
	o.ignore("createdAt")
	return orEmpty(text), o.err()
}

func TestDecode_NamesWhatIsWrongByPath(t *testing.T) {
	for body, want := range map[string]map[string]string{
		`{"name":7}`:                       {"name": "This must be text."},
		`{"enabled":"true"}`:               {"enabled": "This must be true or false."},
		`{"version":1.5}`:                  {"version": "This must be a whole number."},
		`{"version":"1"}`:                  {"version": "This must be a whole number."},
		`{"version":99999999999999999999}`: {"version": "This must be a whole number."},
		`{"items":{}}`:                     {"items": "This must be a list of objects."},
		`{"items":[null]}`:                 {"items[0]": "This must be an object."},
		`{"items":[{"id":1},5,{"x":true}]}`: {"items[0].id": "This must be text.",
			"items[1]": "This must be an object.", "items[2].x": "This field is unknown."},
		`{"nmae":"x","Name":"y"}`:                             {"nmae": "This field is unknown.", "Name": "This field is unknown."},
		`{"config":{"a":{"b":1,"b":2}}}`:                      {"config.a.b": "This name is repeated."},
		`{"config":[0,{"b":1,"b":2}]}`:                        {"config[1].b": "This name is repeated."},
		`{"config":[[],{"a":{}},{"b":[{"c":1,"\u0063":2}]}]}`: {"config[2].b[0].c": "This name is repeated."},
		`{"name":"a","name":"b"}`:                             {"name": "This name is repeated."},
		`{"name":"\ud800"}`:                                   {"name": "This is not valid text."},
	} {
		_, err := decodeSample(body)
		f := fault.Of(err)
		if f == nil || f.Kind != fault.Invalid {
			t.Errorf("%s: %v, want Invalid", body, err)
			continue
		}
		got := map[string]string{}
		for _, field := range f.Fields {
			got[field.Path] = field.Message
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", body, diff)
		}
	}
}

func TestDecode_RefusesWhatIsNoObject(t *testing.T) {
	for _, body := range []string{"", " ", "null", "7", `"x"`, "[]", "[{}]", "{", `{"name":}`, `{"name":"x",}`,
		`{"a":[1,]}`, "{}{}", "{} x", `{'name':1}`, "\xff",
		"{\"name\":\"\xff\"}", `{"config":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, strings.Repeat(`{"a":`, 5000)} {
		if _, err := decodeSample(body); !fault.Is(err, fault.Invalid) {
			t.Errorf("%.40q: %v, want Invalid", body, err)
		}
	}
}

func TestDecode_TakesWhatIsRight(t *testing.T) {
	for _, body := range []string{`{}`, `{"name":"a"}`, `{"name":null,"enabled":null,"version":null,"items":null}`,
		` {"name" : "\ufffd", "createdAt":[{}]} `, `{"config":{"a":{"a":1},"b":{"a":1}},"version":-3,"enabled":false,"items":[]}`,
		`{"config":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`, `{"config":[` + strings.Repeat("1,", 100_000) + `1]}`} {
		if _, err := decodeSample(body); err != nil {
			t.Errorf("%.60s: %v", body, err)
		}
	}
}

func TestDecode_AnswersStaySmallWhateverComes(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"` + strings.Repeat("k", 10_000) + `":1`)
	for i := range 5_000 {
		b.WriteString(`,"` + strings.Repeat("é", 3) + string(rune('a'+i%26)) + strings.Repeat("x", i%7) + `-` +
			string(rune(0x4e00+i%20000)) + `-` + strings.Repeat("y", i/20000) + `":1`)
	}
	b.WriteString(`}`)
	_, err := decodeSample(b.String())
	f := fault.Of(err)
	if f == nil || len(f.Fields) == 0 || len(f.Fields) > maxProblems {
		t.Fatalf("%d problems", len(f.Fields))
	}
	for _, field := range f.Fields {
		if len(field.Path) > 4*maxPath+8 {
			t.Errorf("a path of %d bytes", len(field.Path))
		}
	}
}

func FuzzDecode_NeverPanicsAndAgreesWithItself(f *testing.F) {
	for _, seed := range []string{`{}`, `{"name":"a"}`, `{"items":[{"id":"x"}]}`, `{"config":{"a":[1,{"b":null}]}}`,
		`{"a":{"a":{"a":1,"a":2}}}`, `[`, `{"name":"\ud800\udc00"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		name, err := decodeSample(body)
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Fatalf("%q: %v", body, err)
		}
		again, err2 := decodeSample(body)
		if name != again || (err == nil) != (err2 == nil) {
			t.Fatalf("%q is read twice differently", body)
		}
	})
}

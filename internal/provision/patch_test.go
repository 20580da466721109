package provision

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func document(t *testing.T, text string) Document {
	t.Helper()
	m, err := ParseBody([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestPatch_ChangesWhatTheOperationsSay(t *testing.T) {
	const start = `{"userName":"a@b.example","name":{"givenName":"A","familyName":"B"},"title":"Dr",
		"emails":[{"value":"a@b.example","type":"work","primary":true},{"value":"h@b.example","type":"home"}]}`
	for name, c := range map[string]struct{ operations, want string }{
		"add sets one value": {`{"op":"add","path":"nickName","value":"N"}`, `{"nickName":"N"}`},
		"add merges an object": {`{"op":"add","path":"name","value":{"middleName":"M"}}`,
			`{"name":{"givenName":"A","middleName":"M","familyName":"B"}}`},
		"replace does so, too":  {`{"op":"replace","path":"name","value":{"givenName":"Z"}}`, `{"name":{"givenName":"Z","familyName":"B"}}`},
		"null takes away":       {`{"op":"replace","path":"title","value":null}`, `{"title":null}`},
		"an empty list, too":    {`{"op":"replace","path":"emails","value":[]}`, `{"emails":null}`},
		"remove takes away":     {`{"op":"remove","path":"name.givenName"}`, `{"name":{"familyName":"B"}}`},
		"the last part as well": {`{"op":"remove","path":"name.givenName"},{"op":"remove","path":"name.familyName"}`, `{"name":null}`},
		"names in any case":     {`{"op":"add","path":"NICKname","value":"N"}`, `{"nickName":"N"}`},
		"add appends once": {`{"op":"add","path":"emails","value":[{"value":"x@b.example","type":"other"},{"value":"h@b.example","type":"home"}]}`,
			`{"emails":[{"value":"a@b.example","type":"work","primary":true},{"value":"h@b.example","type":"home"},{"value":"x@b.example","type":"other"}]}`},
		"a new primary one demotes": {`{"op":"add","path":"emails","value":{"value":"x@b.example","primary":true}}`,
			`{"emails":[{"value":"a@b.example","type":"work","primary":false},{"value":"h@b.example","type":"home"},{"value":"x@b.example","primary":true}]}`},
		"marking one demotes": {`{"op":"replace","path":"emails[type eq \"home\"].primary","value":"True"}`,
			`{"emails":[{"value":"a@b.example","type":"work","primary":false},{"value":"h@b.example","type":"home","primary":true}]}`},
		"a filter selects": {`{"op":"replace","path":"emails[type eq \"HOME\"].value","value":"n@b.example"}`,
			`{"emails":[{"value":"a@b.example","type":"work","primary":true},{"value":"n@b.example","type":"home"}]}`},
		"add makes what the filter describes": {`{"op":"add","path":"phoneNumbers[type eq \"work\" and primary eq true].value","value":"1"}`,
			`{"phoneNumbers":[{"value":"1","type":"work","primary":true}]}`},
		"remove by filter": {`{"op":"remove","path":"emails[type ne \"work\"]"}`,
			`{"emails":[{"value":"a@b.example","type":"work","primary":true}]}`},
		"remove all":     {`{"op":"remove","path":"emails"}`, `{"emails":null}`},
		"remove nothing": {`{"op":"remove","path":"emails[type eq \"fax\"]"}`, `{}`},
		"of every element": {`{"op":"remove","path":"emails.type"}`,
			`{"emails":[{"value":"a@b.example","primary":true},{"value":"h@b.example"}]}`},
		"without a path": {`{"op":"add","value":{"title":"X","id":"ignored","name.givenName":"G"}}`,
			`{"title":"X","name":{"givenName":"G","familyName":"B"}}`},
		"an extension": {`{"op":"add","value":{"` + SchemaEnterprise + `":{"department":"D"}}}`, `{"` + SchemaEnterprise +
			`":{"department":"D"}}`},
		"a made up extension": {`{"op":"add","path":"urn:acme:2.0:User:badge","value":7}`,
			`{"urn:acme:2.0:User":{"badge":7},"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:acme:2.0:User"]}`},
		"the extension by its name": {`{"op":"add","path":"` + SchemaEnterprise +
			`","value":{"division":"V","manager":"m"}}`, `{"` + SchemaEnterprise + `":{"division":"V","manager":{"value":"m"}}}`},
		"the extension goes": {`{"op":"add","path":"` + SchemaEnterprise +
			`:division","value":"V"},{"op":"remove","path":"` + SchemaEnterprise + `"}`, `{}`},
		"the core schema by name": {`{"op":"add","path":"` + SchemaUser + `:title","value":"X"}`, `{"title":"X"}`},
		"remove names no value":   {`{"op":"add","path":"urn:acme:2.0:User:badge","value":7},{"op":"remove","path":"urn:acme:2.0:User:badge","value":7}`, `{}`},
		"Replace makes what is not": {`{"op":"Replace","path":"phoneNumbers[type eq \"mobile\"].value","value":"1"}`,
			`{"phoneNumbers":[{"value":"1","type":"mobile"}]}`},
		"and so does it by the name": {`{"op":"Replace","value":{"phoneNumbers[type eq \"fax\"].value":"1"}}`,
			`{"phoneNumbers":[{"value":"1","type":"fax"}]}`},
		"Replace of what is there": {`{"op":"Replace","path":"emails[type eq \"home\"].value","value":"n@b.example"}`,
			`{"emails":[{"value":"a@b.example","type":"work","primary":true},{"value":"n@b.example","type":"home"}]}`},
		"booleans as texts select": {`{"op":"Add","path":"roles[primary eq \"True\"].value","value":"R"},{"op":"Replace","path":"roles[primary eq \"True\"].value","value":"S"}`,
			`{"roles":[{"value":"S","primary":true}]}`},
		"a password is dropped": {`{"op":"replace","path":"password","value":"secret"}`, `{}`},
		"in order":              {`{"op":"add","path":"title","value":"1"},{"op":"replace","path":"title","value":"2"}`, `{"title":"2"}`},
	} {
		t.Run(name, func(t *testing.T) {
			operations, err := ParsePatch([]byte(`{"schemas":["` + MessagePatch + `"],"Operations":[` + c.operations + `]}`))
			if err != nil {
				t.Fatal(err)
			}
			got, err := Users().patch(document(t, start), operations)
			if err != nil {
				t.Fatal(err)
			}
			want := document(t, start)
			want["schemas"] = []any{SchemaUser}
			if _, ok := got[SchemaEnterprise]; ok {
				want["schemas"] = []any{SchemaUser, SchemaEnterprise}
			}
			for key, value := range document(t, c.want) {
				if want[key] = value; value == nil {
					delete(want, key)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got) %s", diff)
			}
		})
	}
}

func TestRead_KeepsWhatWasSentAndDropsWhatIsNotTheClients(t *testing.T) {
	got, err := Users().read(document(t,
		`{"SCHEMAS":["`+SchemaUser+`","`+SchemaEnterprise+`","urn:other"],"username":"A@b.example","ID":"x","meta":{"created":"x"},
		"groups":[{"value":"g"}],"Password":"secret","active":"TRUE","roles":[{"value":"r","primary":"True"}],"shoeSize":44.50,"nickName":null,"ims":[],
		"emails":{"value":"A@b.example"},"photos":["https://x.example/p"]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := document(t, `{"schemas":["`+SchemaUser+`","urn:other"],"userName":"A@b.example","active":true,"roles":[{"value":"r","primary":true}],"shoeSize":44.50,
		"emails":[{"value":"A@b.example"}],"photos":[{"value":"https://x.example/p"}]}`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got) %s", diff)
	}
}

func TestDisplayName_IsWhatTheDocumentSaysBest(t *testing.T) {
	for text, want := range map[string]string{
		`{"displayName":" D ","name":{"formatted":"F"}}`:                               "D",
		`{"displayName":" ","name":{"formatted":"F","givenName":"G"}}`:                 "F",
		`{"name":{"givenName":"G","familyName":"H"}}`:                                  "G H",
		`{"name":{"familyName":"H"}}`:                                                  "H",
		`{"name":{"formatted":"a\u202eb","givenName":"G"}}`:                            "G",
		`{"userName":"x@y.example"}`:                                                   "",
		`{"name":{"formatted":"` + string(make64()) + `x","givenName":"` + "G" + `"}}`: "G",
	} {
		if got, err := displayName(document(t, text)); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", text, got, err, want)
		}
	}
}

func make64() []byte {
	b := make([]byte, 64)
	for i := range b {
		b[i] = 'x'
	}
	return b
}

func TestDocument_LeavesOutACoreSchemaThatWasStoredLikeAnExtension(t *testing.T) {
	u := User{Linked: true, Document: `{"userName":"x@y.example","URN:ietf:params:scim:schemas:core:2.0:User":{"active":false},"` +
		SchemaUser + `:active":false,"urn:ietf:params:scim:schemas:core:2.0":{"User":{"active":false}},"urn:acme:2.0:User":{"badge":"7"},
		"schemas":["` + SchemaUser + `","urn:acme:2.0:User","urn:ietf:params:scim:schemas:core:2.0"]}`}
	u.Email, u.Status = "x@y.example", "active"
	got, err := u.document()
	if err != nil {
		t.Fatal(err)
	}
	for key := range got {
		if isCore(key) {
			t.Errorf("still has %q", key)
		}
	}
	if diff := cmp.Diff([]any{SchemaUser, "urn:acme:2.0:User"}, got["schemas"]); diff != "" {
		t.Error(diff)
	}
	if got["urn:acme:2.0:User"] == nil || got["active"] != true {
		t.Errorf("got %v", got)
	}
}

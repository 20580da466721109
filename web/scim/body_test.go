package scim_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

const (
	userStart  = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],`
	groupStart = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],`
)

// badBody is a body that must be refused, and with what.
type badBody struct {
	name   string
	status int
	typ    string
	body   string
}

func badUsers() []badBody {
	return []badBody{
		{"empty", 400, "invalidSyntax", ``},
		{"no JSON", 400, "invalidSyntax", `userName=x`},
		{"a list", 400, "invalidSyntax", `[]`},
		{"null", 400, "invalidSyntax", `null`},
		{"two objects", 400, "invalidSyntax", userStart + `"userName":"x@y.example"}{}`},
		{"cut off", 400, "invalidSyntax", userStart + `"userName":"x@y.exa`},
		{"no schemas", 400, "invalidSyntax", `{"userName":"x@y.example"}`},
		{"schemas of a group", 400, "invalidSyntax", groupStart + `"userName":"x@y.example"}`},
		{"schemas as a text", 400, "invalidSyntax", `{"schemas":"urn:ietf:params:scim:schemas:core:2.0:User","userName":"x@y.example"}`},
		{"schemas of numbers", 400, "invalidSyntax", `{"schemas":[1],"userName":"x@y.example"}`},
		{"an attribute twice", 400, "invalidSyntax", userStart + `"userName":"x@y.example","title":"a","TITLE":"b"}`},
		{"no userName", 400, "invalidValue", userStart + `"displayName":"X"}`},
		{"empty userName", 400, "invalidValue", userStart + `"userName":""}`},
		{"userName null", 400, "invalidValue", userStart + `"userName":null}`},
		{"userName no address", 400, "invalidValue", userStart + `"userName":"jdoe"}`},
		{"userName a number", 400, "invalidValue", userStart + `"userName":7}`},
		{"userName with a line break", 400, "invalidValue", userStart + `"userName":"x@y.example\r\nBcc: z@y.example"}`},
		{"active as a word", 400, "invalidValue", userStart + `"userName":"x@y.example","active":"yes"}`},
		{"active as a number", 400, "invalidValue", userStart + `"userName":"x@y.example","active":1}`},
		{"name as a text", 400, "invalidValue", userStart + `"userName":"x@y.example","name":"X"}`},
		{"title as an object", 400, "invalidValue", userStart + `"userName":"x@y.example","title":{}}`},
		{"displayName too long", 400, "invalidValue", userStart + `"userName":"x@y.example","displayName":"` + strings.Repeat("x", 65) + `"}`},
		{"displayName that hides", 400, "invalidValue", userStart + `"userName":"x@y.example","displayName":"a\u202eb"}`},
		{"a text with a zero", 400, "invalidValue", userStart + `"userName":"x@y.example","title":"a\u0000b"}`},
		{"two primary addresses", 400, "invalidValue", userStart +
			`"userName":"x@y.example","emails":[{"value":"a@b.example","primary":true},{"value":"c@d.example","primary":"True"}]}`},
		{"emails of numbers", 400, "invalidValue", userStart + `"userName":"x@y.example","emails":[1]}`},
		{"the extension as a text", 400, "invalidValue", userStart + `"userName":"x@y.example","` + enterpriseURN + `":"x"}`},
		{"too large a resource", 400, "invalidValue", userStart + `"userName":"x@y.example","title":"` + strings.Repeat("x", 70<<10) + `"}`},
		{"too long an externalId", 400, "invalidValue", userStart + `"userName":"x@y.example","externalId":"` + strings.Repeat("x", 1025) + `"}`},
	}
}

func TestBodies_OfUsersThatCannotBe(t *testing.T) {
	w := newWorld(t)
	id := w.want(201, "POST", "/Users", oktaUser("x@y.example", "X", "Y", "1")).text("id")
	before := w.want(200, "GET", "/Users/"+id, "").raw
	for _, bad := range badUsers() {
		t.Run(strings.ReplaceAll(bad.name, " ", "_"), func(t *testing.T) {
			w := &world{TB: t, ctx: w.ctx, store: w.store, handler: w.handler, sat: w.sat, org: w.org}
			w.problem(bad.status, bad.typ, "POST", "/Users", strings.Replace(bad.body, "x@y.example", "new@y.example", 1))
			w.problem(bad.status, bad.typ, "PUT", "/Users/"+id, bad.body)
		})
	}
	if after := w.want(200, "GET", "/Users/"+id, "").raw; after != before {
		t.Errorf("changed to %s", after)
	}
	if n, err := w.store.CountMembers(w.ctx, w.org); err != nil || n != 2 {
		t.Errorf("%d members, %v", n, err)
	}
}

func badPatches() []badBody {
	op := func(op string) string { return patch(op) }
	return []badBody{
		{"no JSON", 400, "invalidSyntax", `x`},
		{"no schemas", 400, "invalidSyntax", `{"Operations":[{"op":"add","path":"title","value":"x"}]}`},
		{"other schemas", 400, "invalidSyntax", userStart + `"Operations":[{"op":"add","path":"title","value":"x"}]}`},
		{"no operations", 400, "invalidSyntax", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}`},
		{"an empty list", 400, "invalidSyntax", patchStart + `]}`},
		{"operations of texts", 400, "invalidSyntax", op(`"add"`)},
		{"an unknown op", 400, "invalidSyntax", op(`{"op":"move","path":"title","value":"x"}`)},
		{"no op", 400, "invalidSyntax", op(`{"path":"title","value":"x"}`)},
		{"op a number", 400, "invalidSyntax", op(`{"op":1,"path":"title","value":"x"}`)},
		{"path a number", 400, "invalidSyntax", op(`{"op":"add","path":1,"value":"x"}`)},
		{"op twice", 400, "invalidSyntax", op(`{"op":"add","OP":"remove","path":"title","value":"x"}`)},
		{"no value", 400, "invalidValue", op(`{"op":"add","path":"title"}`)},
		{"a text without path", 400, "invalidValue", op(`{"op":"replace","value":"x"}`)},
		{"a boolean for a text", 400, "invalidValue", op(`{"op":"replace","path":"title","value":true}`)},
		{"an object for a boolean", 400, "invalidValue", op(`{"op":"replace","path":"active","value":{}}`)},
		{"a list for a name", 400, "invalidValue", op(`{"op":"replace","path":"name","value":[]}`)},
		{"too long a name", 400, "invalidValue", op(`{"op":"replace","path":"displayName","value":"` + strings.Repeat("x", 65) + `"}`)},
		{"remove without path", 400, "noTarget", op(`{"op":"remove"}`)},
		{"replace what no filter selects", 400, "noTarget", op(`{"op":"replace","path":"emails[type eq \"home\"].value","value":"a@b.example"}`)},
		{"an unknown attribute", 400, "invalidPath", op(`{"op":"add","path":"shoeSize","value":"44"}`)},
		{"an unknown sub-attribute", 400, "invalidPath", op(`{"op":"add","path":"name.nick","value":"x"}`)},
		{"no path at all", 400, "invalidPath", op(`{"op":"add","path":"..","value":"x"}`)},
		{"a path with a tail", 400, "invalidPath", op(`{"op":"add","path":"title eq","value":"x"}`)},
		{"a filter on one value", 400, "invalidPath", op(`{"op":"add","path":"title[value eq \"x\"]","value":"x"}`)},
		{"a broken filter", 400, "invalidFilter", op(`{"op":"remove","path":"emails[type eq]"}`)},
		{"a filter on an unknown attribute", 400, "invalidFilter", op(`{"op":"remove","path":"emails[size eq \"x\"]"}`)},
		{"a filter of the wrong type", 400, "invalidFilter", op(`{"op":"remove","path":"emails[primary eq \"x\"]"}`)},
		{"a userName that is no address", 400, "invalidValue", op(`{"op":"replace","path":"userName","value":"jdoe"}`)},
		{"the id", 400, "mutability", op(`{"op":"replace","path":"id","value":"x"}`)},
		{"the groups", 400, "mutability", op(`{"op":"add","path":"groups","value":[{"value":"x"}]}`)},
		{"meta", 400, "mutability", op(`{"op":"remove","path":"meta.created"}`)},
		{"removing the userName", 400, "mutability", op(`{"op":"remove","path":"userName"}`)},
		{"one good and one bad", 400, "invalidPath", patch(`{"op":"replace","path":"title","value":"changed"}`,
			`{"op":"add","path":"shoeSize","value":"44"}`)},
	}
}

func TestBodies_OfPatchesThatCannotBe(t *testing.T) {
	w := newWorld(t)
	id := w.want(201, "POST", "/Users", oktaUser("x@y.example", "X", "Y", "1")).text("id")
	before := w.want(200, "GET", "/Users/"+id, "").raw
	for _, bad := range badPatches() {
		t.Run(strings.ReplaceAll(bad.name, " ", "_"), func(t *testing.T) {
			w := &world{TB: t, ctx: w.ctx, store: w.store, handler: w.handler, sat: w.sat, org: w.org}
			w.problem(bad.status, bad.typ, "PATCH", "/Users/"+id, bad.body)
		})
	}
	if after := w.want(200, "GET", "/Users/"+id, "").raw; after != before {
		t.Errorf("changed to %s", after)
	}
	w.problem(404, "", "PATCH", "/Users/nobody", patch(`{"op":"replace","path":"title","value":"x"}`))
}

func TestBodies_OfGroupsThatCannotBe(t *testing.T) {
	w := newWorld(t)
	id := w.want(201, "POST", "/Groups", entraGroup).text("id")
	for i, bad := range []badBody{
		{"", 400, "invalidSyntax", userStart + `"displayName":"x"}`},
		{"", 400, "invalidValue", groupStart + `"members":[]}`},
		{"", 400, "invalidValue", groupStart + `"displayName":"  "}`},
		{"", 400, "invalidValue", groupStart + `"displayName":"` + strings.Repeat("x", 65) + `"}`},
		{"", 400, "invalidValue", groupStart + `"displayName":"x","members":[{"value":"nobody"}]}`},
		{"", 400, "invalidValue", groupStart + `"displayName":"x","members":[{"display":"x"}]}`},
		{"", 400, "invalidValue", groupStart + `"displayName":"x","members":[{"value":"` + id + `","type":"Group"}]}`},
		{"", 400, "invalidValue", groupStart + `"displayName":"x","members":[7]}`},
	} {
		w.problem(bad.status, bad.typ, "POST", "/Groups", bad.body)
		w.problem(bad.status, bad.typ, "PUT", "/Groups/"+id, bad.body)
		if n := w.want(200, "GET", "/Groups", "").get("totalResults"); n != 1.0 {
			t.Errorf("body %d made a group", i)
		}
	}
	w.problem(400, "mutability", "PATCH", "/Groups/"+id, patch(`{"op":"remove","path":"displayName"}`))
	w.problem(400, "invalidValue", "PATCH", "/Groups/"+id, patch(`{"op":"add","path":"members","value":[{"value":"nobody"}]}`))
	other := w.want(201, "POST", "/Groups", groupStart+`"displayName":"Other"}`).text("id")
	w.problem(409, "uniqueness", "PATCH", "/Groups/"+other, patch(`{"op":"replace","path":"displayName","value":"FINANCE"}`))
	w.problem(409, "uniqueness", "PUT", "/Groups/"+other, entraGroup)
}

func TestQueries_ThatCannotBe(t *testing.T) {
	w := newWorld(t)
	for query, typ := range map[string]string{
		"filter=userName": "invalidFilter", "filter=userName eq": "invalidFilter", "filter=userName eq bob": "invalidFilter",
		"filter=userName xx \"b\"": "invalidFilter", "filter=(userName pr": "invalidFilter", "filter=userName eq \"b": "invalidFilter",
		"filter=shoeSize eq \"44\"": "invalidFilter", "filter=active gt true": "invalidFilter", "filter=active eq \"yes\"": "invalidFilter",
		"filter=userName eq 7": "invalidFilter", "filter=meta.created gt \"yesterday\"": "invalidFilter", "filter=password eq \"x\"": "invalidFilter",
		"filter=name pr": "invalidFilter", "filter=addresses.locality eq \"x\"": "invalidFilter", "filter=x509Certificates.value co \"x\"": "invalidFilter",
		"filter=emails[type eq \"a\" and emails[type pr]]": "invalidFilter", "filter=title[value eq \"x\"]": "invalidFilter",
		"filter=userName eq \"'; DROP TABLE members; --\" or":                         "invalidFilter",
		"filter=" + strings.Repeat("(", 40) + "userName pr" + strings.Repeat(")", 40): "invalidFilter",
		"filter=" + strings.TrimSuffix(strings.Repeat("id pr or ", 70), "or "):        "invalidFilter",
		"filter=title eq \"" + strings.Repeat("x", 5000) + "\"":                       "invalidFilter",
		"startIndex=one": "invalidValue", "count=many": "invalidValue", "sortBy=emails.type": "invalidValue", "sortBy=groups": "invalidValue", "sortBy=addresses": "invalidValue", "sortBy=shoeSize": "invalidValue", "sortBy=name": "invalidValue",
	} {
		w.problem(400, typ, "GET", "/Users?"+strings.NewReplacer(" ", "%20", `"`, "%22", ";", "%3B").Replace(query), "")
	}
	w.problem(400, "invalidFilter", "GET", "/Groups?filter=userName%20pr", "")
	w.problem(400, "invalidValue", "GET", "/Users?filter=title%20eq%20%22a;b%22", "")
}

func TestFilters_RunOnTheDatabase(t *testing.T) {
	w := newWorld(t)
	for i, name := range []string{"bob", "Cid", "dora%_", "Éva"} {
		title := []string{"Dr", "dr", "", "Prof"}[i]
		body := fmt.Sprintf(`%s"userName":"u%d@acme.example","displayName":%q,"title":%q,"active":%v,"externalId":"X%d","name":{"familyName":"F%d"},
			"emails":[{"value":"u%d@acme.example","type":"work","primary":true},{"value":"P%d@home.example","type":"home"}],"%s":{"department":"Dep %d"}}`,
			userStart, i, name, title, i != 1, i, i, i, i, enterpriseURN, i%2)
		w.want(201, "POST", "/Users", body)
	}
	for filter, want := range map[string]string{
		`userName eq "U0@ACME.example"`:                           "bob",
		`userName sw "u" and not (userName eq "u1@acme.example")`: "bob dora%_ Éva",
		`userName co "@acme" and userName ew "example"`:           "Ada bob Cid dora%_ Éva",
		`displayName eq "CID"`:                                    "Cid",
		`displayName co "%_"`:                                     "dora%_",
		`displayName co "%"`:                                      "dora%_",
		`displayName sw "É"`:                                      "Éva",
		`title eq "DR"`:                                           "bob Cid",
		`title pr`:                                                "bob Cid Éva",
		`not (title pr)`:                                          "Ada dora%_",
		`title eq null`:                                           "Ada dora%_",
		`title ne null`:                                           "bob Cid Éva",
		`title ne "dr"`:                                           "Ada dora%_ Éva",
		`active eq false`:                                         "Cid",
		`active eq "False"`:                                       "Cid",
		`active ne false and title eq "dr"`:                       "bob",
		`externalId eq "x1"`:                                      "",
		`externalId eq "X1"`:                                      "Cid",
		`externalId pr`:                                           "bob Cid dora%_ Éva",
		`name.familyName gt "f1"`:                                 "dora%_ Éva",
		`name.familyName le "f1"`:                                 "bob Cid",
		`emails eq "p2@home.example"`:                             "dora%_",
		`emails.type eq "home"`:                                   "bob Cid dora%_ Éva",
		`emails[type eq "home" and value sw "p3"]`:                "Éva",
		`emails[type eq "work" and value sw "p3"]`:                "",
		`emails[type eq "work"].value eq "ada@acme.example"`:      "Ada",
		`emails[primary eq true and value co "home"]`:             "",
		`emails[not (type eq "work")]`:                            "bob Cid dora%_ Éva",
		`emails pr`:                                               "Ada bob Cid dora%_ Éva",
		enterpriseURN + `:department eq "dep 1"`:                  "Cid Éva",
		`urn:ietf:params:scim:schemas:core:2.0:User:userName sw "u2"`:                          "dora%_",
		`meta.created gt "2001-01-01T00:00:00Z"`:                                               "Ada bob Cid dora%_ Éva",
		`meta.lastModified lt "2001-01-01T00:00:00+02:00"`:                                     "",
		`meta.resourceType eq "User"`:                                                          "Ada bob Cid dora%_ Éva",
		`meta.resourceType eq "Group"`:                                                         "",
		`userName eq "u0@acme.example" or userName eq "u1@acme.example" and active eq true`:    "bob",
		`(userName eq "u0@acme.example" or userName eq "u1@acme.example") and active eq false`: "Cid",
		`id eq "` + w.admin.ID + `"`:                                                           "Ada",
		`groups pr`:                                                                            "",
		`userName eq "' OR 1=1 --"`:                                                            "",
	} {
		a := w.want(200, "GET", "/Users?sortBy=externalId&filter="+url.QueryEscape(filter), "")
		var names []string
		for _, r := range a.get("Resources").([]any) {
			names = append(names, r.(map[string]any)["displayName"].(string))
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s finds %q, want %q", filter, got, want)
		}
	}
}

func TestSort_OrdersByWhatIsAsked(t *testing.T) {
	w := newWorld(t)
	for _, u := range [][2]string{{"zed@acme.example", "Beta"}, {"mia@acme.example", "alpha"}} {
		w.want(201, "POST", "/Users", userStart+`"userName":"`+u[0]+`","displayName":"`+u[1]+`","title":"`+u[1][:1]+`",
			"emails":[{"value":"0@home.example"},{"value":"`+strings.ToLower(u[1])[:1]+`@x.example","type":"work","primary":`+fmt.Sprint(u[1] == "alpha")+`}]}`)
	}
	for query, want := range map[string]string{
		"sortBy=userName":                                 "Ada alpha Beta",
		"sortBy=userName&sortOrder=descending":            "Beta alpha Ada",
		"sortBy=displayName&sortOrder=descending":         "Beta alpha Ada",
		"sortBy=title&sortOrder=ascending":                "Ada alpha Beta",
		"sortBy=meta.created&sortOrder=ascending&count=1": "Ada",
		"sortBy=emails":                                   "Beta alpha Ada",
		"sortBy=emails.value&sortOrder=descending":        "Ada alpha Beta",
	} {
		var names []string
		for _, r := range w.want(200, "GET", "/Users?"+query, "").get("Resources").([]any) {
			names = append(names, r.(map[string]any)["displayName"].(string))
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

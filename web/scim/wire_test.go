package scim_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"latchkey/web/scim"
)

func TestWire_MethodsThatAPathDoesNotHaveAreNamed(t *testing.T) {
	w := newWorld(t)
	for request, allow := range map[string]string{
		"DELETE /Users": "GET, HEAD, POST", "PATCH /Users": "GET, HEAD, POST", "PUT /Groups": "GET, HEAD, POST",
		"POST /Users/x": "GET, HEAD, PUT, PATCH, DELETE", "GET /Users/.search": "POST",
		"POST /Schemas": "GET, HEAD", "DELETE /ServiceProviderConfig": "GET, HEAD", "PUT /ResourceTypes/User": "GET, HEAD",
		"OPTIONS /Groups/": "GET, HEAD, POST",
	} {
		method, path, _ := strings.Cut(request, " ")
		if a := w.problem(http.StatusMethodNotAllowed, "", method, path, "{}"); a.header.Get("Allow") != allow {
			t.Errorf("%s: Allow %q, want %q", request, a.header.Get("Allow"), allow)
		}
	}
}

func TestWire_ASlashAtTheEndMeansNothing(t *testing.T) {
	w := newWorld(t)
	id := w.want(201, "POST", "/Users/", oktaUser("x@acme.example", "X", "Y", "1")).text("id")
	for _, path := range []string{"/Users/", "/Users/" + id + "/", "/Groups/", "/ServiceProviderConfig/", "/Schemas/",
		"/Schemas/" + enterpriseURN + "/", "/ResourceTypes/User/"} {
		w.want(200, "GET", path, "")
	}
	w.want(200, "GET", "//Users/"+id, "")
	w.want(200, "GET", "//Users", "")
	w.want(200, "PATCH", "/Users/"+id+"/", patch(`{"op":"replace","path":"title","value":"x"}`))
	w.want(204, "DELETE", "/Users/"+id+"/", "")
}

func TestWire_BodiesMustSayThatTheyAreJSON(t *testing.T) {
	w := newWorld(t)
	for i, c := range []struct {
		kind   string
		status int
	}{
		{"application/scim+json; charset=utf-8", 201}, {"application/json", 201}, {"Application/JSON;charset=UTF-8", 201}, {"", 201},
		{"text/plain", 415}, {"application/x-www-form-urlencoded", 415}, {"multipart/form-data; boundary=x",
			415}, {"application/xml", 415}, {";;", 415},
	} {
		a := w.ask("POST", "/Users", userStart+`"userName":"`+fmt.Sprint("u", i)+`@acme.example"}`, "Content-Type", c.kind)
		if a.status != c.status || c.status == 415 && a.text("status") != "415" {
			t.Errorf("%q: %d %s", c.kind, a.status, a.raw)
		}
	}
	w.want(200, "GET", "/Users", "", "Content-Type", "text/plain") // no body, no matter
}

func TestWire_PagesOfAnySizeThatIsAskedFor(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"b", "c"} {
		w.want(201, "POST", "/Users", oktaUser(name+"@acme.example", name, "x", name))
	}
	for query, want := range map[string][2]float64{ // start and size of the page
		"": {1, 3}, "startIndex=0": {1, 3}, "startIndex=-5&count=2": {1, 2}, "count=-1": {1, 0}, "count=0": {1,
			0}, "count=99999999999999999999": {1, 3},
		"startIndex=99999999999999999999": {2147483647, 0}, "startIndex=3": {3, 1}, "startIndex=4": {4, 0}, "startIndex=&count=": {1, 3},
	} {
		a := w.want(200, "GET", "/Users?"+query, "")
		list, ok := a.get("Resources").([]any)
		if !ok || a.get("totalResults") != 3.0 || a.get("startIndex") != want[0] || a.get("itemsPerPage") != want[1] ||
			float64(len(list)) != want[1] {
			t.Errorf("%s: %s", query, a.raw)
		}
	}
}

// TestWire_AttributesAreCheckedBeforeAnythingChanges holds that a request which fails has done
// nothing.
func TestWire_AttributesAreCheckedBeforeAnythingChanges(t *testing.T) {
	w := newWorld(t)
	const both = "?attributes=id&excludedAttributes=name"
	w.problem(400, "invalidValue", "POST", "/Users"+both, oktaUser("x@acme.example", "X", "Y", "1"))
	w.problem(400, "invalidValue", "POST", "/Groups"+both, groupStart+`"displayName":"G"}`)
	w.problem(400, "invalidValue", "PATCH", "/Users/"+w.admin.ID+both, patch(`{"op":"replace","path":"title","value":"x"}`))
	if n := w.want(200, "GET", "/Users", "").get("totalResults"); n != 1.0 {
		t.Errorf("%v users", n)
	}
	if n := w.want(200, "GET", "/Groups", "").get("totalResults"); n != 0.0 {
		t.Errorf("%v groups", n)
	}
	if title := w.want(200, "GET", "/Users/"+w.admin.ID, "").get("title"); title != nil {
		t.Errorf("the title is %v", title)
	}
}

func TestWire_WhatSaysNothingNewModifiesNothing(t *testing.T) {
	w := newWorld(t)
	made := w.want(201, "POST", "/Users",
		`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"x@acme.example","title":"Dr"}`)
	path := "/Users/" + made.text("id")
	for _, again := range []answer{
		w.want(200, "PATCH", path, patch(`{"op":"replace","path":"title","value":"Dr"}`)),
		w.want(200, "PUT", path, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"x@acme.example","title":"Dr"}`),
		w.want(200, "PUT", path, made.raw),
	} {
		if again.raw != made.raw {
			t.Errorf("before %s\nafter %s", made.raw, again.raw)
		}
	}
	if a := w.want(200, "PUT", path,
		`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"X@Acme.example"}`); a.get("title") != nil ||
		a.text("userName") != "X@Acme.example" {
		t.Errorf("another letter case: %s", a.raw)
	}
}

func TestRoutes_AreEachThereOnce(t *testing.T) {
	var seen []string
	for _, r := range scim.Routes(scim.New(scim.Deps{})) {
		seen = append(seen, r.Method+" "+r.Path)
	}
	slices.Sort(seen)
	if n := len(seen); len(slices.Compact(seen)) != n {
		t.Errorf("some of %d routes are there twice", n)
	}
}

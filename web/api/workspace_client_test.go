package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// client does what the family's Go client does: it appends paths, and paging.next, to the
// base URL, sends a struct with omitted empty members, and reads the same struct back.
type client struct {
	*office
	secret string
}

type clientSource struct {
	ID         string          `json:"id,omitempty"`
	Name       string          `json:"name"`
	Type       string          `json:"type"`
	WriteKey   string          `json:"writeKey,omitempty"`
	Enabled    bool            `json:"enabled"`
	Config     json.RawMessage `json:"config"`
	CreatedAt  *string         `json:"createdAt,omitempty"`
	UpdatedAt  *string         `json:"updatedAt,omitempty"`
	Geo        *bool           `json:"geoEnrichmentEnabled,omitempty"`
	Transient  *bool           `json:"transient,omitempty"`
	ExternalID string          `json:"externalId,omitempty"`
}

type clientDestination struct {
	ID             string          `json:"id,omitempty"`
	ExternalID     string          `json:"externalId,omitempty"`
	Name           string          `json:"name"`
	Type           string          `json:"type"`
	Version        int64           `json:"version,omitempty"`
	Enabled        bool            `json:"enabled"`
	Config         json.RawMessage `json:"config"`
	CreatedAt      *string         `json:"createdAt,omitempty"`
	UpdatedAt      *string         `json:"updatedAt,omitempty"`
	Transformation *struct {
		ID string `json:"id"`
	} `json:"transformation,omitempty"`
}

type clientConnection struct {
	ID            string  `json:"id,omitempty"`
	ExternalID    string  `json:"externalId,omitempty"`
	SourceID      string  `json:"sourceId"`
	DestinationID string  `json:"destinationId"`
	Enabled       bool    `json:"enabled"`
	CreatedAt     *string `json:"createdAt,omitempty"`
	UpdatedAt     *string `json:"updatedAt,omitempty"`
}

// do sends in and decodes into out, unless it is nil.
func (c client) do(method, path string, in, out any) {
	c.Helper()
	body := ""
	if in != nil {
		text, err := json.Marshal(in)
		c.must(err)
		body = string(text)
	}
	a := c.call(c.secret, method, "/"+strings.TrimPrefix(path, "/"), body)
	if a.status < 200 || a.status > 299 {
		c.Fatalf("%s %s %s: %d %s", method, path, body, a.status, a.body)
	}
	if out != nil {
		c.must(json.Unmarshal([]byte(a.body), out))
	}
}

// refused expects an error in the shape that the client reads, and returns it.
func (c client) refused(method, path string, in any, status int) (message string, details map[string]string) {
	c.Helper()
	text, err := json.Marshal(in)
	c.must(err)
	a := c.call(c.secret, method, path, string(text))
	var problem struct {
		Error   string            `json:"error"`
		Code    string            `json:"code"`
		Details map[string]string `json:"details"`
	}
	c.must(json.Unmarshal([]byte(a.body), &problem))
	if a.status != status || problem.Error == "" || problem.Code == "" {
		c.Fatalf("%s %s: %d %s, want %d", method, path, a.status, a.body, status)
	}
	return problem.Error, problem.Details
}

// mustEqual compares what was written with what is read, whatever only the server sets.
func mustEqual[T any](t testing.TB, wrote, read T) {
	t.Helper()
	if diff := cmp.Diff(wrote, read); diff != "" {
		t.Fatalf("a second plan would not be empty (-wrote +read):\n%s", diff)
	}
}

const awkwardConfig = `{"z":1,"a":[1e400,0.1,12345678901234567890,-0,1.50,{"b":null}],"<&>":"\u2028\u00e9\u0000","":"","nested":{"x":[[],{}]}}`

func TestClient_ASourceIsCreatedReadUpdatedImportedAndDeleted(t *testing.T) {
	o := newOffice(t)
	c := client{o, o.everything()}
	var made struct{ Source clientSource }
	o.must(json.Unmarshal([]byte(o.call(c.secret, http.MethodPost, "/v2/sources",
		`{"name":"Web shop","type":"Javascript","enabled":true,"config":`+awkwardConfig+`,"geoEnrichmentEnabled":true}`).body), &made))
	if made.Source.Geo == nil || made.Source.ID == "" || made.Source.WriteKey == "" || made.Source.CreatedAt == nil ||
		made.Source.UpdatedAt == nil {
		t.Fatalf("the new source lacks what the server sets: %+v", made.Source)
	}
	if string(made.Source.Config) != awkwardConfig {
		t.Errorf("config came back as %s", made.Source.Config)
	}
	// Import by id: the same answer as the one after creating.
	var read struct{ Source clientSource }
	c.do(http.MethodGet, "/v2/sources/"+made.Source.ID, nil, &read)
	mustEqual(t, made, read)

	// The client updates with all that it has read, but for the id.
	change := read.Source
	change.ID, change.Name, change.Enabled, change.Config = "", "Web shop 2", false, json.RawMessage(`{"b":[]}`)
	o.expire(1500 * time.Millisecond)
	var changed struct{ Source clientSource }
	c.do(http.MethodPut, "/v2/sources/"+made.Source.ID, change, &changed)
	c.do(http.MethodGet, "/v2/sources/"+made.Source.ID, nil, &read)
	mustEqual(t, changed, read)
	if got := read.Source; got.Name != "Web shop 2" || got.Enabled || string(got.Config) != `{"b":[]}` ||
		got.WriteKey != made.Source.WriteKey {
		t.Errorf("after the update: %+v", got)
	}
	// The same once more changes nothing.
	before := *read.Source.UpdatedAt
	o.expire(1500 * time.Millisecond)
	c.do(http.MethodPut, "/v2/sources/"+made.Source.ID, change, &changed)
	if *changed.Source.UpdatedAt != before {
		t.Error("an update that changes nothing moved updatedAt")
	}
	c.do(http.MethodDelete, "/v2/sources/"+made.Source.ID, nil, nil)
	c.refused(http.MethodGet, "/v2/sources/"+made.Source.ID, nil, http.StatusNotFound)
}

// A Terraform provider writes what its configuration says, keeps that in its state except for what
// an answer has otherwise, and plans a change where the two differ.
func TestClient_SecretsAreWriteOnlyAndASecondPlanIsEmpty(t *testing.T) {
	o := newOffice(t)
	c := client{o, o.everything()}
	for _, path := range []string{"/v2/sources", "/v2/destinations"} {
		kind := strings.TrimSuffix(strings.TrimPrefix(path, "/v2/"), "s")
		read := func(method, at, body string) (config, updated string) {
			t.Helper()
			got := o.call(c.secret, method, at, body)
			var all map[string]struct {
				Config    json.RawMessage
				UpdatedAt string
			}
			if err := json.Unmarshal([]byte(got.body), &all); err != nil || got.status != http.StatusOK {
				t.Fatalf("%s %s: %d %s", method, at, got.status, got.body)
			}
			return string(all[kind].Config), all[kind].UpdatedAt
		}
		var made map[string]struct{ ID string }
		o.must(json.Unmarshal([]byte(o.call(c.secret, http.MethodPost, path,
			`{"name":"n","type":"HTTP","config":{"host":"h","Pass_Word":"hunter2","l":[{"a":1,"accessKeyID":"AKIA"}]}}`).body), &made))
		at, public := path+"/"+made[kind].ID, `{"host":"h","l":[{"a":1}]}`
		for _, step := range []struct {
			name, body, config string
			changes            bool
		}{
			{"what was sent, again", `{"config":{"host":"h","Pass_Word":"hunter2","l":[{"a":1,"accessKeyID":"AKIA"}]}}`, public, false},
			{"what was read", `{"config":` + public + `}`, public, false},
			{"no configuration", `{"name":"n"}`, public, false},
			{"another password", `{"config":{"host":"h","Pass_Word":"hunter3","l":[{"a":1}]}}`, public, true},
			{"the same password", `{"config":{"host":"h","Pass_Word":"hunter3","l":[{"a":1}]}}`, public, false},
			{"null", `{"config":{"host":"h","Pass_Word":null,"l":[{"a":1}]}}`, public, true},
			{"null, again", `{"config":{"host":"h","Pass_Word":null,"l":[{"a":1}]}}`, public, false},
			{"the empty text", `{"config":{"host":"h","Pass_Word":"","l":[{"a":1}]}}`, public, false},
		} {
			_, before := read(http.MethodGet, at, "")
			o.expire(1500 * time.Millisecond)
			answered, _ := read(http.MethodPut, at, step.body)
			config, after := read(http.MethodGet, at, "")
			if answered != step.config || config != step.config || (after != before) != step.changes {
				t.Errorf("%s, %s: answered %s, read %s, changed %v", path, step.name, answered, config, after != before)
			}
		}
	}
}

func TestClient_ASourceWithoutConfigIsReadBackAsItWas(t *testing.T) {
	o := newOffice(t)
	c := client{o, o.everything()}
	for _, config := range []string{`null`, `"text"`, `[1,2]`, `7`, `false`} {
		var made, read struct{ Source clientSource }
		c.do(http.MethodPost, "/v2/sources", clientSource{Name: "s", Type: "HTTP", Config: json.RawMessage(config)}, &made)
		c.do(http.MethodGet, "/v2/sources/"+made.Source.ID, nil, &read)
		if string(read.Source.Config) != config || read.Source.Enabled {
			t.Errorf("config %s came back as %s, enabled %v", config, read.Source.Config, read.Source.Enabled)
		}
	}
	var made struct{ Source map[string]any }
	c.do(http.MethodPost, "/v2/sources", map[string]string{"name": "s", "type": "HTTP"}, &made)
	if diff := cmp.Diff(map[string]any{}, made.Source["config"]); diff != "" || made.Source["enabled"] != true {
		t.Errorf("defaults: %v", made.Source)
	}
}

func TestClient_NullStandsForWhatIsLeftOut(t *testing.T) {
	o := newOffice(t)
	c := client{o, o.everything()}
	for path, bodies := range map[string][2]string{
		"/v2/sources": {`{"name":"s","type":"HTTP","externalId":null,"enabled":null,"geoEnrichmentEnabled":null}`,
			`{"name":null,"type":null,"enabled":false}`},
		"/v2/destinations": {`{"name":"d","type":"T","version":null}`, `{"version":null,"name":"d2"}`},
	} {
		id := o.make(c.secret, path, bodies[0])
		c.do(http.MethodPut, path+"/"+id, json.RawMessage(bodies[1]), nil)
	}
	var made, got clientScript
	c.do(http.MethodPost, "/transformations", json.RawMessage(`{"name":"t","description":null,"code":"x","language":"javascript"}`), &made)
	c.do(http.MethodPost, "/transformations/"+made.ID,
		json.RawMessage(`{"name":"t","description":"d","code":"y","language":"javascript"}`), &made)
	c.do(http.MethodPost, "/transformations/libraries/publish",
		json.RawMessage(`{"transformations":[{"versionId":"`+made.VersionID+`","testInput":null}],"libraries":null}`), nil)
	c.do(http.MethodPost, "/transformations/"+made.ID,
		json.RawMessage(`{"name":"t","description":null,"code":"z","language":"javascript"}`), &got)
	if got.Description != "d" {
		t.Errorf("null made the description %q", got.Description)
	}
	if _, details := c.refused(http.MethodPost, "/v2/sources", json.RawMessage(`{"name":null,"type":null}`),
		http.StatusBadRequest); details["name"] == "" || details["type"] == "" {
		t.Errorf("details %v", details)
	}
	c.refused(http.MethodPut, "/v2/sources/x/external-id", json.RawMessage(`{"externalId":null}`), http.StatusNotFound)
	c.refused(http.MethodPut, "/v2/sources/"+o.source(c.secret)+"/external-id", json.RawMessage(`{"externalId":null}`), http.StatusBadRequest)
}

func TestClient_ADestinationKeepsItsVersionAndItsTransformation(t *testing.T) {
	o := newOffice(t)
	c := client{o, o.everything()}
	transformation := o.transformation(c.secret)
	var made, read struct{ Destination clientDestination }
	c.do(http.MethodPost, "/v2/destinations", clientDestination{Name: "Warehouse", Type: "SNOWFLAKE", Version: 3, Enabled: true,
		ExternalID: "wh-1", Config: json.RawMessage(`{}`)}, &made)
	id := made.Destination.ID
	c.refused(http.MethodGet, "/v2/destinations/"+id+"/transformation", nil, http.StatusNotFound)

	var link struct {
		DestinationID    string `json:"destinationId"`
		TransformationID string `json:"transformationId"`
		CreatedAt        string `json:"createdAt"`
	}
	c.do(http.MethodPut, "/v2/destinations/"+id+"/transformation", map[string]string{"transformationId": transformation}, &link)
	c.do(http.MethodGet, "/v2/destinations/"+id+"/transformation", nil, &link)
	if link.DestinationID != id || link.TransformationID != transformation || link.CreatedAt == "" {
		t.Errorf("the link is %+v", link)
	}
	c.do(http.MethodGet, "/v2/destinations/"+id, nil, &read)
	if got := read.Destination; got.Version != 3 || got.ExternalID != "wh-1" || got.Transformation == nil ||
		got.Transformation.ID != transformation {
		t.Errorf("the destination is %+v", got)
	}
	change := read.Destination
	change.ID, change.ExternalID, change.Name = "", "", "Warehouse 2"
	c.do(http.MethodPut, "/v2/destinations/"+id, change, &made)
	if made.Destination.Name != "Warehouse 2" || made.Destination.Transformation == nil || made.Destination.ExternalID != "wh-1" {
		t.Errorf("an update lost something: %+v", made.Destination)
	}
	c.do(http.MethodDelete, "/v2/destinations/"+id+"/transformation", nil, &link)
	c.refused(http.MethodGet, "/v2/destinations/"+id+"/transformation", nil, http.StatusNotFound)
	c.refused(http.MethodDelete, "/v2/destinations/"+id+"/transformation", nil, http.StatusNotFound)
	c.do(http.MethodDelete, "/v2/destinations/"+id, nil, nil)
}

func TestClient_AConnectionIsManagedByItsExternalID(t *testing.T) {
	o := newOffice(t)
	c := client{o, o.everything()}
	source, destination := o.source(c.secret), o.destination(c.secret)
	wrote := clientConnection{SourceID: source, DestinationID: destination, Enabled: true}
	var made, read struct{ Connection clientConnection }
	c.do(http.MethodPost, "/v2/connections", wrote, &made)
	c.refused(http.MethodPost, "/v2/connections", clientConnection{SourceID: source, DestinationID: destination,
		ExternalID: "x"}, http.StatusConflict)

	at := "/v2/connections/" + made.Connection.ID
	c.do(http.MethodPut, at+"/external-id", map[string]string{"externalId": "shop-to-wh"}, nil)
	c.do(http.MethodPut, at+"/external-id", map[string]string{"externalId": "shop-to-wh"}, nil)
	c.refused(http.MethodPut, at+"/external-id", map[string]string{"externalId": "other"}, http.StatusConflict)
	second := o.connection(c.secret, o.source(c.secret), destination)
	if message, _ := c.refused(http.MethodPut, "/v2/connections/"+second+"/external-id",
		map[string]string{"externalId": "shop-to-wh"}, http.StatusConflict); !strings.Contains(message, "already in use") {
		t.Errorf("the conflict says %q", message)
	}

	c.do(http.MethodGet, at, nil, &read)
	if read.Connection.ExternalID != "shop-to-wh" || !read.Connection.Enabled {
		t.Errorf("the connection is %+v", read.Connection)
	}
	change := read.Connection
	change.ID, change.ExternalID, change.Enabled = "", "", false
	c.do(http.MethodPut, at, change, &made)
	c.do(http.MethodGet, at, nil, &read)
	mustEqual(t, made, read)

	for filter, want := range map[string][]string{"true": {made.Connection.ID}, "false": {second}} {
		var list struct{ Connections []clientConnection }
		c.do(http.MethodGet, "/v2/connections?hasExternalId="+filter, nil, &list)
		var ids []string
		for _, found := range list.Connections {
			ids = append(ids, found.ID)
		}
		if diff := cmp.Diff(want, ids); diff != "" {
			t.Errorf("hasExternalId=%s: %s", filter, diff)
		}
	}
	// A source in use stays, and says so in the words and with the status that clients know.
	if message, _ := c.refused(http.MethodDelete, "/v2/sources/"+source, nil,
		http.StatusBadRequest); !strings.Contains(message, "active connections") {
		t.Errorf("deleting a source in use says %q", message)
	}
	c.do(http.MethodDelete, at, nil, nil)
	c.refused(http.MethodDelete, at, nil, http.StatusNotFound)
	c.do(http.MethodDelete, "/v2/sources/"+source, nil, nil)
}

func TestClient_ListsAreFollowedUntilThereIsNoNext(t *testing.T) {
	o := newOffice(t)
	c := client{o, o.everything()}
	want := map[string]bool{}
	for i := range 7 {
		body := fmt.Sprintf(`{"name":"s%d","type":"HTTP"}`, i)
		if i%2 == 0 {
			body = fmt.Sprintf(`{"name":"s%d","type":"HTTP","externalId":"ext-%d"}`, i, i)
		}
		want[o.make(c.secret, "/v2/sources", body)] = i%2 == 0
	}
	o.make(o.elsewhere(), "/v2/sources", `{"name":"elsewhere","type":"HTTP"}`)
	for _, start := range []string{"per_page=2", "per_page=2&page=1", "per_page=3", "per_page=1&hasExternalId=true",
		"page=1&per_page=4&hasExternalId=false", ""} {
		path, pages, seen := "/v2/sources?"+start, 0, map[string]bool{}
		for path != "" {
			var list struct {
				Sources []clientSource
				Paging  struct {
					Total int
					Next  string
				}
			}
			c.do(http.MethodGet, path, nil, &list)
			for _, s := range list.Sources {
				if _, mine := want[s.ID]; !mine || seen[s.ID] {
					t.Errorf("%s: source %s (%s) is foreign or there twice", start, s.ID, s.Name)
				}
				seen[s.ID] = true
			}
			if path = list.Paging.Next; path != "" && !strings.HasPrefix(path, "/v2/") {
				t.Fatalf("next is %q", path)
			}
			expected := 7
			if strings.Contains(start, "hasExternalId") {
				expected = 4
				if strings.Contains(start, "false") {
					expected = 3
				}
			}
			if list.Paging.Total != expected {
				t.Errorf("%s: total %d, want %d", start, list.Paging.Total, expected)
			}
			if pages++; pages > 10 {
				t.Fatal("the list does not end")
			}
			if path == "" && len(seen) != expected {
				t.Errorf("%s: saw %d of %d", start, len(seen), expected)
			}
		}
	}
}

func TestClient_AnOlderClientAppendsNextToABaseThatEndsInV2(t *testing.T) {
	o := newOffice(t)
	c := client{o, o.everything()}
	want := []string{o.source(c.secret), o.source(c.secret), o.source(c.secret)}
	slices.Sort(want)
	var got []string
	for path := "/sources?per_page=1"; path != ""; {
		var list struct {
			Sources []clientSource
			Paging  struct{ Next string }
		}
		c.do(http.MethodGet, "/v2"+path, nil, &list)
		for _, s := range list.Sources {
			got = append(got, s.ID)
		}
		path = list.Paging.Next
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	c.refused(http.MethodGet, "/v2/v2/v2/sources", nil, http.StatusNotFound)
	if a := o.call("", http.MethodGet, "/v2/v2/sources", ""); a.status != http.StatusUnauthorized {
		t.Errorf("without a token: %d", a.status)
	}
}

func TestClient_WorkspaceInfo(t *testing.T) {
	o := newOffice(t)
	got := o.good(o.everything(), http.MethodGet, "/v2/workspace", "")
	want := map[string]any{"workspace": map[string]any{"id": o.main, "name": "Main", "environment": "PRODUCTION",
		"status": "ACTIVE", "region": "US"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got = o.good(o.elsewhere(), http.MethodGet, "/v2/workspace", "")
	want = map[string]any{"workspace": map[string]any{"id": o.other, "name": "Other", "environment": "DEVELOPMENT",
		"status": "ACTIVE", "region": "EU"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

type clientScript struct {
	ID          string   `json:"id"`
	VersionID   string   `json:"versionId"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Code        string   `json:"code"`
	Language    string   `json:"language"`
	Imports     []string `json:"imports"`
	ImportName  string   `json:"importName"`
	HandleName  string   `json:"handleName"`
	WorkspaceID string   `json:"workspaceId"`
	ExternalID  string   `json:"externalId"`
	Published   bool     `json:"published"`
}

func TestClient_TransformationsAreVersionedAndPublished(t *testing.T) {
	o := newOffice(t)
	c := client{o, o.everything()}
	var made, got clientScript
	c.do(http.MethodPost, "/transformations?publish=false",
		json.RawMessage(`{"name":"mask","description":"v1","code":"one","language":"javascript","externalId":"t-1"}`), &made)
	c.do(http.MethodGet, "/transformations/"+made.ID, nil, &got)
	mustEqual(t, made, got) // nothing is published: the newest shows
	if got.Published || got.WorkspaceID != o.main || got.ExternalID != "t-1" || got.Imports == nil {
		t.Errorf("a new transformation is %+v", got)
	}
	c.do(http.MethodPost, "/transformations/libraries/publish",
		json.RawMessage(`{"transformations":[{"versionId":"`+made.VersionID+`","testSuite":[{"name":"n","input":[1]}]}],"libraries":[]}`), nil)

	var second clientScript
	c.do(http.MethodPost, "/transformations/"+made.ID+"?publish=false",
		json.RawMessage(`{"name":"mask","description":"v2","code":"two","language":"javascript"}`), &second)
	if second.VersionID == made.VersionID || second.Code != "two" || second.Published {
		t.Errorf("the second version is %+v", second)
	}
	c.do(http.MethodGet, "/transformations/"+made.ID, nil, &got)
	if got.VersionID != made.VersionID || got.Code != "one" || !got.Published {
		t.Errorf("an unpublished save took over: %+v", got)
	}
	c.do(http.MethodGet, "/transformations/"+made.ID+"/versions/"+second.VersionID, nil, &got)
	mustEqual(t, second, got)
	c.refused(http.MethodGet, "/transformations/"+o.transformation(c.secret)+"/versions/"+second.VersionID, nil, http.StatusNotFound)
	c.do(http.MethodPost, "/transformations/publish", json.RawMessage(`{"transformations":[{"versionId":"`+second.VersionID+`"}]}`), nil)
	var list struct{ Transformations []clientScript }
	c.do(http.MethodGet, "/transformations", nil, &list)
	i := slices.IndexFunc(list.Transformations, func(s clientScript) bool { return s.ID == made.ID })
	if i < 0 || list.Transformations[i].Code != "two" || !list.Transformations[i].Published {
		t.Errorf("the list is %+v", list)
	}
	c.do(http.MethodPost, "/transformations/"+made.ID+"?publish=true", json.RawMessage(`{"code":"three"}`), &got)
	if got.Code != "three" || !got.Published || got.Description != "v2" {
		t.Errorf("published at once: %+v", got)
	}
	c.do(http.MethodDelete, "/transformations/"+made.ID, nil, nil)
	c.refused(http.MethodGet, "/transformations/"+made.ID, nil, http.StatusNotFound)
	c.refused(http.MethodGet, "/transformations/"+made.ID+"/versions/"+second.VersionID, nil, http.StatusNotFound)
}

func TestClient_PublishingIsAllOrNothing(t *testing.T) {
	o := newOffice(t)
	c := client{o, o.everything()}
	var script, library clientScript
	c.do(http.MethodPost, "/transformations", json.RawMessage(scriptBody), &script)
	c.do(http.MethodPost, "/libraries", json.RawMessage(libraryBody), &library)
	if library.ImportName != "geoLookup" || library.HandleName != "geoLookup" || len(script.Imports) != 1 || script.Imports[0] != "geoLookup" {
		t.Errorf("import name %q, imports %v", library.ImportName, script.Imports)
	}
	_, details := c.refused(http.MethodPost, "/transformations/publish", map[string]any{
		"transformations": []any{map[string]string{"versionId": script.VersionID}},
		"libraries":       []any{map[string]string{"versionId": "nothing"}}}, http.StatusBadRequest)
	if details["libraries[0].versionId"] == "" {
		t.Errorf("details %v", details)
	}
	var got clientScript
	if c.do(http.MethodGet, "/transformations/"+script.ID, nil, &got); got.Published {
		t.Error("half of a refused publication was kept")
	}
	c.do(http.MethodPost, "/transformations/publish", map[string]any{
		"transformations": []any{map[string]string{"versionId": script.VersionID}},
		"libraries":       []any{map[string]string{"versionId": library.VersionID}}}, nil)
	if c.do(http.MethodGet, "/libraries/"+library.ID, nil, &got); !got.Published {
		t.Error("the library is not published")
	}
	// A transformation's version is not a library's.
	c.refused(http.MethodPost, "/transformations/publish", map[string]any{
		"libraries": []any{map[string]string{"versionId": script.VersionID}}}, http.StatusBadRequest)
	c.refused(http.MethodPost, "/transformations/publish", map[string]any{}, http.StatusBadRequest)
}

func TestClient_TrackingPlansAndTheSourcesThatFollowThem(t *testing.T) {
	o := newOffice(t)
	c := client{o, o.everything()}
	type plan struct {
		ID           string `json:"id"`
		ExternalID   string `json:"externalId"`
		Name         string `json:"name"`
		Description  string `json:"description"`
		CreationType string `json:"creationType"`
		Version      int    `json:"version"`
		WorkspaceID  string `json:"workspaceId"`
		CreatedAt    string `json:"createdAt"`
		Events       []any  `json:"events"`
	}
	var made, got plan
	const plans = "/v2/catalog/tracking-plans"
	c.do(http.MethodPost, plans, map[string]string{"name": "Checkout", "description": "d", "externalId": "tp-1"}, &made)
	c.do(http.MethodGet, plans+"/"+made.ID, nil, &got)
	mustEqual(t, made, got)
	c.do(http.MethodPut, plans+"/"+made.ID, map[string]string{"name": "Checkout", "description": "d2"}, &got)
	if got.Version != made.Version+1 || got.Description != "d2" || got.Events == nil {
		t.Errorf("after a change: %+v", got)
	}
	var list struct{ TrackingPlans []plan }
	if c.do(http.MethodGet, plans+"?hasExternalId=true", nil, &list); len(list.TrackingPlans) != 1 {
		t.Errorf("the list is %+v", list)
	}

	// The client reads a plan's events with the plan, in pages until page × size reaches the total.
	var events struct {
		Data                         []any
		Total, CurrentPage, PageSize int
	}
	c.do(http.MethodGet, plans+"/"+made.ID+"/events?page=1", nil, &events)
	if events.Data == nil || len(events.Data) != 0 || events.Total != 0 || events.CurrentPage != 1 || events.PageSize < 1 {
		t.Errorf("the events are %+v", events)
	}

	source := o.source(c.secret)
	link := plans + "/" + made.ID + "/sources/" + source
	config := json.RawMessage(`{"track":{"propagateValidationErrors":"true","unplannedProperties":"drop"},"identify":{"anyOtherViolation":"forward"}}`)
	c.refused(http.MethodPut, link, map[string]any{"config": config}, http.StatusNotFound)
	c.do(http.MethodPost, link, map[string]any{"config": config}, nil)
	c.refused(http.MethodPost, link, map[string]any{"config": config}, http.StatusConflict)
	var linked struct{ Config json.RawMessage }
	c.do(http.MethodPut, link, map[string]any{"config": json.RawMessage(`{"track":null}`)}, &linked)
	if string(linked.Config) != `{"track":null}` {
		t.Errorf("the link's config is %s", linked.Config)
	}
	other := plans + "/" + o.plan(c.secret) + "/sources/" + source
	c.refused(http.MethodPut, other, map[string]any{"config": config}, http.StatusNotFound)
	c.refused(http.MethodDelete, other, nil, http.StatusNotFound)
	c.refused(http.MethodDelete, plans+"/"+made.ID, nil, http.StatusConflict)
	c.refused(http.MethodDelete, "/v2/sources/"+source, nil, http.StatusConflict)
	c.do(http.MethodDelete, link, nil, nil)
	c.refused(http.MethodDelete, link, nil, http.StatusNotFound)
	c.do(http.MethodDelete, plans+"/"+made.ID, nil, nil)
}

func TestClient_ListsThatTheFamilyReadsAtOnceAreWhole(t *testing.T) {
	o := newOffice(t)
	c := client{o, o.everything()}
	for range 101 {
		o.plan(c.secret)
	}
	var list struct {
		TrackingPlans []struct{ ID string }
		Paging        *struct {
			Total int
			Next  string
		}
	}
	if c.do(http.MethodGet, "/v2/catalog/tracking-plans", nil, &list); len(list.TrackingPlans) != 101 || list.Paging != nil {
		t.Errorf("%d plans, paging %v", len(list.TrackingPlans), list.Paging)
	}
	if c.do(http.MethodGet, "/v2/catalog/tracking-plans?per_page=100", nil, &list); len(list.TrackingPlans) != 100 || list.Paging == nil ||
		list.Paging.Total != 101 || !strings.HasPrefix(list.Paging.Next, "/v2/catalog/tracking-plans?") {
		t.Errorf("a page of %d plans, paging %+v", len(list.TrackingPlans), list.Paging)
	}
}

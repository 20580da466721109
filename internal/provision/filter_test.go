package provision

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseFilter_ReadsTheWholeGrammar(t *testing.T) {
	for text, want := range map[string]string{
		`userName eq "bjensen"`:                    `userName eq "bjensen"`,
		`USERNAME Eq "a\"b\\c\u00e9"`:              `USERNAME eq "a\"b\\cé"`,
		`title pr`:                                 `title pr`,
		`active eq TRUE`:                           `active eq true`,
		`age ge -1.5e+3`:                           `age ge -1.5e+3`,
		`title eq null`:                            `title eq null`,
		`a pr and b pr or c pr`:                    `((a pr and b pr) or c pr)`,
		`a pr or b pr and c pr`:                    `(a pr or (b pr and c pr))`,
		`(a pr or b pr) and c pr`:                  `((a pr or b pr) and c pr)`,
		`not (a pr) and b pr`:                      `(not (a pr) and b pr)`,
		`NOT(a pr)`:                                `not (a pr)`,
		`emails[type eq "work" and value co "@x"]`: `emails[(type eq "work" and value co "@x")]`,
		`emails[type eq "work"].value eq "x"`:      `emails[(type eq "work" and value eq "x")]`,
		`name.familyName co "O'Malley"`:            `name.familyName co "O'Malley"`,
		`urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J"`:        `urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J"`,
		`urn:a:2.0:User:name.familyName ew "x"`:                             `urn:a:2.0:User:name.familyName ew "x"`,
		`meta.lastModified gt "2011-05-13T04:42:34Z"`:                       `meta.lastModified gt "2011-05-13T04:42:34Z"`,
		`userType ne "Employee" and not (emails co "a" or emails.value pr)`: `(userType ne "Employee" and not ((emails co "a" or emails.value pr)))`,
		`members.$ref eq "x"`:                                               `members.$ref eq "x"`,
		`not pr`:                                                            `not pr`,
		`  a   pr  `:                                                        `a pr`,
	} {
		e, err := ParseFilter(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := e.String(); got != want {
			t.Errorf("%s is read as %s, want %s", text, got, want)
		}
	}
}

func TestParseFilter_RefusesWhatIsNoFilter(t *testing.T) {
	for _, text := range []string{"", " ", "a", "a eq", `a eq b`, `a eq "b`, `a eq "\x"`, `a "b" eq`, `eq "b"`, "a pr b",
		"a pr and", "and a pr", "(a pr",
		"a pr)", "()", "not a pr", `a[b eq "c"`, `a[]`, `a[b[c pr]]`, `a.b[c pr]`, `a.b.c pr`, `1a pr`, `a. pr`, `.a pr`, `a: pr`, `b:a pr`, "a\tpr", `a eq "b" ; drop`,
		`a eq 01`, `a eq --1`, `a eq truth`, "a eq 'b'", `a pr "b"`, "\x00", "é pr", `a[b pr].`, `a[b pr]x`, `a[b pr].c`, strings.Repeat("(", 33) + "a pr" + strings.Repeat(")", 33)} {
		_, err := ParseFilter(text)
		var p *Problem
		if !errors.As(err, &p) || p.Type != InvalidFilter || p.Fault.Message == "" {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestParsePatchPath_ReadsTargets(t *testing.T) {
	for text, want := range map[string]PatchPath{
		"members":         {Path: Path{Name: "members"}},
		"name.familyName": {Path: Path{Name: "name", Sub: "familyName"}},
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value": {Path: Path{URI: SchemaEnterprise,
			Name: "manager", Sub: "value"}},
		`emails[type eq "work"].value`: {Path: Path{Name: "emails", Sub: "value"},
			Filter: Comparison{Path{Name: "type"}, Equal, "work"}},
		`members[value eq "1"]`: {Path: Path{Name: "members"},
			Filter: Comparison{Path{Name: "value"}, Equal, "1"}},
	} {
		got, err := ParsePatchPath(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

// FuzzParseFilter holds that nothing makes the parser panic, that what it reads it reads
// again from its own writing, and that every filter that it reads can be translated or is
// refused with the right keyword.
func FuzzParseFilter(f *testing.F) {
	for _, seed := range []string{`userName eq "a"`, `not (a pr) and (b co "x" or c lt 3)`,
		`emails[type eq "work" and not (primary eq true)].value sw "\u00e9"`,
		`urn:ietf:params:scim:schemas:core:2.0:User:name.familyName ge "z"`, `meta.created lt "2020-01-01T00:00:00Z"`, `groups[value eq "x"]`, `((((a pr))))`, `a eq null`} {
		f.Add(seed)
	}
	users, groups := Users(), Groups()
	f.Fuzz(func(t *testing.T, text string) {
		var p *Problem
		e, err := ParseFilter(text)
		if err != nil {
			if !errors.As(err, &p) || p.Type != InvalidFilter {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		written := e.String()
		if len(written) <= maxFilter && strings.Count(written, "(") <= maxDepth {
			again, err := ParseFilter(written)
			if err != nil {
				t.Fatalf("%q is written as %q: %v", text, written, err)
			}
			if diff := cmp.Diff(e, again); diff != "" {
				t.Fatalf("%q: %s", text, diff)
			}
		}
		for _, r := range []Resource{users, groups} {
			if c, err := r.condition(e); err == nil && c == nil || err != nil && (!errors.As(err, &p) || p.Type != InvalidFilter) {
				t.Fatalf("%q becomes %v, %v", text, c, err)
			}
		}
	})
}

// FuzzPatch holds that no path and value makes a PATCH panic or leaves the document that it
// began with changed.
func FuzzPatch(f *testing.F) {
	for _, seed := range [][3]string{{"add", `emails[type eq "work"].value`, `"x"`},
		{"replace", "", `{"name.givenName":"x","active":"False"}`},
		{"remove", "members", `[{"value":"1"}]`}, {"Replace", "name", `{"familyName":null}`}, {"add", SchemaEnterprise + ":manager", `"m"`}} {
		f.Add(seed[0], seed[1], seed[2])
	}
	users := Users()
	f.Fuzz(func(t *testing.T, op, path, value string) {
		body, err := ParseBody([]byte(`{"v":` + value + `}`))
		if err != nil {
			return
		}
		before := Document{"schemas": []any{SchemaUser}, "userName": "a@b.example",
			"emails": []any{map[string]any{"value": "a@b.example", "type": "work", "primary": true}}}
		kept := before.clone()
		after, err := users.patch(before, []Operation{{Op: strings.ToLower(op), Path: path, Value: body["v"], Given: true}})
		if diff := cmp.Diff(kept, before); diff != "" {
			t.Fatalf("the original changed: %s", diff)
		}
		var p *Problem
		if err != nil && !errors.As(err, &p) {
			t.Fatalf("%v is no problem", err)
		}
		if err == nil {
			users.elements(after)
			if _, err := stored(after); err != nil && !errors.As(err, &p) {
				t.Fatal(err)
			}
		}
	})
}

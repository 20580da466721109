package warning

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"latchkey/internal/token"
)

// component is a component of a calendar with its properties, unescaped.
type component struct {
	name  string
	props map[string][]string
	parts []*component
}

// parsed reads a calendar by the rules of RFC 5545 and fails at everything that they do not allow.
func parsed(t *testing.T, text string) *component {
	t.Helper()
	rest, ok := strings.CutSuffix(text, "\r\n")
	if !ok {
		t.Fatal("the last line has no end")
	}
	for line := range strings.SplitSeq(rest, "\r\n") {
		if len(line) > 75 || strings.ContainsAny(line, "\r\n") || !utf8.ValidString(line) {
			t.Fatalf("the line %q has %d octets, an end in it, or half a character", line, len(line))
		}
	}
	grammar := regexp.MustCompile(`^([A-Z-]+)((?:;[A-Z-]+=[^\x00-\x1f";:,]+)*):([^\x00-\x08\x0a-\x1f\x7f]*)$`)
	root := &component{}
	open := []*component{root}
	for line := range strings.SplitSeq(strings.ReplaceAll(rest, "\r\n ", ""), "\r\n") {
		m := grammar.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("no content line: %q", line)
		}
		current := open[len(open)-1]
		switch m[1] {
		case "BEGIN":
			next := &component{name: m[3], props: map[string][]string{}}
			current.parts, open = append(current.parts, next), append(open, next)
		case "END":
			if current.name != m[3] {
				t.Fatalf("%s ends %s", m[3], current.name)
			}
			open = open[:len(open)-1]
		default:
			current.props[m[1]] = append(current.props[m[1]], m[3])
		}
	}
	if len(open) != 1 || len(root.parts) != 1 || root.parts[0].name != "VCALENDAR" {
		t.Fatal("that is not one calendar")
	}
	return root.parts[0]
}

// one returns the only value of a property.
func (c *component) one(t *testing.T, name string) string {
	t.Helper()
	if len(c.props[name]) != 1 {
		t.Fatalf("%s has %s %d times", c.name, name, len(c.props[name]))
	}
	return c.props[name][0]
}

// text returns the value of a property of the type TEXT.
func (c *component) text(t *testing.T, name string) string {
	t.Helper()
	value := c.one(t, name)
	if bad := regexp.MustCompile(`(^|[^\\])(\\\\)*([,;]|\\[^\\;,nN])`).FindString(value); bad != "" {
		t.Fatalf("%s is not escaped: %q in %q", name, bad, value)
	}
	return strings.NewReplacer(`\\`, `\`, `\;`, ";", `\,`, ",", `\n`, "\n", `\N`, "\n").Replace(value)
}

func TestCalendar_KeepsToTheRules(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.FixedZone("", 3600))
	link := func(id string) string {
		return "https://keys.acme.example/a-path/that/is/quite/long/so/that/it/is/folded/tokens/" + id
	}
	var list []token.Token
	for i, name := range []string{"ci", `a,b;c\d\n"e":f`, strings.Repeat("ü", 64), strings.Repeat("👩‍👩‍👧", 12), "שלום עולם",
		strings.Repeat("x", 57), "two\nlines\r"} {
		list = append(list, token.Token{ID: fmt.Sprint("id", i), Kind: token.Workspace, Name: name, WorkspaceName: "Prod, EU",
			ExpiresAt: now.Add(time.Duration(i) * day)})
	}
	c := parsed(t, calendar(list, now, link))
	if c.one(t, "VERSION") != "2.0" || c.one(t, "PRODID") == "" {
		t.Error("VERSION or PRODID")
	}
	utc := regexp.MustCompile(`^\d{8}T\d{6}Z$`)
	var ids []string
	events := slices.DeleteFunc(slices.Clone(c.parts), func(p *component) bool { return p.name != "VEVENT" })
	for i, e := range events {
		ids = append(ids, e.one(t, "UID"))
		if !utc.MatchString(e.one(t, "DTSTAMP")) || e.one(t, "DTSTART") != list[i].ExpiresAt.UTC().Format("20060102T150405Z") {
			t.Errorf("%v", e.props)
		}
		if want := "Token " + strings.ReplaceAll(list[i].Name, "\r", "") + " expires"; e.text(t, "SUMMARY") != want {
			t.Errorf("SUMMARY is %q, want %q", e.text(t, "SUMMARY"), want)
		}
		if got := e.text(t, "DESCRIPTION"); !strings.HasSuffix(got, " in Prod, EU\n"+link(list[i].ID)) || e.one(t, "URL") != link(list[i].ID) {
			t.Errorf("DESCRIPTION is %q", got)
		}
	}
	if slices.Sort(ids); len(ids) != len(list) || len(slices.Compact(ids)) != len(list) {
		t.Errorf("ids are %v", ids)
	}
	list[0].Name, list[0].ExpiresAt = "renamed", now.Add(99*day)
	if again := parsed(t, calendar(list, now.Add(day), link)); again.parts[1].one(t, "UID") != events[0].one(t, "UID") {
		t.Error("the id of an event changes with its token")
	}
	if empty := parsed(t, calendar(nil, now, link)); len(empty.parts) == 0 {
		t.Error("a calendar without tokens has no component")
	}
}

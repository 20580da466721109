package component_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// pageBudget is the size of a complete page, uncompressed.
const pageBudget = 50 * 1024

func parse(t *testing.T, markup string) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(markup))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// elements returns the elements below n with one of the names; all without names.
func elements(n *html.Node, names ...string) []*html.Node {
	var out []*html.Node
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && (len(names) == 0 || slices.Contains(names, d.Data)) {
			out = append(out, d)
		}
	}
	return out
}

func attr(n *html.Node, name string) string {
	v, _ := lookup(n, name)
	return v
}

func lookup(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// brokenMarkup lists everything about a page that the interface's rules forbid.
func brokenMarkup(doc *html.Node) []string {
	var bad []string
	ids := map[string]int{}
	for _, n := range elements(doc) {
		if id, ok := lookup(n, "id"); ok {
			ids[id]++
			if ids[id] > 1 || id == "" || strings.ContainsAny(id, " :") {
				bad = append(bad, "id used twice or not usable: "+id)
			}
		}
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(strings.TrimSpace(strings.ToLower(a.Val)), "javascript:") {
				bad = append(bad, "forbidden by the content security policy: "+n.Data+" "+a.Key)
			}
		}
	}
	for _, n := range elements(doc) {
		bad = append(bad, brokenReferences(n, ids)...)
		bad = append(bad, brokenElement(doc, n)...)
	}
	return bad
}

func brokenReferences(n *html.Node, ids map[string]int) []string {
	var bad []string
	for _, name := range []string{"for", "aria-labelledby", "aria-describedby", "form", "popovertarget"} {
		for id := range strings.FieldsSeq(attr(n, name)) {
			if ids[id] == 0 {
				bad = append(bad, name+" points nowhere: "+id)
			}
		}
	}
	for _, name := range []string{"data-copy", "data-filter", "href"} {
		if id, ok := strings.CutPrefix(attr(n, name), "#"); ok && ids[id] == 0 {
			bad = append(bad, name+" points nowhere: "+id)
		}
	}
	return bad
}

func brokenElement(doc, n *html.Node) []string {
	switch n.Data {
	case "script":
		if attr(n, "src") == "" {
			return []string{"inline script"}
		}
	case "style":
		return []string{"inline style sheet"}
	case "input", "select", "textarea":
		if attr(n, "type") != "hidden" && fieldName(doc, n) == "" {
			return []string{"field without a name: " + attr(n, "name")}
		}
	case "button":
		if attr(n, "type") == "" {
			return []string{"button without a type: " + textOf(n)}
		}
		if textOf(n)+attr(n, "aria-label") == "" {
			return []string{"button without a name"}
		}
	case "a":
		if textOf(n)+attr(n, "aria-label") == "" || attr(n, "href") == "" {
			return []string{"link without a name or an address"}
		}
	case "th":
		if attr(n, "scope") == "" {
			return []string{"th without a scope: " + textOf(n)}
		}
	}
	return nil
}

// fieldName is the accessible name of a form field.
func fieldName(doc, field *html.Node) string {
	if name := attr(field, "aria-label"); name != "" {
		return name
	}
	for p := field.Parent; p != nil; p = p.Parent {
		if p.Data == "label" {
			return textOf(p)
		}
	}
	for _, l := range elements(doc, "label") {
		if attr(l, "for") == attr(field, "id") && attr(field, "id") != "" {
			return textOf(l)
		}
	}
	return ""
}

func TestGallery_EveryPageKeepsTheRules(t *testing.T) {
	for path, page := range galleryPages() {
		markup := render(t, page)
		doc := parse(t, markup)
		for _, b := range brokenMarkup(doc) {
			t.Errorf("%s: %s", path, b)
		}
		for _, name := range []string{"h1", "main", "title"} {
			if n := len(elements(doc, name)); n != 1 {
				t.Errorf("%s: %d %s elements", path, n, name)
			}
		}
		if !strings.HasPrefix(markup, "<!doctype html>") && !strings.HasPrefix(markup, "<!DOCTYPE html>") {
			t.Errorf("%s: no doctype", path)
		}
		if len(markup) > pageBudget {
			t.Errorf("%s: %d bytes", path, len(markup))
		}
	}
}

func TestBrokenMarkup_FindsWhatIsWrong(t *testing.T) {
	for _, markup := range []string{
		`<p style="color:red">x</p>`, `<a href="/x" onclick="x()">x</a>`, `<script>x()</script>`, `<style>p{}</style>`, `<a href=" javascript:x()">x</a>`,
		`<p id="a"></p><p id="a"></p>`, `<input name="x">`, `<label for="y">x</label>`, `<button>x</button>`, `<button type="submit"></button>`, `<a href="/x"></a>`,
		`<table><tr><th>x</th></tr></table>`, `<div aria-labelledby="q">x</div>`, `<button type="button" data-copy="#q">x</button>`,
	} {
		if len(brokenMarkup(parse(t, markup))) == 0 {
			t.Errorf("nothing wrong found in %s", markup)
		}
	}
}

// The gallery is where components are looked at and checked: none may be missing.
func TestGallery_ShowsEveryComponent(t *testing.T) {
	shown := ""
	for _, name := range []string{"gallery_test.go", "gallery_parts_test.go"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		shown += string(b)
	}
	insideOthers := []string{"Icon", "Avatar", "Hidden", "PolicySummary", "SecretReveal", "CloseSecret", "SecretOnce", "FormDialog", "FormFields"}
	names, err := filepath.Glob("*.templ")
	if err != nil || len(names) == 0 {
		t.Fatalf("no templates: %v", err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^templ ([A-Z]\w*)\(`).FindAllStringSubmatch(string(b), -1) {
			if !slices.Contains(insideOthers, m[1]) && !strings.Contains(shown, "component."+m[1]+"(") {
				t.Errorf("%s: %s is not in the gallery", name, m[1])
			}
		}
	}
}

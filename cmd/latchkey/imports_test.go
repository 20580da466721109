package main_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// pkg is what `go list -json` says of one package, tests aside.
type pkg struct {
	ImportPath string
	Imports    []string
	GoFiles    []string
}

const module = "latchkey"

// listPackages asks the go command for every package of the module.
func listPackages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,GoFiles", module+"/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	if len(list) < 15 {
		t.Fatalf("only %d packages found: the rules would hold for nothing", len(list))
	}
	return list
}

// under reports whether path is one of the packages or below one of them.
func under(path string, packages ...string) bool {
	for _, p := range packages {
		if full := module + "/" + p; path == full || strings.HasPrefix(path, full+"/") {
			return true
		}
	}
	return false
}

func isStandard(path string) bool {
	return !strings.Contains(strings.Split(path, "/")[0], ".") && !strings.HasPrefix(path, module+"/")
}

func isDriver(path string) bool {
	return path == "database/sql" || strings.HasPrefix(path, "database/sql/") ||
		strings.HasPrefix(path, "modernc.org/sqlite") || strings.HasPrefix(path, "github.com/jackc/pgx")
}

// broken says which rule of ARCHITECTURE.md the import of path by from breaks; "" is none.
func broken(from, path string) string {
	pure := []string{"internal/access", "internal/actor", "internal/change", "internal/fault", "internal/legacy",
		"internal/plaintext", "internal/random", "internal/seal", "internal/zone", "static"}
	domain := []string{"internal/account", "internal/policy", "internal/invitation", "internal/token", "internal/registry",
		"internal/audit", "internal/signin",
		"internal/provision", "internal/verify", "internal/apiclient", "internal/migration", "internal/notify", "internal/identity",
		"internal/warning"}
	protocols := []string{"internal/signin/oidc", "internal/signin/saml"} // what speaks HTTP with other servers for a domain package
	switch {
	case under(from, pure...) && !isStandard(path) && !under(path, "internal/access", "internal/fault", "internal/plaintext"):
		return "pure packages import the standard library only"
	case under(from, "internal/plaintext") && !isStandard(path) && !under(path, "internal/fault"):
		return "plaintext knows nothing but faults"
	case under(from, "internal/random", "internal/seal") && under(path, "internal"):
		return "random and seal know no other package"
	case under(from, domain...) && (under(path, "web", "views", "internal/store") || path == "net/http" && !under(from, protocols...) ||
		strings.HasPrefix(path, "github.com/labstack/echo")):
		return "domain packages know neither web nor store"
	case strings.HasPrefix(path, "math/rand") && !under(from, "internal/app", "internal/demo", "internal/notify", "internal/store",
		"web/respond"):
		return "secrets are made with crypto/rand"
	case isDriver(path) && !under(from, "internal/store"):
		return "only the store knows database drivers"
	case under(path, "views") && !under(from, "web/ui", "views"):
		return "only web/ui shows views"
	case under(path, "web/ui/uitest"):
		return "only tests import uitest"
	case under(from, "views") && under(path, "internal"):
		return "views know no domain"
	case under(from, "web") && under(path, "internal/store"):
		return "web never sees the store"
	case under(path, "internal/app") && !under(from, "cmd", "e2e"):
		return "only cmd and tests import app"
	}
	return brokenByArea(from, path)
}

// area is one area of the dashboard, with those below it that it may import. Its pages in views
// follow the same order.
type area struct {
	name  string
	below []string
}

// areas lists the areas, each after those below it.
func areas() []area {
	return []area{
		{"policy", nil},
		{"audit", []string{"policy"}},
		{"token", []string{"policy", "audit"}},
		{"rule", []string{"token"}},
		{"people", []string{"policy", "audit", "token"}},
		{"profile", []string{"policy", "token"}},
		{"home", []string{"audit", "token"}},
		{"resource", []string{"audit"}},
		{"migration", []string{"policy"}},
		{"provision", nil},
		{"sso", nil},
		{"signin", []string{"sso"}},
		{"apiclient", nil},
		{"notify", nil},
		{"workspace", nil},
		{"search", nil},
		{"security", nil},
		{"confirm", nil},
	}
}

// standsOn reports whether the table lets one area import another.
func standsOn(name, below string) bool {
	return slices.ContainsFunc(areas(), func(a area) bool { return a.name == name && slices.Contains(a.below, below) })
}

// areaOf returns the part of path that names an area below one of the packages; "" when there is
// none.
func areaOf(path string, packages ...string) string {
	for _, p := range packages {
		if area, found := strings.CutPrefix(path, module+"/"+p+"/"); found {
			return strings.Split(area, "/")[0]
		}
	}
	return ""
}

// brokenByArea says which rule about the areas of the dashboard an import breaks; "" is none.
func brokenByArea(from, path string) string {
	const handlers, pages = "web/ui", "views/page"
	to := areaOf(path, handlers, pages)
	if to == "" || to == "kit" {
		return ""
	}
	switch area := areaOf(from, handlers, pages); {
	case area == "" && from == module+"/"+handlers:
		return ""
	case area == "":
		return "only web/ui puts areas together"
	case area == "kit":
		return "kit knows no area"
	case area == "uitest":
		return "uitest knows no area"
	case area == to && under(from, handlers) && under(path, pages), standsOn(area, to):
		return ""
	}
	return "an area knows kit, components and the areas below it"
}

func TestAreas_AreAllInTheirOrder(t *testing.T) {
	known := []string{"", "kit", "uitest", "problem"} // no areas
	var lower []string
	for _, a := range areas() {
		for _, b := range a.below {
			if !slices.Contains(lower, b) {
				t.Errorf("%s stands on %s, which comes after it", a.name, b)
			}
		}
		lower = append(lower, a.name)
	}
	known = append(known, lower...)
	for _, p := range listPackages(t) {
		if name := areaOf(p.ImportPath, "web/ui", "views/page"); !slices.Contains(known, name) {
			t.Errorf("%s: say in areas what it stands on", p.ImportPath)
		}
	}
}

// TestPackages_FitInOneHead holds every package to 25 files, tests and generated files aside.
func TestPackages_FitInOneHead(t *testing.T) {
	const most = 25
	for _, p := range listPackages(t) {
		files := slices.DeleteFunc(slices.Clone(p.GoFiles), func(name string) bool { return strings.HasSuffix(name, "_templ.go") })
		if len(files) > most && !under(p.ImportPath, "internal/store") {
			t.Errorf("%s has %d files, more than %d", p.ImportPath, len(files), most)
		}
	}
}

func TestImports_FollowTheRulesOfTheHouse(t *testing.T) {
	for _, p := range listPackages(t) {
		for _, path := range p.Imports {
			if rule := broken(p.ImportPath, path); rule != "" {
				t.Errorf("%s imports %s: %s", p.ImportPath, path, rule)
			}
		}
	}
}

func TestPackages_HaveNoGrabBagNames(t *testing.T) {
	grabBags := []string{"util", "utils", "common", "helpers", "models", "types", "services"}
	for _, p := range listPackages(t) {
		parts := strings.Split(p.ImportPath, "/")
		if slices.Contains(grabBags, parts[len(parts)-1]) {
			t.Errorf("%s: name a package for what it holds", p.ImportPath)
		}
	}
}

func TestBroken_RecognizesEveryKindOfBreach(t *testing.T) {
	for _, breach := range [][2]string{
		{"latchkey/internal/access", "github.com/google/go-cmp/cmp"},
		{"latchkey/internal/plaintext", "latchkey/internal/access"},
		{"latchkey/internal/seal", "latchkey/internal/fault"},
		{"latchkey/internal/token", "latchkey/internal/store"},
		{"latchkey/internal/verify", "net/http"},
		{"latchkey/internal/signin", "math/rand/v2"},
		{"latchkey/web/ui", "database/sql"},
		{"latchkey/web/api", "latchkey/views/page"},
		{"latchkey/views/page", "latchkey/internal/token"},
		{"latchkey/web", "latchkey/internal/store"},
		{"latchkey/web", "latchkey/internal/app"},
		{"latchkey/web", "latchkey/web/ui/token"},
		{"latchkey/web/ui/kit", "latchkey/web/ui/token"},
		{"latchkey/web/ui/kit", "latchkey/views/page/token"},
		{"latchkey/web/ui/token", "latchkey/web/ui/people"},
		{"latchkey/web/ui/token", "latchkey/views/page/people"},
		{"latchkey/web/ui/policy", "latchkey/web/ui/audit"},
		{"latchkey/web/ui/workspace", "latchkey/web/ui/policy"},
		{"latchkey/web/ui/token", "latchkey/web/ui/uitest"},
		{"latchkey/views/page/audit", "latchkey/views/page/token"},
	} {
		if broken(breach[0], breach[1]) == "" {
			t.Errorf("%s may import %s", breach[0], breach[1])
		}
	}
	for _, fine := range [][2]string{
		{"latchkey/internal/store", "modernc.org/sqlite"},
		{"latchkey/web/ui", "latchkey/web/ui/people"},
		{"latchkey/web/ui/people", "latchkey/web/ui/token"},
		{"latchkey/web/ui/people", "latchkey/views/page/people"},
		{"latchkey/web/ui/people", "latchkey/views/page/token"},
		{"latchkey/web/ui/people", "latchkey/web/ui/kit"},
		{"latchkey/views/page/people", "latchkey/views/page/token"},
	} {
		if rule := broken(fine[0], fine[1]); rule != "" {
			t.Errorf("%s may not import %s: %s", fine[0], fine[1], rule)
		}
	}
}

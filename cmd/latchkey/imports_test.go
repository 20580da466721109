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
}

const module = "latchkey"

// listPackages asks the go command for every package of the module.
func listPackages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", module+"/...")
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
	pure := []string{"internal/access", "internal/fault", "internal/legacy", "static"}
	domain := []string{"internal/account", "internal/token", "internal/registry", "internal/audit", "internal/signin",
		"internal/provision", "internal/verify", "internal/apiclient", "internal/migration"}
	switch {
	case under(from, pure...) && !isStandard(path) && !under(path, "internal/access", "internal/fault"):
		return "pure packages import the standard library only"
	case under(from, domain...) && (under(path, "web", "views", "internal/store") || path == "net/http" || strings.HasPrefix(path, "github.com/labstack/echo")):
		return "domain packages know neither web nor store"
	case isDriver(path) && !under(from, "internal/store"):
		return "only the store knows database drivers"
	case under(path, "views") && !under(from, "web/ui", "views"):
		return "only web/ui shows views"
	case under(from, "views") && under(path, "internal"):
		return "views know no domain"
	case under(from, "web") && under(path, "internal/store"):
		return "web never sees the store"
	case under(path, "internal/app") && !under(from, "cmd", "e2e"):
		return "only cmd and tests import app"
	}
	return ""
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
		{"latchkey/internal/token", "latchkey/internal/store"},
		{"latchkey/internal/verify", "net/http"},
		{"latchkey/web/ui", "database/sql"},
		{"latchkey/web/api", "latchkey/views/page"},
		{"latchkey/views/page", "latchkey/internal/token"},
		{"latchkey/web", "latchkey/internal/store"},
		{"latchkey/web", "latchkey/internal/app"},
	} {
		if broken(breach[0], breach[1]) == "" {
			t.Errorf("%s may import %s", breach[0], breach[1])
		}
	}
	if rule := broken("latchkey/internal/store", "modernc.org/sqlite"); rule != "" {
		t.Errorf("the store may not use its driver: %s", rule)
	}
}

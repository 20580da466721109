package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestMakefile_RacesWhatDoesSeveralThingsAtOnce looks, in the packages of which `make test` runs only some
// tests with the race detector, for tests that start goroutines, themselves or by a helper of the package.
func TestMakefile_RacesWhatDoesSeveralThingsAtOnce(t *testing.T) {
	text, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	variable := func(name string) string {
		found := regexp.MustCompile(`(?m)^` + name + ` *:= (.+)$`).FindSubmatch(text)
		if found == nil {
			t.Fatalf("the Makefile has no %s", name)
		}
		return string(found[1])
	}
	tables, raced, some := regexp.MustCompile(variable("TABLES")), regexp.MustCompile(variable("ATONCE")), 0
	for pkg := range strings.FieldsSeq(variable("TURNS")) {
		for name := range starters(t, filepath.Join("../..", strings.TrimPrefix(pkg, "latchkey/"))) {
			if !strings.HasPrefix(name, "Test") || tables.MatchString(name) {
				continue
			}
			if some++; !raced.MatchString(name) {
				t.Errorf("%s of %s starts goroutines and runs without the race detector: call it …AtOnce… or add it to ATONCE", name, pkg)
			}
		}
	}
	if some < 15 {
		t.Errorf("only %d tests start goroutines", some)
	}
}

// starters returns the functions of a folder's tests that start goroutines.
func starters(t *testing.T, folder string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests in %s: %v", folder, err)
	}
	starts, calls := map[string]bool{}, map[string][]string{} // by function; whom it calls
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.GoStmt:
					starts[f.Name.Name] = true
				case *ast.SelectorExpr:
					starts[f.Name.Name] = starts[f.Name.Name] || n.Sel.Name == "Go"
					calls[f.Name.Name] = append(calls[f.Name.Name], n.Sel.Name)
				case *ast.Ident:
					calls[f.Name.Name] = append(calls[f.Name.Name], n.Name)
				}
				return true
			})
		}
	}
	for grown := true; grown; {
		grown = false
		for name, called := range calls {
			for _, other := range called {
				if starts[other] && !starts[name] {
					starts[name], grown = true, true
				}
			}
		}
	}
	for name, yes := range starts {
		if !yes {
			delete(starts, name)
		}
	}
	return starts
}

package main_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mostMethods is how many methods an interface of internal may have, embedded ones counted: what
// needs more does several things.
const mostMethods = 20

// checker type-checks packages of the module from their source, with what the go command has
// compiled for everything that they import.
type checker struct {
	fset     *token.FileSet
	exports  map[string]string // export data by import path
	importer types.Importer
}

// compiled is what `go list -export` says of one package.
type compiled struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
}

func newChecker(t *testing.T) (*checker, []compiled) {
	t.Helper()
	out, err := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles", module+"/internal/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	c := &checker{fset: token.NewFileSet(), exports: map[string]string{}}
	var ours []compiled
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p compiled
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		c.exports[p.ImportPath] = p.Export
		if under(p.ImportPath, "internal") {
			ours = append(ours, p)
		}
	}
	c.importer = importer.ForCompiler(c.fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(c.exports[path]) })
	return c, ours
}

// interfaces calls found for every interface that the package writes down, named or not.
func (c *checker) interfaces(t *testing.T, p compiled, found func(at token.Position, i *types.Interface)) {
	t.Helper()
	files := make([]*ast.File, len(p.GoFiles))
	for i, name := range p.GoFiles {
		file, err := parser.ParseFile(c.fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files[i] = file
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	config := types.Config{Importer: c.importer}
	if _, err := config.Check(p.ImportPath, c.fset, files, info); err != nil {
		t.Fatalf("%s: %v", p.ImportPath, err)
	}
	for expr, tv := range info.Types {
		if _, written := expr.(*ast.InterfaceType); !written {
			continue
		}
		if i, ok := tv.Type.(*types.Interface); ok {
			found(c.fset.Position(expr.Pos()), i)
		}
	}
}

func TestInterfaces_AreSmall(t *testing.T) {
	c, ours := newChecker(t)
	seen := 0
	for _, p := range ours {
		c.interfaces(t, p, func(at token.Position, i *types.Interface) {
			seen++
			if n := i.NumMethods(); n > mostMethods {
				t.Errorf("%s:%d: an interface with %d methods, more than %d", at.Filename, at.Line, n, mostMethods)
			}
		})
	}
	if seen < 50 {
		t.Fatalf("only %d interfaces found: the rule would hold for nothing", seen)
	}
}

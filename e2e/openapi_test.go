package e2e

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Versions that .ci/setup lays out in the cache folder.
const (
	redoclyVersion = "2.77.0"
	runtimeVersion = "v1.9.0" // of what a client imports that oapi-codegen generated
)

// TestOpenAPI_GeneratesAClientThatCompilesAndLintsClean gives the document that a server serves to
// programs that read it: a generator of clients and a linter. Neither needs the network.
func TestOpenAPI_GeneratesAClientThatCompilesAndLintsClean(t *testing.T) {
	t.Parallel()
	document := servedDocument(t)
	cache, err := cacheFolder()
	if err != nil {
		t.Fatal(err)
	}
	t.Run("oapi-codegen", func(t *testing.T) {
		folder := t.TempDir()
		for _, name := range []string{"go.mod", "go.sum"} {
			text, err := os.ReadFile(filepath.Join(cache, "oapi-client-"+runtimeVersion, name))
			if err != nil {
				t.Fatalf("%v: run `make setup` first", err)
			}
			write(t, filepath.Join(folder, name), string(text))
		}
		write(t, filepath.Join(folder, "openapi.json"), document)
		for kind, generate := range map[string]string{"client": "client: true", "server": "std-http-server: true\n  strict-server: true"} {
			write(t, filepath.Join(folder, "config.yaml"), "package: "+kind+"\noutput: "+kind+"/generated.go\ngenerate:\n  models: true\n  "+generate+"\n")
			if err := os.Mkdir(filepath.Join(folder, kind), 0o700); err != nil {
				t.Fatal(err)
			}
			run(t, folder, filepath.Join(cache, "bin", "oapi-codegen"), "-config", "config.yaml", "openapi.json")
		}
		run(t, folder, "go", "vet", "./client", "./server")
	})
	t.Run("redocly", func(t *testing.T) {
		folder := t.TempDir() // without a configuration, so that its own rules apply
		write(t, filepath.Join(folder, "openapi.json"), document)
		out := run(t, folder, filepath.Join(cache, "playwright-"+driverVersion, "node"),
			filepath.Join(cache, "redocly-"+redoclyVersion, "package", "bin", "cli.js"), "lint", "--format=json", "openapi.json")
		var report struct {
			Totals   struct{ Errors, Warnings, Ignored int }
			Problems []struct{ RuleID, Message string }
		}
		if err := json.Unmarshal(out, &report); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if n := report.Totals; n.Errors+n.Warnings+n.Ignored > 0 {
			t.Errorf("%+v: %+v", n, report.Problems)
		}
	})
}

// servedDocument returns the document as a server serves it.
func servedDocument(t *testing.T) string {
	t.Helper()
	s := start(t, "demo")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/v2/openapi.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%d, %v", answer.StatusCode, err)
	}
	return string(text)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs a program in a folder, without the network, and returns what it writes to its standard
// output.
func run(t *testing.T, folder, program string, args ...string) []byte {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, args...)
	command.Dir = folder
	command.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off",
		"REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
	out, err := command.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			out = append(out, exit.Stderr...)
		}
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
	return out
}

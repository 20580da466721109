package main_test

import (
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/config"
)

// TestDeploy_EachFileSaysWhichProxyIsTrusted holds for every file that runs Latchkey or a proxy.
func TestDeploy_EachFileSaysWhichProxyIsTrusted(t *testing.T) {
	// Parts of other files, and what has nothing to do with addresses.
	others := []string{"Dockerfile.dockerignore", "env.example", "latchkey-api.conf", "latchkey.lua"}
	seen := 0
	for path, text := range deployed(t) {
		if slices.Contains(others, filepath.Base(path)) {
			continue
		}
		seen++
		if !strings.Contains(text, "--trusted-proxies") && !strings.Contains(text, "LATCHKEY_TRUSTED_PROXIES") {
			t.Errorf("%s does not say which proxy is trusted", path)
		}
	}
	if seen < 8 {
		t.Errorf("only %d files seen", seen)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil || !strings.Contains(string(readme), "--trusted-proxies") {
		t.Errorf("README.md does not name the flag: %v", err)
	}
}

// TestDeploy_NoFileTrustsAWholePrivateNetwork reads what the files set.
func TestDeploy_NoFileTrustsAWholePrivateNetwork(t *testing.T) {
	var whole []netip.Prefix
	for _, network := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fd00::/8"} {
		whole = append(whole, netip.MustParsePrefix(network))
	}
	seen := 0
	for path, text := range deployed(t) {
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			_, value, found := strings.Cut(line, "LATCHKEY_TRUSTED_PROXIES")
			if !found || strings.HasPrefix(line, "#") {
				continue
			}
			value, _, _ = strings.Cut(value, "#")
			value = strings.Trim(strings.NewReplacer("value:", "", `"`, "").Replace(value), " ,:=}\t")
			ranges, err := config.Config{TrustedProxies: strings.Split(value, ",")}.Proxies()
			if err != nil {
				t.Errorf("%s: %v", path, err)
			}
			for _, r := range ranges {
				seen++
				const widest = 16 // bits of the smallest prefix that is still one network of somebody's own
				if r.Bits() < widest || slices.ContainsFunc(whole, func(w netip.Prefix) bool { return r.Bits() <= w.Bits() && r.Overlaps(w) }) {
					t.Errorf("%s trusts all of %s", path, r)
				}
			}
		}
	}
	if seen < 4 {
		t.Errorf("only %d ranges seen", seen)
	}
}

// deployed returns the files below deploy but for its README.
func deployed(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir("../../deploy", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "README.md" {
			return err
		}
		text, err := os.ReadFile(path)
		files[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"latchkey/internal/app"

	"github.com/playwright-community/playwright-go"
)

// Versions that .ci/setup lays out in the cache folder.
const (
	driverVersion = "1.52.0"
	axeVersion    = "4.14.1"
)

// maxParallel bounds the tests that run at the same time: each has a server
// process and a browser context of its own.
const maxParallel = 4

// suite is what all tests of one run share.
type suite struct {
	browser playwright.Browser
	axe     string                 // source text of axe-core
	binary  func() (string, error) // builds latchkey at its first call
	secrets func() (string, error) // makes the file with the secret key of servers on PostgreSQL
}

// shared is set once by TestMain, before any test runs.
var shared suite

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(runSuite(m))
}

func runSuite(m *testing.M) int {
	if err := boundParallel(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	folder, err := os.MkdirTemp("", "latchkey-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	defer os.RemoveAll(folder)
	shared.binary = sync.OnceValues(func() (string, error) { return build(folder) })
	shared.secrets = sync.OnceValues(func() (string, error) {
		path := filepath.Join(folder, "secret.key")
		_, err := app.NewKeyFile(path)
		return path, err
	})

	stop, err := launch()
	if err != nil {
		fmt.Fprintf(os.Stderr, "e2e: %v\ne2e: run `make setup` first: it installs what the browser tests need\n", err)
		return 1
	}
	defer stop()
	return m.Run()
}

// boundParallel lowers the number of parallel tests to maxParallel.
func boundParallel() error {
	f := flag.Lookup("test.parallel")
	if n, err := strconv.Atoi(f.Value.String()); err == nil && n <= maxParallel {
		return nil
	}
	return flag.Set("test.parallel", strconv.Itoa(maxParallel))
}

// build compiles the program under test with the flags of a plain go build, so
// that it shares the build cache with everything else.
func build(folder string) (string, error) {
	path := filepath.Join(folder, "latchkey")
	out, err := exec.Command("go", "build", "-o", path, "latchkey/cmd/latchkey").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build latchkey/cmd/latchkey: %w\n%s", err, out)
	}
	return path, nil
}

// cacheFolder is the folder that .ci/setup fills.
func cacheFolder() (string, error) {
	if dir := os.Getenv("LATCHKEY_CACHE"); dir != "" {
		return dir, nil
	}
	dir, err := os.UserCacheDir()
	return filepath.Join(dir, "latchkey"), err
}

// launch fills shared with the browser and axe-core, and returns what ends them.
func launch() (stop func(), err error) {
	cache, err := cacheFolder()
	if err != nil {
		return nil, err
	}
	source, err := os.ReadFile(filepath.Join(cache, "axe-core-"+axeVersion, "package", "axe.min.js"))
	if err != nil {
		return nil, err
	}
	shared.axe = string(source)
	executable, err := os.ReadFile(filepath.Join(cache, "browser"))
	if err != nil {
		return nil, err
	}
	driver, err := playwright.Run(&playwright.RunOptions{
		DriverDirectory:     filepath.Join(cache, "playwright-"+driverVersion),
		SkipInstallBrowsers: true,
	})
	if err != nil {
		return nil, err
	}
	stopFirefox := func() {}
	if *inFirefox {
		shared.browser, stopFirefox, err = firefox(driver, filepath.Join(cache, "playwright-"+driverVersion))
	} else {
		shared.browser, err = driver.Chromium.Launch(playwright.BrowserTypeLaunchOptions{
			ExecutablePath: playwright.String(strings.TrimSpace(string(executable))),
			Args:           browserArgs(),
		})
	}
	if err != nil {
		_ = driver.Stop()
		return nil, err
	}
	return func() {
		_ = shared.browser.Close()
		stopFirefox()
		_ = driver.Stop()
	}, nil
}

// browserArgs keep Chromium from talking to the world by itself, and let it run
// as root and in a container with a small /dev/shm.
func browserArgs() []string {
	return []string{
		"--no-sandbox",
		"--disable-gpu",
		"--disable-dev-shm-usage",
		"--disable-quic",
		"--no-first-run",
		"--disable-background-networking",
		"--disable-component-update",
		"--disable-sync",
	}
}

package e2e

import (
	"bufio"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// inFirefox makes the journeys run in the distribution's Firefox: see `make test-firefox`.
var inFirefox = flag.Bool("firefox", false, "run in Firefox instead of Chromium")

// firefoxServer starts the distribution's Firefox and prints the address to connect to. The
// driver's own protocol for Firefox needs a patched build. WebDriver BiDi, which the driver has
// as an experiment, does not, but the Go client cannot ask for it, so this program does. It ends
// with its input.
const firefoxServer = `
const {_bidiFirefox} = require(process.argv[1]);
_bidiFirefox.launchServer({executablePath: process.argv[2], headless: true, host: "127.0.0.1"}).then(server => {
	console.log(server.wsEndpoint());
	process.stdin.on("end", () => server.close().then(() => process.exit(0))).resume();
});`

// firefox starts Firefox, and returns it with what ends it.
func firefox(driver *playwright.Playwright, folder string) (playwright.Browser, func(), error) {
	executable, err := exec.LookPath("firefox-esr")
	if err != nil {
		if executable, err = exec.LookPath("firefox"); err != nil {
			return nil, nil, fmt.Errorf("install Firefox: %w", err)
		}
	}
	server := exec.Command(filepath.Join(folder, "node"), "-e", firefoxServer, filepath.Join(folder, "package"), executable)
	server.Stderr = os.Stderr
	in, err := server.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	out, err := server.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := server.Start(); err != nil {
		return nil, nil, err
	}
	stop := func() {
		_ = in.Close()
		_ = server.Wait()
	}
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return nil, nil, fmt.Errorf("Firefox did not start: %w", err)
	}
	browser, err := driver.Firefox.Connect(strings.TrimSpace(address))
	if err != nil {
		stop()
		return nil, nil, err
	}
	return browser, stop, nil
}

// proxyBefore starts a proxy before the server at address that leaves out the Content-Security-Policy,
// and returns its URL: the driver runs a test's scripts in Firefox with eval, which the policy forbids
// them. What the policy does is tested in Chromium.
func proxyBefore(t *testing.T, address string) string {
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: address})
			r.Out.Host = r.In.Host
		},
		ModifyResponse: func(r *http.Response) error {
			r.Header.Del("Content-Security-Policy")
			return nil
		},
	})
	t.Cleanup(proxy.Close)
	return proxy.URL
}

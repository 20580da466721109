package e2e

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

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

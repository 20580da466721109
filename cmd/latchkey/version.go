package main

import (
	"fmt"
	"os"
	"runtime/debug"
)

const description = `Self-hosted access tokens for people and services.

Members make personal access tokens, Admins make service access tokens, and every
token may do exactly what live access policies say. Try it: latchkey demo`

// version is set when a release is built: -ldflags "-X main.version=1.2.3".
var version = ""

type versionCmd struct{}

// Run prints the version: the release's, or what the build knows of itself.
func (versionCmd) Run() error {
	v := version
	if info, ok := debug.ReadBuildInfo(); v == "" && ok {
		v = info.Main.Version
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				v += " " + s.Value[:12]
			}
		}
	}
	_, err := fmt.Printf("latchkey %s\n", v)
	return err
}

// exit ends the program for --help (0) and for a command line that makes no sense: the
// parser's own codes vary, ours are 0 and 1.
func exit(code int) {
	if code != 0 {
		code = 1
	}
	os.Exit(code)
}

package main

import (
	"fmt"
	"os"
	"runtime/debug"
)

const description = `Self-hosted access tokens for people and services.

Members generate personal access tokens, Admins generate service access tokens, and a
token can do exactly what your access policies allow at that moment. Try it: latchkey demo`

// version is set by release builds: -ldflags "-X main.version=1.2.3".
var version = ""

type versionCmd struct{}

// Run prints the release version, or else the version and revision from the build info.
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

// exit ends the program for --help and for an invalid command line. The parser's exit codes
// vary; exit uses only 0 and 1.
func exit(code int) {
	if code != 0 {
		code = 1
	}
	os.Exit(code)
}

package main

import (
	"context"
	"fmt"
	"runtime/debug"
)

// version is set by release builds: -ldflags "-X main.version=1.2.3".
var version = ""

func newVersion() *command {
	return newCommand("version", "Print the version.", "").runs(func(context.Context) error { return printVersion() })
}

// printVersion prints the release version, or else the version and revision from the build info.
func printVersion() error {
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

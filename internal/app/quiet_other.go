//go:build !linux

package app

import "net"

// quiet does nothing and reports that: what it does on Linux, other systems have no means for.
func quiet(net.Listener) bool { return false }

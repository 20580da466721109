//go:build !linux

package store

import "syscall"

// limitSilence does nothing on systems without such a timeout. Keep-alive has to be enough.
func limitSilence(string, string, syscall.RawConn) error { return nil }

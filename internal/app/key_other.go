//go:build !unix

package app

import "os"

// likeBefore does nothing: files belong to the user who runs the program.
func likeBefore(*os.File, string) error { return nil }

// syncFolder does nothing: folders cannot be synced.
func syncFolder(string) error { return nil }

// readableByAll returns false, because the mode says nothing about it here.
func readableByAll(os.FileInfo) bool { return false }

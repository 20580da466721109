//go:build race

package scim_test

// raceEnabled says that the race detector runs.
const raceEnabled = true

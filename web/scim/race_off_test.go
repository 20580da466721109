//go:build !race

package scim_test

import "time"

// A filtered list over so many users may take so much processor time.
const (
	crowdSize      = 10_000
	processorLimit = 20 * time.Millisecond
)

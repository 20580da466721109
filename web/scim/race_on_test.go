//go:build race

package scim_test

import "time"

// The race detector multiplies processor time, which then says little.
const (
	crowdSize      = 300
	processorLimit = time.Second
)

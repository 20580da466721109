// Package load measures verification over HTTP against the least that a Go server can do:
// a bare net/http handler that hashes the bearer and looks it up in a map.
//
// `make bench-verify` runs it at full size, in one run with interleaved rounds, and prints
// ratios; machines differ, ratios less so. As an ordinary test, of which `make test` runs what is
// about a killed server, it takes a moment with few tokens and checks that all answers are
// right. The servers are processes of their own. The package contains nothing that the product
// uses.
package load

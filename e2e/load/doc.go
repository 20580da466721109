// Package load measures verification over HTTP against the least that a Go server can do:
// a bare net/http handler that hashes the bearer and looks it up in a map.
//
// `make bench-verify` runs it at full size, in one run with interleaved rounds, and prints
// ratios; machines differ, ratios less so. `make soak` kills a server 1,000 times and compares it
// with what it acknowledged, and asks 10,000,000 times about tokens that are made and deleted
// meanwhile. As ordinary tests, of which `make test` runs those of `make soak`, they take a moment
// with few tokens and check that all answers are right. The servers are processes of their own. The package contains nothing that the product
// uses.
package load

package load

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"testing"
)

// full asks for the whole measurement instead of a short check.
func full() bool { return flag.Lookup("full").Value.String() == "true" }

// tokens is the number of tokens that was asked for, or 0.
func tokens() int {
	n, _ := strconv.Atoi(flag.Lookup("tokens").Value.String())
	return n
}

// childRole names in the environment what a process of this program serves as.
const childRole = "LATCHKEY_LOAD_ROLE"

func TestMain(m *testing.M) {
	flag.Bool("full", false, "measure at full size; it takes some minutes")
	flag.Bool("peers", false, "compare with other programs, which are built first")
	flag.Int("tokens", 0, "the number of tokens of TestVerify_Memory and TestVerify_CostOfCounting, instead of their own")
	flag.Parse()
	roles := map[string]func(args []string) error{"bare": serveBare, "barefast": serveBareFast, "latchkey": serveLatchkey, "api": serveAPI}
	if role := os.Getenv(childRole); role != "" {
		if err := roles[role](flag.Args()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

package fault_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"latchkey/internal/fault"
)

func TestOf_UnknownErrorIsInternalAndItsTextStaysPrivate(t *testing.T) {
	f := fault.Of(errors.New("disk on fire at sector 7"))
	if f.Kind != fault.Internal {
		t.Fatalf("kind = %v, want Internal", f.Kind)
	}
	if strings.Contains(f.Message, "sector") {
		t.Errorf("public text leaks the cause: %q", f.Message)
	}
}

func TestOf_FindsAWrappedFault(t *testing.T) {
	err := fmt.Errorf("while saving: %w", fault.NewConflict("That name is taken."))
	if f := fault.Of(err); f.Kind != fault.Conflict || f.Message != "That name is taken." {
		t.Errorf("Of = %+v", f)
	}
	if !fault.Is(err, fault.Conflict) || fault.Is(nil, fault.Internal) {
		t.Error("Is does not follow Of")
	}
}

func TestProblems_ReportsAllAtOnce(t *testing.T) {
	var p fault.Problems
	if p.Err("x") != nil {
		t.Fatal("no problems must be no error")
	}
	p.Add("name", "Enter a name.")
	p.AddAll([]fault.Field{{Path: "scope", Message: "Choose a scope."}})
	if f := fault.Of(p.Err("Check the form.")); f.Kind != fault.Invalid || len(f.Fields) != 2 {
		t.Errorf("Err = %+v", f)
	}
}

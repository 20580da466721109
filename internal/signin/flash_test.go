package signin_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/signin"
)

func TestFlash_IsTakenOnceInOrder(t *testing.T) {
	f := newFixture(t)
	s := f.mustSignIn(t, ada, "")
	want := []signin.Notice{{Kind: signin.Success, Text: "Deleted <b>\"ci\"</b>."}, {Kind: signin.Success, Text: "One left."}}
	for _, n := range want {
		if err := f.AddFlash(t.Context(), s.Session.ID, n); err != nil {
			t.Fatal(err)
		}
	}
	looked, err := f.Lookup(t.Context(), s.Secret)
	if diff := cmp.Diff(want, looked.Notices); diff != "" || err != nil {
		t.Errorf("Lookup does not show them (-want +got):\n%s%v", diff, err)
	}
	got, err := f.TakeFlash(t.Context(), s.Session.ID)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("TakeFlash (-want +got):\n%s%v", diff, err)
	}
	if again, err := f.TakeFlash(t.Context(), s.Session.ID); len(again) != 0 || err != nil {
		t.Errorf("taken twice: %v, %v", again, err)
	}
}

func TestFlash_KeepsTheNewestAndCutsLongTexts(t *testing.T) {
	f := newFixture(t)
	s := f.mustSignIn(t, ada, "")
	for i := range 7 {
		if err := f.AddFlash(t.Context(), s.Session.ID, signin.Notice{Kind: signin.Success, Text: fmt.Sprint(i) +
			strings.Repeat("é", 500)}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := f.TakeFlash(t.Context(), s.Session.ID)
	if err != nil || len(got) != 5 || got[0].Text[0] != '2' || got[4].Text != "6"+strings.Repeat("é", 149) {
		t.Errorf("notices = %v, %v", got, err)
	}
}

func TestFlash_ParallelNoticesAreAllKeptAndTakenOnce(t *testing.T) {
	f := newFixture(t)
	s := f.mustSignIn(t, ada, "")
	if got := inParallel(5, func(i int) error {
		return f.AddFlash(t.Context(), s.Session.ID, signin.Notice{Kind: signin.Success, Text: fmt.Sprint(i)})
	}); got["ok"] != 5 {
		t.Fatalf("outcomes = %v", got)
	}
	taken := make(chan int, 4)
	inParallel(4, func(int) error {
		list, err := f.TakeFlash(t.Context(), s.Session.ID)
		taken <- len(list)
		return err
	})
	if sum := <-taken + <-taken + <-taken + <-taken; sum != 5 {
		t.Errorf("%d notices were taken, want 5", sum)
	}
}

func TestFlash_OfASessionThatIsGoneIsNothing(t *testing.T) {
	f := newFixture(t)
	if err := f.AddFlash(t.Context(), "gone", signin.Notice{Kind: signin.Success, Text: "x"}); err != nil {
		t.Error(err)
	}
	if got, err := f.TakeFlash(t.Context(), "gone"); len(got) != 0 || err != nil {
		t.Errorf("TakeFlash = %v, %v", got, err)
	}
}

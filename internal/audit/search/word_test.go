package search

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWords_AreBounded(t *testing.T) {
	long := strings.Repeat("é", 1000)
	words := Words(long, strings.Repeat("a-b ", 500), strings.Repeat("x.y@", 500))
	if len(words) > mostWords {
		t.Errorf("%d words", len(words))
	}
	if diff := cmp.Diff(strings.Repeat("é", longWord), words[0]); diff != "" {
		t.Errorf("a long word (-want +got)\n%s", diff)
	}
	if !Matches(long, words) {
		t.Error("a long word does not find itself")
	}
}

package audit

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"latchkey/internal/actor"
)

// TestSum_OfBothVersions holds hashes that were computed by another program from the canonical form
// in docs/audit-log.md.
func TestSum_OfBothVersions(t *testing.T) {
	e := Event{Seq: 1, ID: "2b", Time: at(0), Organization: "acme", Workspace: "ws", ActorType: User, ActorID: "ada",
		ActorName: "Ada <&>", Action: Updated, Target: Target{Type: TargetPolicy, ID: "p", Name: "é"},
		Origin: actor.Origin{IP: "::1", UserAgent: "curl", RequestID: "r"}, Before: `{"a":1}`, After: `{}`, PrevHash: Genesis()}
	clocked := e
	clocked.Clock = at(0).Add(-time.Hour)
	for _, c := range []struct {
		e    Event
		want string
	}{
		{e, "0fa2e5d61479d60dea08bc50a121c630e9e94da987501bfc6ea52e4581765773"},
		{clocked, "30d8fb6e18d33a327ec26716fdd6d105d5cbcba458468ad377315fbabf0c87eb"},
	} {
		if got := hex.EncodeToString(c.e.Sum()); got != c.want {
			t.Errorf("with clock time %v: %s, want %s", c.e.Clock, got, c.want)
		}
	}
}

func TestVerify_CountsEventsOfOlderServersAmongNewerOnes(t *testing.T) {
	const n = 2*segmentSize + 100
	for name, c := range map[string]struct {
		clocked func(seq int64) bool
		want    int64
	}{
		"no event has one":             {func(int64) bool { return false }, 0},
		"all have one":                 {func(int64) bool { return true }, 0},
		"from one event on":            {func(seq int64) bool { return seq > segmentSize+7 }, 0},
		"from a segment on":            {func(seq int64) bool { return seq > segmentSize }, 0},
		"all but one":                  {func(seq int64) bool { return seq != 2*segmentSize+1 }, 1},
		"two nodes take turns":         {func(seq int64) bool { return seq%2 == 0 }, n/2 - 1},
		"a segment in the middle lags": {func(seq int64) bool { return seq <= segmentSize || seq > 2*segmentSize }, segmentSize},
	} {
		t.Run(name, func(t *testing.T) {
			m := chained(0)
			for seq := int64(1); seq <= n; seq++ {
				e := Event{Organization: "acme", Action: Created, Target: Target{Type: TargetGroup}, Before: `,"clockTime":"`}
				if c.clocked(seq) {
					e.Clock = at(0)
				}
				m.append(e)
			}
			state, err := Verify(t.Context(), m, 3)
			if err != nil || state.Late != c.want {
				t.Errorf("%d in the log, %v; want %d", state.Late, err, c.want)
			}
			var file bytes.Buffer
			if _, err := WriteFile(t.Context(), m, &file, nil); err != nil {
				t.Fatal(err)
			}
			v, err := VerifyFile(&file, Start())
			if err != nil || v.Late != c.want {
				t.Errorf("%d in the file, %v; want %d", v.Late, err, c.want)
			}
		})
	}
}

func TestFile_TamperingWithClockTimesIsFound(t *testing.T) {
	m := chained(3)
	for range 3 {
		m.append(Event{Organization: "acme", Action: Created, Target: Target{Type: TargetGroup}, Clock: at(1)})
	}
	var file bytes.Buffer
	if _, err := WriteFile(t.Context(), m, &file, nil); err != nil {
		t.Fatal(err)
	}
	clock := `,"clockTime":"` + FormatTime(at(1)) + `"`
	if n := strings.Count(file.String(), clock); n != 3 {
		t.Fatalf("%d events have a clock time", n)
	}
	for name, text := range map[string]string{
		"edited":                 strings.Replace(file.String(), clock, `,"clockTime":"`+FormatTime(at(2))+`"`, 1),
		"taken away":             strings.Replace(file.String(), clock, "", 1),
		"emptied":                strings.Replace(file.String(), clock, `,"clockTime":""`, 1),
		"given to an older one":  strings.Replace(file.String(), `2}","hash":`, `2}"`+clock+`,"hash":`, 1),
		"given twice":            strings.Replace(file.String(), clock, clock+clock, 1),
		"put behind the hash":    strings.Replace(strings.Replace(file.String(), clock, "", 1), `"}`+"\n", `"`+clock+"}\n", 4),
		"put before the first":   strings.Replace(file.String(), `{"seq":4,`, `{"clockTime":"`+FormatTime(at(2))+`","seq":4,`, 1),
		"as null in an old one":  strings.Replace(file.String(), `2}","hash":`, `2}","clockTime":null,"hash":`, 1),
		"cut before the new one": file.String()[:strings.Index(file.String(), `{"seq":4,`)],
	} {
		if text == file.String() {
			t.Fatalf("%s: nothing was done", name)
		}
		if _, err := VerifyFile(strings.NewReader(text), Start()); err == nil {
			t.Errorf("%s: not found", name)
		}
	}
}

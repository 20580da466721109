package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/actor"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// at returns the time n seconds after the start of the tests.
func at(n int) time.Time { return time.Date(2026, 3, 4, 10, 0, n, 5e6, time.UTC) }

// chained is a log of n events in memory.
func chained(n int) *memory {
	m := &memory{state: State{Head: Start(), Checkpoint: Checkpoint{Anchor: Start()}}}
	for i := 1; i <= n; i++ {
		m.append(Event{Organization: "acme", ActorType: User, ActorID: "ada", ActorName: "Ada <&> \u2028", Action: Updated,
			Target: Target{Type: TargetPolicy, ID: fmt.Sprint("policy", i), Name: "é\"", Workspace: "ws"}, Workspace: "ws",
			Origin: actor.Origin{IP: "::1", UserAgent: "curl", RequestID: "r"}, Before: `{"a":1}`, After: `{"a":2}`})
	}
	return m
}

// memory is a log without a database.
type memory struct {
	events []Event
	state  State
	heads  []SignedHead
}

func (m *memory) append(e Event) {
	e.Seq, e.PrevHash, e.Time = m.state.Head.Seq+1, m.state.Head.Hash, at(int(m.state.Head.Seq))
	e.ID = fmt.Sprint("event", e.Seq)
	e.Hash = e.Sum()
	m.events, m.state.Head = append(m.events, e), Anchor{e.Seq, e.Hash}
}

func (m *memory) AuditState(context.Context) (State, error) { return m.state, nil }

func (m *memory) HashesOf(_ context.Context, seqs []int64) (map[int64][]byte, error) {
	hashes := map[int64][]byte{}
	for _, e := range m.events {
		if slices.Contains(seqs, e.Seq) {
			hashes[e.Seq] = e.Hash
		}
	}
	return hashes, nil
}

func (m *memory) SignedHeads(_ context.Context, after int64, limit int) ([]SignedHead, int64, error) {
	heads := m.heads[min(int(after), len(m.heads)):]
	heads = heads[:min(limit, len(heads))]
	return heads, after + int64(len(heads)), nil
}

func (m *memory) NewestHead(_ context.Context, key string) (h SignedHead, found bool, err error) {
	for _, head := range m.heads {
		if head.Key == key {
			h, found = head, true
		}
	}
	return h, found, nil
}

func (m *memory) EventsAfter(_ context.Context, seq int64, limit int) ([]Event, error) {
	var out []Event
	for _, e := range m.events {
		if e.Seq > seq && len(out) < limit {
			out = append(out, e)
		}
	}
	return out, nil
}

// broken verifies and returns the finding; nil when the chain holds.
func broken(t *testing.T, m *memory) *Broken {
	t.Helper()
	_, err := Verify(context.Background(), m, 3)
	var b *Broken
	if err != nil && !errors.As(err, &b) {
		t.Fatal(err)
	}
	return b
}

func TestVerify_AcceptsWhatWasWritten(t *testing.T) {
	for _, n := range []int{0, 1, 2, segmentSize - 1, segmentSize, segmentSize + 1, 3*segmentSize + 7} {
		if b := broken(t, chained(n)); b != nil {
			t.Errorf("%d events: %v", n, b)
		}
	}
}

func TestVerify_NamesTheFirstEventThatDoesNotHold(t *testing.T) {
	const n, hit = 2*segmentSize + 50, segmentSize + 20
	for name, tamper := range map[string]struct {
		do   func(m *memory)
		want int64
	}{
		"a name is changed":              {func(m *memory) { m.events[hit-1].Target.Name = "x" }, hit},
		"an actor is changed":            {func(m *memory) { m.events[hit-1].ActorID = "eve" }, hit},
		"a time is changed":              {func(m *memory) { m.events[hit-1].Time = at(1) }, hit},
		"the state before is changed":    {func(m *memory) { m.events[hit-1].Before = "" }, hit},
		"changed with a new hash":        {func(m *memory) { e := &m.events[hit-1]; e.After = "{}"; e.Hash = e.Sum() }, hit + 1},
		"one is removed":                 {func(m *memory) { m.events = slices.Delete(m.events, hit-1, hit) }, hit},
		"the first is removed":           {func(m *memory) { m.events = m.events[1:] }, 1},
		"a whole segment is removed":     {func(m *memory) { m.events = slices.Delete(m.events, segmentSize, 2*segmentSize) }, segmentSize + 1},
		"two change places":              {func(m *memory) { m.events[hit-1], m.events[hit] = m.events[hit], m.events[hit-1] }, hit},
		"two change numbers":             {swapNumbers(hit), hit},
		"one is put in twice":            {func(m *memory) { m.events = slices.Insert(m.events, hit, m.events[hit-1]) }, hit},
		"the newest are cut off":         {func(m *memory) { m.events = m.events[:n-5] }, n - 4},
		"all are gone":                   {func(m *memory) { m.events = nil }, 1},
		"the head is another":            {func(m *memory) { m.state.Head.Hash = Genesis() }, n},
		"an unsigned checkpoint is made": {unsigned(hit), hit + 1},
		"one is put behind the end":      {func(m *memory) { e := m.events[n-1]; e.Seq = n + 40; m.events = append(m.events, e) }, n + 40},
	} {
		t.Run(name, func(t *testing.T) {
			m := chained(n)
			tamper.do(m)
			b := broken(t, m)
			if b == nil {
				t.Fatal("not found")
			}
			if b.Seq != tamper.want {
				t.Errorf("names %v, want event %d", b, tamper.want)
			}
		})
	}
}

func swapNumbers(hit int) func(m *memory) {
	return func(m *memory) {
		a, b := &m.events[hit-1], &m.events[hit]
		a.Seq, b.Seq = b.Seq, a.Seq
		*a, *b = *b, *a
	}
}

// unsigned cuts off the beginning and claims that an event signs for it.
func unsigned(hit int) func(m *memory) {
	return func(m *memory) {
		last := m.events[hit-2]
		m.events = m.events[hit-1:]
		m.state.Checkpoint = Checkpoint{Anchor: Anchor{last.Seq, last.Hash}, Time: last.Time, SignedBy: int64(hit) + 1}
	}
}

func TestVerify_StartsFromASignedCheckpoint(t *testing.T) {
	m := chained(30)
	last := m.events[9]
	c := Checkpoint{Anchor: Anchor{last.Seq, last.Hash}, Time: last.Time, SignedBy: 31}
	text, err := c.sign(10, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	m.append(Did(actor.OfSystem("acme"), Pruned, Target{Type: TargetAuditLog, Name: "Audit log"}).Changed("", text))
	m.append(m.events[3])
	m.events, m.state.Checkpoint = m.events[10:], c
	if b := broken(t, m); b != nil {
		t.Errorf("a pruned log: %v", b)
	}
	m.state.Checkpoint.Hash = Genesis()
	if b := broken(t, m); b == nil || b.Seq != 11 {
		t.Errorf("a checkpoint with another hash: %v, want event 11", b)
	}
}

func TestCompare_SeesWhatWasCutOffSinceTheExport(t *testing.T) {
	m := chained(20)
	exported := m.state.Head
	m.append(m.events[0])
	if err := Compare(t.Context(), m, exported); err != nil {
		t.Errorf("a log that grew: %v", err)
	}
	// Somebody who cuts off the newest events can change the record of the head to match.
	cut := &memory{events: m.events[:15], state: State{Head: Anchor{15, m.events[14].Hash}, Checkpoint: m.state.Checkpoint}}
	if b := broken(t, cut); b != nil {
		t.Fatalf("the chain by itself cannot tell: %v", b)
	}
	var b *Broken
	if err := Compare(t.Context(), cut, exported); !errors.As(err, &b) || b.Seq != 16 {
		t.Errorf("a log that was cut: %v, want event 16", err)
	}
	for len(cut.events) < 25 {
		cut.append(Event{Organization: "acme", Action: Created, Target: Target{Type: TargetGroup}})
	}
	if err := Compare(t.Context(), cut, exported); !errors.As(err, &b) || b.Seq != 20 {
		t.Errorf("a log that was cut and written on: %v, want event 20", err)
	}
	m.state.Checkpoint.Anchor = Anchor{21, m.events[20].Hash}
	if err := Compare(t.Context(), m, exported); !errors.Is(err, ErrPruned) {
		t.Errorf("a log pruned beyond it: %v", err)
	}
}

func TestFile_IsVerifiedByItself(t *testing.T) {
	m := chained(50)
	var file bytes.Buffer
	head, err := WriteFile(t.Context(), m, &file, nil)
	if err != nil || !head.Equal(m.state.Head) {
		t.Fatalf("head %v, %v", head, err)
	}
	seek := Anchor{20, m.events[19].Hash}
	v, err := VerifyFile(bytes.NewReader(file.Bytes()), seek)
	if diff := cmp.Diff(Verified{After: Start(), Head: m.state.Head, SeekFound: true}, v,
		cmpopts.IgnoreUnexported(v)); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if v, err := VerifyFile(bytes.NewReader(file.Bytes()), Anchor{20, Genesis()}); err != nil || v.SeekFound {
		t.Errorf("an anchor that is not in it: seen %v, %v", v.SeekFound, err)
	}
}

func TestFile_TamperingIsFound(t *testing.T) {
	m := chained(50)
	var file bytes.Buffer
	if _, err := WriteFile(t.Context(), m, &file, nil); err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(file.String(), "\n") // start, 50 events, end, ""
	for name, tamper := range map[string]func(l []string) []string{
		"edited":         func(l []string) []string { l[30] = strings.Replace(l[30], "ada", "eve", 1); return l },
		"removed":        func(l []string) []string { return slices.Delete(l, 30, 31) },
		"reordered":      func(l []string) []string { l[30], l[31] = l[31], l[30]; return l },
		"no hash":        func(l []string) []string { l[30] = `{"seq":30}` + "\n"; return l },
		"no JSON":        func(l []string) []string { l[30] = "x\n"; return l },
		"truncated":      func(l []string) []string { return l[:30] },
		"cut and closed": func(l []string) []string { return append(l[:30], l[51]) },
		"cut in a line":  func(l []string) []string { l[30] = l[30][:40]; return l[:31] },
		"longer":         func(l []string) []string { return append(l, l[50]) },
		"another start":  func(l []string) []string { l[0] = strings.Replace(l[0], `"seq":0`, `"seq":3`, 1); return l },
		"beheaded":       beheaded(m, 20),
		"a member twice": func(l []string) []string { l[30] = strings.Replace(l[30], `{`, `{"actorName":"Eve",`, 1); return l },
		"one member more": func(l []string) []string {
			l[30] = strings.Replace(l[30], `,"hash"`, `,"note":"x","hash"`, 1)
			return l
		},
		"spelled otherwise":  func(l []string) []string { l[30] = strings.Replace(l[30], `"actorName"`, `"ActorName"`, 1); return l },
		"escaped otherwise":  func(l []string) []string { l[30] = strings.Replace(l[30], "ada", `\u0061da`, 1); return l },
		"another first hash": anotherFirstHash,
	} {
		text := strings.Join(tamper(slices.Clone(lines)), "")
		if v, err := VerifyFile(strings.NewReader(text), Anchor{}); err == nil {
			t.Errorf("%s: not found, %+v", name, v)
		}
	}
	if _, err := VerifyFile(strings.NewReader(`{"format":"another"}`), Anchor{}); err == nil {
		t.Error("another kind of file is accepted")
	}
}

// beheaded cuts off the first events and begins the file after them, with their true hash.
func beheaded(m *memory, n int) func(l []string) []string {
	return func(l []string) []string {
		first := fmt.Sprintf(`{"format":%q,"after":{"seq":%d,"hash":"%x"}}`, fileFormat, n, m.events[n-1].Hash)
		return append([]string{first + "\n"}, l[n+1:]...)
	}
}

// anotherFirstHash writes a whole chain of its own that begins with another hash than every log.
func anotherFirstHash([]string) []string {
	m := chained(0)
	m.state.Head.Hash = bytes.Repeat([]byte{1}, 32)
	m.state.Checkpoint.Hash = m.state.Head.Hash
	m.append(Event{Organization: "acme", Action: Created, Target: Target{Type: TargetGroup}})
	var file strings.Builder
	_, _ = WriteFile(context.Background(), m, &file, nil) // into memory, so it cannot fail
	return []string{file.String()}
}

func TestFile_OfAPrunedLogNeedsTheEventThatSignsForIt(t *testing.T) {
	m := chained(30)
	last := m.events[9]
	c := Checkpoint{Anchor: Anchor{last.Seq, last.Hash}, Time: last.Time, SignedBy: 31}
	text, err := c.sign(10, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	m.append(Did(actor.OfSystem("acme"), Pruned, Target{Type: TargetAuditLog, Name: "Audit log"}).Changed("", text))
	m.events, m.state.Checkpoint = m.events[10:], c
	var file strings.Builder
	if _, err := WriteFile(t.Context(), m, &file, nil); err != nil {
		t.Fatal(err)
	}
	v, err := VerifyFile(strings.NewReader(file.String()), Anchor{})
	if err != nil || v.After.Seq != 10 || v.Head.Seq != 31 {
		t.Errorf("%+v, %v", v, err)
	}
	// The same file from two events later on: the event signs for another place.
	lines := strings.SplitAfter(file.String(), "\n")
	lines = append([]string{fmt.Sprintf(`{"format":%q,"after":{"seq":12,"hash":"%x"}}`+"\n", fileFormat, m.events[1].Hash)}, lines[3:]...)
	var b *Broken
	if _, err := VerifyFile(strings.NewReader(strings.Join(lines, "")), Anchor{}); !errors.As(err, &b) || b.Seq != 13 {
		t.Errorf("cut off beyond what is signed for: %v, want event 13", err)
	}
}

func TestVerify_TellsReplacementCharactersFromWhatTheyReplace(t *testing.T) {
	m := chained(2)
	m.append(Event{Organization: "acme", Action: Created, Target: Target{Type: TargetGroup, Name: "half \uFFFD"}})
	m.events[2].Target.Name = "half \xc3"
	if b := broken(t, m); b == nil || b.Seq != 3 {
		t.Errorf("found %v, want event 3", b)
	}
}

func TestClean_KeepsWhatEveryEngineCanKeep(t *testing.T) {
	e := Event{Target: Target{Name: "a\x00b\xff"}, Origin: actor.Origin{UserAgent: "é"[:1]}, ActorName: "Zoë"}.Clean()
	if e.Target.Name != "a\uFFFDb\uFFFD" || e.Origin.UserAgent != "\uFFFD" || e.ActorName != "Zoë" {
		t.Errorf("%q %q %q", e.Target.Name, e.Origin.UserAgent, e.ActorName)
	}
}

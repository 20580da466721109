package audit

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func newKey(t *testing.T) Key {
	t.Helper()
	k, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// signedEvery is a log of n events whose heads were signed after each step of them.
func signedEvery(t *testing.T, k Key, n, step int) *memory {
	t.Helper()
	m := chained(n)
	for seq := step; seq <= n; seq += step {
		m.heads = append(m.heads, k.Sign(Anchor{int64(seq), m.events[seq-1].Hash}, at(seq)))
	}
	return m
}

// forge changes an event and writes the chain again from there, as somebody with the database can.
func (m *memory) forge(seq int, change func(e *Event)) {
	for i := seq - 1; i < len(m.events); i++ {
		e := &m.events[i]
		if i == seq-1 {
			change(e)
		}
		if i > 0 {
			e.PrevHash = m.events[i-1].Hash
		}
		e.Hash = e.Sum()
	}
	last := m.events[len(m.events)-1]
	m.state.Head = Anchor{last.Seq, last.Hash}
}

// cut removes the events from seq on, with a record of the head that matches.
func (m *memory) cut(seq int) {
	m.events = m.events[:seq-1]
	m.state.Head = Anchor{int64(seq - 1), m.events[seq-2].Hash}
}

func TestCheckHeads_FindsAForgedChain(t *testing.T) {
	key, eve := newKey(t), newKey(t)
	another := func(e *Event) { e.ActorID, e.ActorName = "bo", "Bo" }
	long := func(m *memory) { m.forge(30, func(e *Event) { e.Time = e.Time.Add(time.Hour) }) }
	elsewhere := signedEvery(t, key, 30, 5).heads
	// What concerns only heads that a file leaves out, because newer ones cover them.
	older := []string{"a signature is moved to another event", "the time of a signature is changed"}
	for name, c := range map[string]struct {
		do   func(m *memory)
		kept []SignedHead
		want string // "" means that it is not found
	}{
		"as it was written":                     {func(*memory) {}, nil, ""},
		"an event is changed, all hashes again": {func(m *memory) { m.forge(7, another) }, nil, "event 10 is not the event"},
		"the last signed event is changed":      {func(m *memory) { m.forge(30, another) }, nil, "event 30"},
		"the same, and the heads are deleted":   {func(m *memory) { m.forge(7, another); m.heads = nil }, nil, "no head that is signed"},
		"the same, signed with another key":     {func(m *memory) { m.forge(7, another); m.resign(eve) }, nil, "no head that is signed"},
		"the same, in the name of the known key": {func(m *memory) { m.forge(7, another); m.rename(key) }, nil,
			"event 5 has a head whose signature is not of key"},
		"only the heads behind it are deleted": {func(m *memory) { m.forge(12, another); long(m); m.heads = m.heads[:2] },
			nil, "event 11 is not covered"},
		"the newest are cut off, heads stay":      {func(m *memory) { m.cut(22) }, nil, "event 25 is missing"},
		"the newest are cut off with their heads": {func(m *memory) { m.cut(22); m.heads = m.heads[:4] }, nil, ""},
		"the same, but heads were kept elsewhere": {func(m *memory) { m.cut(22); m.heads = m.heads[:4] }, elsewhere, "event 25 is missing"},
		"changed without heads, some kept":        {func(m *memory) { m.forge(7, another); m.heads = m.heads[:1] }, elsewhere, "event 10 is not"},
		"a signature is moved to another event":   {func(m *memory) { m.heads[1].Seq = 11 }, nil, "event 11 has a head whose signature"},
		"a signature names a next key": {func(m *memory) { m.heads[1].Next = eve.Public() }, nil,
			"event 10 has a head whose signature"},
		"all events are deleted, and all heads": {func(m *memory) { *m = *chained(0) }, nil, "no head that is signed"},
		"a head of a stranger is put between": {func(m *memory) {
			m.heads = slices.Insert(m.heads, 1,
				eve.Sign(Anchor{6, Genesis()}, at(1)))
		}, nil, ""},
		"the time of a signature is changed": {func(m *memory) { m.heads[2].Time = at(99) }, nil, "event 15 has a head whose signature"},
		"a stranger's head does not cover the tail": {func(m *memory) {
			m.heads = m.heads[:1]
			long(m)
			m.heads = append(m.heads, eve.Sign(m.state.Head, at(99)))
		}, nil, "event 6 is not covered"},
	} {
		t.Run(name, func(t *testing.T) {
			m := signedEvery(t, key, 30, 5)
			c.do(m)
			if b := broken(t, m); b != nil {
				t.Fatalf("the chain shows it by itself: %v", b)
			}
			trust := Trust{Keys: []ed25519.PublicKey{key.Public()}, Required: true, Heads: c.kept}
			_, err := CheckHeads(t.Context(), m, trust)
			wantFound(t, err, c.want)
			// An export that somebody makes of the forged log shows the same.
			var file bytes.Buffer
			if _, err := WriteFile(t.Context(), m, &file, nil); err != nil {
				t.Fatal(err)
			}
			v, err := VerifyFile(&file, Anchor{}, c.kept...)
			if err != nil {
				t.Fatal(err)
			}
			if _, err = v.CheckHeads(trust); (err == nil) != (c.want == "" || slices.Contains(older, name)) {
				t.Errorf("in a file: %v, want %q", err, c.want)
			}
		})
	}
}

// resign replaces all signatures by those of another key.
func (m *memory) resign(k Key) {
	for i, h := range m.heads {
		m.heads[i] = k.Sign(Anchor{h.Seq, m.events[h.Seq-1].Hash}, h.Time)
	}
}

// rename makes up heads in the name of a key that it does not have.
func (m *memory) rename(k Key) {
	other, _ := NewKey()
	m.resign(other)
	for i := range m.heads {
		m.heads[i].Key = k.ID()
	}
}

func wantFound(t *testing.T, err error, want string) {
	t.Helper()
	if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
		t.Errorf("found %v, want %q", err, want)
	}
}

func TestSigner_DoesNotSignWhatDoesNotContinueItsLastHead(t *testing.T) {
	another := func(e *Event) { e.ActorID = "bo" }
	for name, c := range map[string]struct {
		do   func(m *memory)
		want string
	}{
		"a log that grew":                   {func(m *memory) { m.append(m.events[0]) }, ""},
		"a signed event is changed":         {func(m *memory) { m.forge(7, another) }, "event 30 is not the event"},
		"the same, and heads are deleted":   {func(m *memory) { m.forge(7, another); m.heads = nil }, "event 30 is not the event"},
		"signed events are cut off":         {func(m *memory) { m.cut(28); m.heads = nil }, "event 30 is missing"},
		"a new event is changed, no hashes": {func(m *memory) { m.append(m.events[0]); m.events[30].ActorID = "bo" }, "event 31"},
		"an own head is garbled": {func(m *memory) { m.heads[len(m.heads)-1].Signature = []byte("x") },
			"event 30 has a head whose signature"},
	} {
		for _, restarted := range []bool{false, true} {
			key := newKey(t)
			m, kept := signedEvery(t, key, 30, 5), &pocket{}
			signer := NewSigner(key, kept, nil)
			h, err := signer.head(t.Context(), m, m.state, at(100))
			if err != nil || !h.Equal(m.state.Head) {
				t.Fatal(h, err)
			}
			if err := signer.keep(h); err != nil {
				t.Fatal(err)
			}
			if restarted {
				signer = NewSigner(key, kept, nil)
			}
			if err := signer.recall(); err != nil {
				t.Fatal(err)
			}
			c.do(m)
			h, err = signer.head(t.Context(), m, m.state, at(101))
			wantFound(t, err, c.want)
			if err == nil && (!h.signedBy(key.Public()) || !h.Equal(m.state.Head)) {
				t.Errorf("%s, restarted %v: the head is %+v", name, restarted, h)
			}
		}
	}
}

// pocket is a memory without a file.
type pocket struct{ h SignedHead }

func (p *pocket) Last() (SignedHead, bool, error) { return p.h, p.h.Seq > 0, nil }
func (p *pocket) Keep(h SignedHead) error         { p.h = h; return nil }

func TestSigner_SignsNothingOfALogThatWasBrokenBefore(t *testing.T) {
	m := chained(30)
	m.events[7].ActorID = "bo"
	h, err := NewSigner(newKey(t), nil, nil).head(t.Context(), m, m.state, at(0))
	if wantFound(t, err, "event 8"); h.Seq != 0 {
		t.Errorf("signed %+v", h)
	}
}

func TestCheckHeads_FollowsAKeyToTheNextOne(t *testing.T) {
	first, second, eve := newKey(t), newKey(t), newKey(t)
	rotated := func() *memory {
		m := signedEvery(t, first, 30, 5)
		m.append(m.events[0])
		m.heads = append(m.heads, first.replace(m.state.Head, at(50), second.Public()), second.Sign(m.state.Head, at(50)))
		m.append(m.events[0])
		m.heads = append(m.heads, second.Sign(m.state.Head, at(51)))
		return m
	}
	check := func(m *memory, keys ...Key) (Covered, error) {
		trust := Trust{Required: true}
		for _, k := range keys {
			trust.Keys = append(trust.Keys, k.Public())
		}
		return CheckHeads(t.Context(), m, trust)
	}
	for name, keys := range map[string][]Key{"old": {first}, "new": {second}, "both": {first, second}} {
		if c, err := check(rotated(), keys...); err != nil || c.Last.Key != second.ID() || c.Unsigned != 0 {
			t.Errorf("%s key known: %+v, %v", name, c, err)
		}
	}
	m := rotated()
	m.append(m.events[0])
	m.heads = append(m.heads, first.Sign(m.state.Head, at(52)))
	_, err := check(m, first)
	wantFound(t, err, "was replaced at event 31")
	// Somebody puts a key of their own there.
	m = rotated()
	m.heads[6] = eve.replace(m.heads[6].Anchor, at(50), eve.Public())
	m.heads[6].Key = first.ID()
	_, err = check(m, first)
	wantFound(t, err, "event 31 has a head whose signature is not of key")
	m = rotated()
	if _, err := NewSigner(first, nil, nil).head(t.Context(), m, m.state, at(60)); !errors.Is(err, errReplaced) {
		t.Errorf("the old key still signs: %v", err)
	}
	// An export keeps what leads from key to key.
	var file bytes.Buffer
	if _, err := WriteFile(t.Context(), rotated(), &file, NewSigner(second, nil, nil)); err != nil {
		t.Fatal(err)
	}
	v, err := VerifyFile(&file, Anchor{})
	if err != nil || len(v.Signed) != 2 {
		t.Fatalf("%d heads, %v", len(v.Signed), err)
	}
	if c, err := v.CheckHeads(Trust{Keys: []ed25519.PublicKey{first.Public()}, Required: true}); err != nil || c.Unsigned != 0 {
		t.Errorf("the export with the old key: %+v, %v", c, err)
	}
}

func TestSignedHead_IsALineThatOtherToolsCanCheck(t *testing.T) {
	key := newKey(t)
	h := key.replace(Anchor{7, bytes.Repeat([]byte{0xab}, 32)}, at(1), key.Public())
	line, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	body, _, found := strings.Cut(string(line), `,"signature":"`)
	if !found || !ed25519.Verify(key.Public(), []byte(body+"}"), h.Signature) {
		t.Errorf("the line without its last member is not what was signed: %s", line)
	}
	cut := line[:len(line)-9]
	heads, unreadable := ReadHeads(fmt.Appendf(nil, "%s\n\n%s\n%s\n{}\n", line, cut, line))
	if len(heads) != 2 || unreadable != 2 || !heads[1].signedBy(key.Public()) {
		t.Errorf("read %d heads, %d lines unreadable", len(heads), unreadable)
	}
}

func TestKey_PrintsNothingSecret(t *testing.T) {
	key := newKey(t)
	secret, err := key.PEM()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseKey(secret)
	if err != nil || again.ID() != key.ID() {
		t.Errorf("parsed as %v, %v", again, err)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, key); text != "audit key "+key.ID() {
			t.Errorf("%s prints %q", format, text)
		}
	}
	public, err := PublicPEM(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	if keys, err := ParsePublicKeys(append(public, public...)); err != nil || len(keys) != 2 || KeyID(keys[0]) != key.ID() {
		t.Errorf("%v, %v", keys, err)
	}
	if _, err := ParsePublicKeys(secret); err == nil || strings.Contains(err.Error(), string(secret[30:60])) {
		t.Errorf("a private key as a public one: %v", err)
	}
}

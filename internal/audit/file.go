package audit

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"
)

// An exported file is JSON Lines. The first line says where in the chain it begins and the last
// one where it ends. Each line between is an event: the members of its canonical form in their
// order, then "hash". That is SHA-256 of the previous hash followed by the line without its last
// member, so the file can be verified by itself.

// fileFormat is the format that the first line names.
const fileFormat = "latchkey-audit-log/1"

type fileStart struct {
	Format string       `json:"format"`
	After  fileAnchor   `json:"after"`
	Signed []SignedHead `json:"signed,omitempty"` // earlier versions pass over it
}

type fileEnd struct {
	Head *fileAnchor `json:"head"`
}

type fileAnchor struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"`
}

func (a fileAnchor) anchor() (Anchor, error) {
	hash, err := hex.DecodeString(a.Hash)
	if err != nil || len(hash) != len(Genesis()) || a.Seq < 0 {
		return Anchor{}, errors.New("it does not say at which event and hash")
	}
	return Anchor{a.Seq, hash}, nil
}

func toFile(a Anchor) fileAnchor { return fileAnchor{a.Seq, hex.EncodeToString(a.Hash)} }

type fileEvent struct {
	canonical
	Hash string `json:"hash"`
}

// Line returns e as one line of JSON without the newline: its canonical form and the hash.
func Line(e Event) ([]byte, error) {
	return json.Marshal(fileEvent{canonicalOf(e), hex.EncodeToString(e.Hash)})
}

// WriteFile writes the whole log to w, as it is when the call begins, and returns the head that
// the file ends with. It contains the newest signed head of each key, and if signer is not nil, a
// new one for its own head. Keep the file or its head: comparing the log with them shows whether newer
// events were cut off. The error is a [*Broken] if an event is missing or does not continue the one
// before, and [ErrPrunedMeanwhile] if a server has pruned what was still to be written. After an error
// w does not hold a valid file. src is not in use while WriteFile writes to w, so w may be slow.
func WriteFile(ctx context.Context, src Source, w io.Writer, signer *Signer) (Anchor, error) {
	if signer != nil {
		if err := signer.recall(); err != nil {
			return Anchor{}, err
		}
	}
	// The heads come before the state, so that the file holds their events, unless these are cut off.
	signed, err := headsOfFile(ctx, src)
	if err != nil {
		return Anchor{}, err
	}
	state, err := src.AuditState(ctx)
	if err != nil {
		return Anchor{}, err
	}
	if signed, err = withOwn(ctx, src, state, signed, signer); err == nil {
		err = writeFile(ctx, src, state, w, signed)
	}
	var broken *Broken
	if errors.As(err, &broken) {
		if now, stateErr := src.AuditState(ctx); stateErr == nil && now.Checkpoint.Seq != state.Checkpoint.Seq {
			err = ErrPrunedMeanwhile
		}
	}
	return state.Head, err
}

// writeFile writes the events between the checkpoint and the head of state.
func writeFile(ctx context.Context, src Source, state State, w io.Writer, signed []SignedHead) error {
	out := bufio.NewWriterSize(w, 1<<16)
	lines := json.NewEncoder(out)
	if err := lines.Encode(fileStart{fileFormat, toFile(state.Checkpoint.Anchor), signed}); err != nil {
		return err
	}
	chain := NewChain(state.Checkpoint.Anchor)
	for chain.Last().Seq < state.Head.Seq {
		after := chain.Last().Seq
		events, err := src.EventsAfter(ctx, after, int(min(1000, state.Head.Seq-after)))
		if err != nil {
			return err
		}
		if len(events) == 0 {
			return &Broken{Seq: after + 1, Why: fmt.Sprintf("is missing: %d events were written", state.Head.Seq)}
		}
		for _, e := range events {
			if err := chain.link(e); err != nil {
				return err
			}
			chain.last = Anchor{e.Seq, e.Hash}
			if err := lines.Encode(fileEvent{canonicalOf(e), hex.EncodeToString(e.Hash)}); err != nil {
				return err
			}
		}
	}
	if !chain.Last().Equal(state.Head) {
		return &Broken{Seq: state.Head.Seq, Why: "is not the event that was written last"}
	}
	head := toFile(state.Head)
	return errors.Join(lines.Encode(fileEnd{&head}), out.Flush())
}

// headsOfFile returns what a file holds of the signed heads: those that name the next key, and the
// newest of each key.
func headsOfFile(ctx context.Context, src Source) ([]SignedHead, error) {
	var chosen []SignedHead
	newest := map[string]int{} // places in chosen
	for after := int64(0); ; {
		heads, last, err := src.SignedHeads(ctx, after, headsPerQuery)
		if err != nil {
			return nil, err
		}
		if len(heads) == 0 {
			return chosen, nil
		}
		for _, h := range heads {
			if i, ok := newest[h.Key]; ok && chosen[i].Next == nil {
				chosen[i] = h
			} else {
				newest[h.Key], chosen = len(chosen), append(chosen, h)
			}
		}
		after = last
	}
}

// withOwn adds a head of state that signer signs, if it is not nil and has not signed that one.
func withOwn(ctx context.Context, src Source, state State, signed []SignedHead, signer *Signer) ([]SignedHead, error) {
	if signer == nil {
		return signed, nil
	}
	h, err := signer.head(ctx, src, state, time.Now())
	same := func(other SignedHead) bool { return other.Key == h.Key && other.Seq == h.Seq }
	if err != nil || h.Seq == 0 || slices.ContainsFunc(signed, same) {
		return signed, err
	}
	return append(signed, h), nil
}

// Verified is what [VerifyFile] found in a file.
type Verified struct {
	After     Anchor // where it begins: the last event that is not in it
	Head      Anchor // where it ends
	SeekFound bool   // whether the anchor to look for is on the way
	Signed    []SignedHead
	Late      int64 // see State.Late

	places   map[int64]place // where signed heads are, and where the file begins
	lastLine []byte          // of the last event
}

// place is an event of a file.
type place struct {
	hash []byte
	next time.Time // of the event that follows
}

// VerifyFile follows the chain in a file, and looks for the anchor seek on the way, for example
// the head of an older file. A file that begins after the log's first event must contain the event
// that signs for the pruning. It does not check signatures: [Verified.CheckHeads] does, with the
// heads that are given here as well. The error is a [*Broken] for a chain that does not hold, and another
// error for a file that [WriteFile] did not write.
func VerifyFile(r io.Reader, seek Anchor, heads ...SignedHead) (Verified, error) {
	lines := bufio.NewReaderSize(r, 1<<16)
	text, err := readLine(lines)
	var start fileStart
	if err != nil || json.Unmarshal(text, &start) != nil || start.Format != fileFormat {
		return Verified{}, errors.New("this is not an exported audit log")
	}
	var v Verified
	if v.After, err = start.After.anchor(); err != nil {
		return v, fmt.Errorf("the file does not say where it begins: %w", err)
	}
	v.Signed, v.places = start.Signed, map[int64]place{v.After.Seq: {hash: v.After.Hash}}
	for _, h := range slices.Concat(start.Signed, heads) {
		if h.Seq > v.After.Seq {
			v.places[h.Seq] = place{} // until its event comes
		}
	}
	// The hash before the first event is always the same, so no event has to sign for it.
	chain, signed := NewChain(v.After), v.After.Equal(Start())
	for {
		v.Head = chain.Last()
		v.SeekFound = v.SeekFound || v.Head.Equal(seek)
		text, err := readLine(lines)
		if err != nil {
			return v, &Broken{Seq: v.Head.Seq + 1, Why: "is missing: the file ends before the line that says where the log ends"}
		}
		var end fileEnd
		if bytes.HasPrefix(text, []byte(`{"head":`)) && json.Unmarshal(text, &end) == nil && end.Head != nil {
			if err := checkEnd(lines, v.Head, *end.Head); err != nil || signed {
				return v, err
			}
			return v, &Broken{Seq: v.After.Seq + 1, Why: "is where the file begins, and no event in it signs for pruning what was before"}
		}
		if err := chain.nextLine(text); err != nil {
			return v, err
		}
		v.pass(chain.Last(), text)
		v.Late = chain.versions.late
		signed = signed || signs(text, v.After)
	}
}

// pass notes what [Verified.CheckHeads] needs of an event, which has the line.
func (v *Verified) pass(a Anchor, line []byte) {
	var e fileEvent
	before, follows := v.places[a.Seq-1]
	if _, wanted := v.places[a.Seq]; wanted {
		v.places[a.Seq] = place{hash: a.Hash}
	}
	if follows && json.Unmarshal(line, &e) == nil {
		before.next = e.event().Time
		v.places[a.Seq-1] = before
	}
	v.lastLine = line
}

// lastTime returns the time of the last event.
func (v *Verified) lastTime() time.Time {
	var e fileEvent
	if json.Unmarshal(v.lastLine, &e) != nil {
		return time.Time{}
	}
	return e.event().Time
}

// readLine reads a line of any length.
func readLine(r *bufio.Reader) ([]byte, error) {
	text, err := r.ReadBytes('\n')
	if err != nil && len(text) == 0 {
		return nil, err
	}
	return bytes.TrimSpace(text), nil
}

// nextLine checks the event of a line. It hashes the bytes of the line, not what it parsed from
// them: so everything that a reader of the file sees is covered by the hash.
func (c *Chain) nextLine(text []byte) error {
	unreadable := &Broken{Seq: c.last.Seq + 1, Why: "cannot be read"}
	body, hash, ok := cutHash(text)
	seq, id, named := seqAndID(text)
	if !ok || !named || !json.Valid(text) {
		return unreadable
	}
	e := Event{Seq: seq, ID: id, PrevHash: c.last.Hash, Hash: hash}
	if err := c.link(e); err != nil {
		return err
	}
	sum := sha256.New()
	sum.Write(e.PrevHash)
	sum.Write(body)
	sum.Write([]byte("}"))
	if !bytes.Equal(sum.Sum(nil), hash) {
		return altered(e)
	}
	c.last = Anchor{e.Seq, e.Hash}
	c.versions.count(bytes.Contains(body, []byte(`,"clockTime":"`))) // quotes in texts are escaped
	return nil
}

// seqAndID returns the number and the id with which a line begins.
func seqAndID(line []byte) (seq int64, id string, ok bool) {
	rest, ok := bytes.CutPrefix(line, []byte(`{"seq":`))
	digits, rest, found := bytes.Cut(rest, []byte(`,"id":"`))
	name, _, ended := bytes.Cut(rest, []byte(`"`))
	seq, err := strconv.ParseInt(string(digits), 10, 64)
	return seq, string(name), ok && found && ended && err == nil
}

// signs reports whether the event of a line signs for pruning everything up to after.
func signs(line []byte, after Anchor) bool {
	var e fileEvent
	return bytes.Contains(line, []byte(`"action":"`+Pruned+`"`)) && json.Unmarshal(line, &e) == nil &&
		Checkpoint{Anchor: after}.signedBy(e.event())
}

// cutHash returns a line without its last member, the hash, and that hash. With a "}" at its end
// the body is the canonical form.
func cutHash(line []byte) (body, hash []byte, ok bool) {
	const member, end = `,"hash":"`, `"}`
	body, rest, ok := bytes.Cut(line[max(0, len(line)-len(member)-2*sha256.Size-len(end)):], []byte(member))
	if text, closed := bytes.CutSuffix(rest, []byte(end)); ok && closed && len(body) == 0 {
		hash, err := hex.DecodeString(string(text))
		return line[:len(line)-len(member)-len(rest)], hash, err == nil && len(hash) == sha256.Size
	}
	return nil, nil, false
}

// checkEnd checks that the file's last line names the last event, and that nothing follows it.
func checkEnd(lines *bufio.Reader, last Anchor, end fileAnchor) error {
	head, err := end.anchor()
	switch {
	case err != nil:
		return fmt.Errorf("the file does not say where it ends: %w", err)
	case head.Seq > last.Seq:
		return &Broken{Seq: last.Seq + 1, Why: fmt.Sprintf("is missing: %d events were exported", head.Seq)}
	case !head.Equal(last):
		return &Broken{Seq: last.Seq, Why: "is not the event that the file says it ends with"}
	}
	if _, err := lines.ReadByte(); err == nil {
		return errors.New("the file goes on after the line that ends it")
	}
	return nil
}

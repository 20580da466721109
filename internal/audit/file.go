package audit

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// The exported file is JSON Lines. The first line says where it begins, the last one where
// it ends, and each line between is an event: the members of its canonical form in their
// order, then "hash". SHA-256 over the previous hash and the line without its last member
// is that hash, so the file can be verified by itself.

// fileFormat is in the first line.
const fileFormat = "latchkey-audit-log/1"

type fileStart struct {
	Format string     `json:"format"`
	After  fileAnchor `json:"after"`
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
		return Anchor{}, errors.New("a hash in it is not one")
	}
	return Anchor{a.Seq, hash}, nil
}

func toFile(a Anchor) fileAnchor { return fileAnchor{a.Seq, hex.EncodeToString(a.Hash)} }

type fileEvent struct {
	canonical
	Hash string `json:"hash"`
}

// Line is e as one line of JSON without its end: the canonical form and the hash.
func Line(e Event) ([]byte, error) {
	return json.Marshal(fileEvent{canonicalOf(e), hex.EncodeToString(e.Hash)})
}

// WriteFile writes the whole log, as it was when it began, and returns the head that the file
// ends with. Keep that head, or the file: what is cut off the log later shows against it.
func WriteFile(ctx context.Context, src Source, w io.Writer) (Anchor, error) {
	state, err := src.AuditState(ctx)
	if err != nil {
		return Anchor{}, err
	}
	out := bufio.NewWriterSize(w, 1<<16)
	lines := json.NewEncoder(out)
	if err := lines.Encode(fileStart{fileFormat, toFile(state.Checkpoint.Anchor)}); err != nil {
		return Anchor{}, err
	}
	for after := state.Checkpoint.Seq; after < state.Head.Seq; {
		events, err := src.EventsAfter(ctx, after, int(min(1000, state.Head.Seq-after)))
		if err != nil {
			return Anchor{}, err
		}
		if len(events) == 0 {
			return Anchor{}, &Broken{Seq: after + 1, Why: fmt.Sprintf("is missing: %d events were written", state.Head.Seq)}
		}
		for _, e := range events {
			if err := lines.Encode(fileEvent{canonicalOf(e), hex.EncodeToString(e.Hash)}); err != nil {
				return Anchor{}, err
			}
		}
		after = events[len(events)-1].Seq
	}
	head := toFile(state.Head)
	return state.Head, errors.Join(lines.Encode(fileEnd{&head}), out.Flush())
}

// Verified is what a file was found to hold.
type Verified struct {
	After Anchor // where it begins
	Head  Anchor // where it ends
	Seen  bool   // whether the anchor to look for is in it
}

// VerifyFile follows the chain in a file. seek is an anchor to look for on the way, for
// example the head of an older file; Verified.Seen tells whether it is there. The error is a
// [*Broken] for a chain that does not hold, and another for what is no such file.
func VerifyFile(r io.Reader, seek Anchor) (Verified, error) {
	lines := bufio.NewReaderSize(r, 1<<16)
	text, err := readLine(lines)
	var start fileStart
	if err != nil || json.Unmarshal(text, &start) != nil || start.Format != fileFormat {
		return Verified{}, errors.New("this is no exported audit log")
	}
	var v Verified
	if v.After, err = start.After.anchor(); err != nil {
		return v, fmt.Errorf("this is no exported audit log: %w", err)
	}
	chain := NewChain(v.After)
	for {
		v.Head = chain.Last()
		v.Seen = v.Seen || v.Head.Equal(seek)
		text, err := readLine(lines)
		if err != nil {
			return v, &Broken{Seq: v.Head.Seq + 1, Why: "is missing: the file ends without saying where the log ends"}
		}
		var end fileEnd
		if json.Unmarshal(text, &end) == nil && end.Head != nil {
			return v, endsWell(lines, v.Head, *end.Head)
		}
		if err := chain.nextLine(text); err != nil {
			return v, err
		}
	}
}

// readLine reads a line of any length.
func readLine(r *bufio.Reader) ([]byte, error) {
	text, err := r.ReadBytes('\n')
	if err != nil && len(text) == 0 {
		return nil, err
	}
	return bytes.TrimSpace(text), nil
}

// nextLine checks the event of a line.
func (c *Chain) nextLine(text []byte) error {
	unreadable := &Broken{Seq: c.last.Seq + 1, Why: "cannot be read"}
	var line fileEvent
	if json.Unmarshal(text, &line) != nil {
		return unreadable
	}
	hash, err := hex.DecodeString(line.Hash)
	if err != nil {
		return unreadable
	}
	e := line.event()
	e.PrevHash, e.Hash = c.last.Hash, hash
	return c.Next(e)
}

// endsWell checks the last line and that it is the last.
func endsWell(lines *bufio.Reader, last Anchor, said fileAnchor) error {
	head, err := said.anchor()
	switch {
	case err != nil:
		return err
	case head.Seq > last.Seq:
		return &Broken{Seq: last.Seq + 1, Why: fmt.Sprintf("is missing: %d events were exported", head.Seq)}
	case !head.Equal(last):
		return &Broken{Seq: last.Seq, Why: "is not the event that the file says it ends with"}
	}
	if _, err := lines.ReadByte(); err == nil {
		return errors.New("something follows the end of the file")
	}
	return nil
}

package signin

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// Breached is a file with the SHA-1 digests of passwords that are in breaches, sorted, one a line as
// HASH or HASH:COUNT: the format of Have I Been Pwned's download "ordered by hash". It is searched
// where it is and not loaded. It is safe for concurrent use.
type Breached struct {
	file *os.File
	size int64
}

// maxLine is more than a line has: 40 digits, a colon, a count and the end of the line.
const maxLine = 80

// samples is how many lines of a file are looked at when it is opened.
const samples = 64

// OpenBreached opens a file, and checks by samples that it is such a list.
func OpenBreached(path string) (*Breached, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	var b *Breached
	if err == nil {
		b = &Breached{file: file, size: info.Size()}
		err = b.looksSorted()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), file.Close())
	}
	return b, nil
}

// Close closes the file.
func (b *Breached) Close() error { return b.file.Close() }

// looksSorted returns an error unless lines from all parts of the file are digests in their order.
func (b *Breached) looksSorted() error {
	if b.size == 0 {
		return errors.New("the file is empty")
	}
	var before []byte
	for i := range int64(samples) {
		at := min(b.size-1, b.size/(samples-1)*i)
		_, _, digest, err := b.lineAt(0, at)
		if err != nil {
			return err
		}
		if bytes.Compare(before, digest) > 0 {
			return errors.New("the lines are not sorted by their hash")
		}
		before = digest
	}
	return nil
}

// Has reports whether the list has a password. After an error nothing is known about it.
func (b *Breached) Has(password string) (bool, error) {
	want := sha1.Sum([]byte(password))
	low, high := int64(0), b.size // the beginnings of lines, or the end of the file
	for low < high {
		start, end, digest, err := b.lineAt(low, low+(high-low)/2)
		if err != nil {
			return false, err
		}
		switch order := bytes.Compare(want[:], digest); {
		case order == 0:
			return true, nil
		case order < 0:
			high = start
		default:
			low = end
		}
	}
	return false, nil
}

// lineAt returns the line that the byte at an offset belongs to: where it begins, where the next one
// does, and its digest. No line that matters begins before low.
func (b *Breached) lineAt(low, at int64) (start, end int64, digest []byte, err error) {
	from := max(low, at-maxLine)
	var window [2 * maxLine]byte
	n, err := b.file.ReadAt(window[:min(int64(len(window)), b.size-from)], from)
	if err != nil && (!errors.Is(err, io.EOF) || from+int64(n) < b.size) {
		return 0, 0, nil, err
	}
	text, offset := window[:n], int(at-from)
	begin := bytes.LastIndexByte(text[:offset], '\n') + 1
	if begin == 0 && from > low {
		return 0, 0, nil, fmt.Errorf("a line before byte %d is too long", at)
	}
	length := bytes.IndexByte(text[begin:], '\n')
	switch {
	case length >= 0:
		end = from + int64(begin+length+1)
	case from+int64(n) == b.size:
		length, end = n-begin, b.size
	default:
		return 0, 0, nil, fmt.Errorf("the line at byte %d is too long", from+int64(begin))
	}
	line, _, _ := bytes.Cut(bytes.TrimRight(text[begin:begin+length], "\r"), []byte(":"))
	digest, err = hex.DecodeString(string(line))
	if err != nil || len(digest) != sha1.Size {
		return 0, 0, nil, fmt.Errorf("the line at byte %d does not begin with a SHA-1 hash", from+int64(begin))
	}
	return from + int64(begin), end, digest, nil
}

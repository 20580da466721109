package signin_test

import (
	"bufio"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/signin"
)

// hashes returns the sorted lines of passwords.
func hashes(format string, passwords ...string) []string {
	lines := make([]string, len(passwords))
	for i, p := range passwords {
		lines[i] = fmt.Sprintf(format, sha1.Sum([]byte(p)))
	}
	slices.Sort(lines)
	return lines
}

func listFile(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "breached.txt")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestBreached_FindsWhatIsInTheFile(t *testing.T) {
	var in []string
	for i := range 500 {
		in = append(in, fmt.Sprint("breached password ", i))
	}
	for _, n := range []int{1, 2, 3, 7, 500} {
		for _, format := range []string{"%X:1\n", "%X:52579\r\n", "%x\n"} {
			text := strings.Join(hashes(format, in[:n]...), "")
			for _, text := range []string{text, strings.TrimRight(text, "\r\n")} {
				list, err := signin.OpenBreached(listFile(t, text))
				if err != nil {
					t.Fatalf("%d lines of %q: %v", n, format, err)
				}
				for i, p := range in {
					if found, err := list.Has(p); found != (i < n) || err != nil {
						t.Errorf("%d lines of %q: %q is found: %v, %v", n, format, p, found, err)
					}
				}
				if err := list.Close(); err != nil {
					t.Error(err)
				}
				if _, err := list.Has(in[0]); err == nil {
					t.Error("a file that cannot be read answers")
				}
			}
		}
	}
}

func TestPasswordRule_RefusesBreachedPasswordsAndWhatItCannotCheck(t *testing.T) {
	list, err := signin.OpenBreached(listFile(t, strings.Join(hashes("%X:1\n", "a breached password", "another one"), "")))
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	rule := signin.NewPasswordRule(list, slog.New(slog.NewTextHandler(&log, nil)))
	if got := rule.Check("a breached password", signin.Holder{}); !strings.HasPrefix(got, "This password was found in a data breach.") {
		t.Errorf("a breached one: %q", got)
	}
	if got := rule.Check("a sound password", signin.Holder{}); got != "" {
		t.Errorf("another: %q", got)
	}
	if err := list.Close(); err != nil {
		t.Fatal(err)
	}
	if got := rule.Check("a sound password", signin.Holder{}); !strings.HasPrefix(got, "The password cannot be checked") ||
		!strings.Contains(log.String(), "breached") || strings.Contains(log.String(), "sound") {
		t.Errorf("without the file: %q, %q", got, log.String())
	}
}

func TestOpenBreached_RefusesWhatIsNoList(t *testing.T) {
	sorted := hashes("%X:1\n", strings.Split("abcdefghijklmnop", "")...)
	slices.Reverse(sorted)
	for name, text := range map[string]string{"empty": "", "words": "password\n123456\n", "another order": strings.Join(sorted, ""),
		"one long line": strings.Repeat("A", 500), "a blank line": "\n", "SHA-256": strings.Repeat("0", 64) + ":1\n"} {
		if _, err := signin.OpenBreached(listFile(t, text)); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	for _, path := range []string{t.TempDir(), filepath.Join(t.TempDir(), "missing")} {
		if _, err := signin.OpenBreached(path); err == nil {
			t.Errorf("%s was accepted", path)
		}
	}
}

// TestBreached_SearchesABigFile has 100 MB of digests that are sorted as they are made.
func TestBreached_SearchesABigFile(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 100 MB")
	}
	const lines = 2_300_000
	want := sha1.Sum([]byte("in the middle of it"))
	path := listFile(t, "")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	out, put := bufio.NewWriterSize(file, 1<<20), false
	var digest [sha1.Size]byte
	for i := range uint64(lines) {
		binary.BigEndian.PutUint64(digest[:], i*(^uint64(0)/lines))
		if !put && slices.Compare(want[:], digest[:]) < 0 {
			fmt.Fprintf(out, "%X:3\r\n", want)
			put = true
		}
		fmt.Fprintf(out, "%X:17\r\n", digest)
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	if info, err := file.Stat(); err != nil || info.Size() < 100_000_000 {
		t.Fatalf("%v, %v", info.Size(), err)
	}
	list, err := signin.OpenBreached(path)
	if err != nil {
		t.Fatal(err)
	}
	if found, err := list.Has("in the middle of it"); !found || err != nil {
		t.Errorf("found: %v, %v", found, err)
	}
	if found, err := list.Has("nowhere in it"); found || err != nil {
		t.Errorf("found: %v, %v", found, err)
	}
}

func FuzzBreached(f *testing.F) {
	f.Add("a\nb\nc", "b")
	f.Add("", "x")
	f.Fuzz(func(t *testing.T, passwords, sought string) {
		in := strings.Split(passwords, "\n")
		list, err := signin.OpenBreached(listFile(t, strings.Join(hashes("%X:1\n", in...), "")))
		if err != nil {
			t.Fatal(err)
		}
		defer list.Close()
		if found, err := list.Has(sought); found != slices.Contains(in, sought) || err != nil {
			t.Errorf("%q in %q: %v, %v", sought, in, found, err)
		}
	})
}

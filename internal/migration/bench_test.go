package migration_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"syscall"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/migration"
)

// writeLarge writes an export of about 50 MB: 10,000 members with two roles each, 50,000
// tokens, 5,000 resources of which 100 are locked.
// With part 10, a tenth of it.
func writeLarge(to io.Writer, part int) {
	w := bufio.NewWriter(to)
	defer w.Flush()
	fmt.Fprint(w, `{"format":"latchkey-legacy-export","version":1,"organization":{"id":"large","name":"Large"},"workspaces":[`)
	list(w, 20, func(i int) {
		fmt.Fprintf(w, `{"id":"ws-%d","name":"Workspace %d","data_privacy":{"members":["m-%d","m-%d"]}}`, i, i, i, i+100)
	})
	fmt.Fprint(w, `],"resources":[`)
	list(w, 5000/part, func(i int) {
		lock := ""
		if i%50 == 0 {
			lock = fmt.Sprintf(`,"lock":{"members":["m-%d","m-%d"]}`, i, i+1)
		}
		fmt.Fprintf(w, `{"id":"r-%d","workspace":"ws-%d","type":"source","name":"Source %d"%s}`, i, i%20, i, lock)
	})
	fmt.Fprint(w, `],"members":[`)
	list(w, 10000/part, func(i int) {
		fmt.Fprintf(w, `{"id":"m-%d","email":"m%d@large.example","name":"Member %d","org_role":"member","workspaces":[
			{"workspace":"ws-%d","role":"connections_editor"},{"workspace":"ws-%d","role":"connections_admin","grant_edit_access":true}]}`, i, i, i, i%20, (i+7)%20)
	})
	fmt.Fprint(w, `],"personal_tokens":[`)
	list(w, 49000/part, func(i int) {
		fmt.Fprintf(w, `{"id":"pat-%d","name":"token %d","owner":"m-%d","workspace":"ws-%d","scope":"read_write","created_at":"2024-04-05T06:07:08Z",
			"secret":"%s"}`, i, i, i%(10000/part), i%20, largeSecret(i))
	})
	fmt.Fprint(w, `],"service_tokens":[`)
	list(w, 1000/part, func(i int) {
		sum := sha256.Sum256(fmt.Appendf(nil, "service %d", i))
		fmt.Fprintf(w, `{"id":"sat-%d","name":"service %d","level":"workspace","workspace":"ws-%d","role":"connections_editor","created_at":"2024-04-05T06:07:08Z","sha256":"%s"}`,
			i, i, i%20, hex.EncodeToString(sum[:]))
	})
	fmt.Fprint(w, `]}`)
}

// largeSecret is a long one, as encoded ones of other systems are.
func largeSecret(i int) string { return fmt.Sprintf("legacy-%d-%0*d", i, 800, 7) }

// list writes n elements.
func list(w *bufio.Writer, n int, element func(i int)) {
	for i := range n {
		if i > 0 {
			w.WriteByte(',')
		}
		element(i)
	}
}

// counter counts what is read.
type counter struct {
	io.Reader
	bytes int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.bytes += int64(n)
	return n, err
}

// processorTime is what this process has used so far.
func processorTime(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// importLarge imports an export that is 1/part of the largest one, and returns how large it
// was, the processor time that it took, and the most memory in use while it was read.
func importLarge(b *bed, part int) (bytes int64, took time.Duration, peak uint64) {
	from, to := io.Pipe()
	go func() { writeLarge(to, part); to.Close() }()
	source := &counter{Reader: from}
	start, told := processorTime(b.t), 0
	_, err := b.Upload(b.t.Context(), b.admin, "large.json", source, func(n int) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		told, peak = n, max(peak, m.HeapAlloc)
	})
	b.must(err)
	if want := 65020 / part; told < want {
		b.t.Errorf("progress was told up to %d elements, want %d", told, want)
	}
	b.must(b.Import(b.t.Context(), b.admin, migration.WithPolicies))
	b.deploy()
	took = processorTime(b.t) - start
	if v, err := b.verify.Verify(b.t.Context(), largeSecret(10)); err != nil || v.Principal().Workspace == "" {
		b.t.Errorf("a token of the large file: %v", err)
	}
	return source.bytes, took, peak
}

// decodeLarge returns the processor time that encoding/json takes to read the same export ten
// times. It says what processor time is worth on this machine, whatever else runs there.
func decodeLarge(t testing.TB, part int) time.Duration {
	t.Helper()
	var file bytes.Buffer
	writeLarge(&file, part)
	start := processorTime(t)
	for range 10 {
		var whole any
		if err := json.Unmarshal(file.Bytes(), &whole); err != nil {
			t.Fatal(err)
		}
	}
	return processorTime(t) - start
}

// An import reads, decides, writes and deploys a tenth of 50 MB for less processor time than
// reading the file 200 times; 110 to 135 times were measured. The race detector costs many times as much: it gets a smaller
// file, and all the time that it wants.
func TestImport_OfFiveMegabytesIsQuickAndSmall(t *testing.T) {
	part := 10
	if raceDetector {
		part = 100
	}
	size, took, peak := importLarge(newBed(t, access.PlanEnterprise), part)
	if size < int64(45_000_000/part) {
		t.Errorf("the export has %d bytes only", size)
	}
	if limit := 20 * decodeLarge(t, part); took > limit && !raceDetector {
		t.Errorf("it took %v of processor time, more than %v, which is 200 times reading the file", took, limit)
	}
	if peak > 100e6 {
		t.Errorf("%d MB were in use while the file was read", peak/1e6)
	}
}

func BenchmarkImport_OfFiftyMegabytes(b *testing.B) {
	for b.Loop() {
		size, took, peak := importLarge(newBed(b, access.PlanEnterprise), 1)
		b.SetBytes(size)
		b.ReportMetric(took.Seconds(), "cpu-s/op")
		b.ReportMetric(float64(peak)/1e6, "peak-MB")
	}
}

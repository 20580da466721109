package main_test

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// BenchmarkColdStart starts the program on an existing database without an organization and waits for
// its first 200; rss-MB is what it holds then.
func BenchmarkColdStart(b *testing.B) {
	folder := b.TempDir()
	for b.Loop() {
		began := time.Now()
		cmd := exec.Command(binary, "serve", "--addr", "127.0.0.1:0", "--data", folder)
		var out lockedBuffer
		cmd.Stdout = &out
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		address := ""
		for address == "" {
			address = regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(out.String())
			if time.Since(began) > 10*time.Second {
				b.Fatal("it did not start")
			}
			time.Sleep(time.Millisecond)
		}
		resp, err := http.Get(address + "/sign-in")
		if err != nil || resp.StatusCode != http.StatusOK {
			b.Fatalf("the first page: %v %v", resp, err)
		}
		resp.Body.Close()
		b.ReportMetric(float64(time.Since(began).Milliseconds()), "last-ms")
		b.ReportMetric(residentMegabytes(b, cmd.Process.Pid), "rss-MB")
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			b.Fatal(err)
		}
	}
}

// residentMegabytes reads the resident memory of a process where the system tells it.
func residentMegabytes(tb testing.TB, pid int) float64 {
	tb.Helper()
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		tb.Fatalf("this system does not tell: %v", err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kilobytes, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	if err != nil {
		tb.Fatal(err)
	}
	return kilobytes / 1024
}

// lockedBuffer is output that one goroutine writes while another reads.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

package app

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// TestQuiet_ResetsNoConnectionThatIsThereAndRefusesLaterOnes holds that a connection which waits to be accepted is
// served, and that one which comes later is refused before it could send anything.
func TestQuiet_ResetsNoConnectionThatIsThereAndRefusesLaterOnes(t *testing.T) {
	var plain net.ListenConfig
	plain.SetMultipathTCP(false)
	listener, err := plain.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	waiting, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer waiting.Close()
	if _, err := io.WriteString(waiting, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	late := make(chan error, 1)
	server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	go func() {
		time.Sleep(quietFor / 2)
		go func() { _ = server.Serve(listener) }()
		conn, err := net.DialTimeout("tcp", listener.Addr().String(), 10*time.Second)
		if err == nil {
			_ = conn.Close()
		}
		late <- err
	}()
	if !quiet(listener) {
		t.Fatal("the kernel does not let it")
	}
	if err := server.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if resp, err := http.ReadResponse(bufio.NewReader(waiting), nil); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("the connection that waited: %v %v", resp, err)
	}
	if err := <-late; err == nil {
		t.Error("a connection was made while the listener was quiet")
	}
}

package app

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"latchkey/web/fast"
)

// TestEnd_LeavesNoServerBehind ends a server of each kind while each answers a request that goes on.
func TestEnd_LeavesNoServerBehind(t *testing.T) {
	asked := make(chan struct{})
	h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-t.Context().Done()
	})
	var served doors
	for _, server := range []door{{server: &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}},
		{server: fast.New(fast.Options{Handler: h, Base: t.Context(), Log: slog.New(slog.DiscardHandler), ReadHeader: time.Minute,
			Read: time.Minute, Write: time.Minute, Idle: time.Minute, MaxHeader: 8 << 10})}} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		server.listener = l
		served = append(served, server)
		go func() { _ = server.server.Serve(l) }()
	}
	answered := make(chan error, len(served))
	for _, d := range served {
		go func() {
			answer, err := http.Get("http://" + d.listener.Addr().String())
			if err == nil {
				err = answer.Body.Close()
			}
			answered <- err
		}()
		<-asked
	}
	if err := served.end(); err != nil {
		t.Error(err)
	}
	for _, d := range served {
		select {
		case err := <-answered:
			if err == nil {
				t.Error("a request was answered")
			}
		case <-time.After(10 * time.Second):
			t.Fatal("a request goes on")
		}
		if c, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", d.listener.Addr().String()); err == nil {
			t.Errorf("%T accepts a connection", d.server)
			_ = c.Close()
		}
	}
}

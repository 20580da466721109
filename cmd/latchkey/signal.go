package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"latchkey/internal/app"
)

// untilSignal returns a context that ends with the first SIGTERM or SIGINT, and a channel that is
// closed with the second. SIGINT comes from a terminal, so its cause is [app.ErrAtTerminal]. A third
// signal ends the process as if there were no handler.
func untilSignal(parent context.Context) (ctx context.Context, hurry <-chan struct{}, end func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals, again := make(chan os.Signal, 2), make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		var cause error
		if first := <-signals; first == os.Interrupt {
			cause = app.ErrAtTerminal
		}
		cancel(cause)
		<-signals
		signal.Reset(os.Interrupt, syscall.SIGTERM)
		close(again)
	}()
	return ctx, again, func() { cancel(nil) }
}

package app

import (
	"context"

	"latchkey/internal/metric"
)

// unready returns why the server cannot do its work, as one of [metric.Reasons], or "". What the database
// said is in the log only.
func (a *App) unready(ctx context.Context) string {
	if a.stopping.Load() {
		return metric.Stopping
	}
	for _, check := range []struct {
		reason string
		failed func(context.Context) error
	}{
		{metric.Unreachable, a.Store.Ping},
		{metric.Unreadable, a.Store.Readable},
		{metric.Unwritable, a.Store.Writable},
	} {
		if err := check.failed(ctx); err != nil {
			if ctx.Err() == nil {
				a.calm.ErrorContext(ctx, "not ready: "+unreadyText(check.reason), "error", err)
			}
			return check.reason
		}
	}
	return ""
}

// ready returns what [App.unready] does in words for the one that asks.
func (a *App) ready(ctx context.Context) string { return unreadyText(a.unready(ctx)) }

func unreadyText(reason string) string {
	switch reason {
	case "":
		return ""
	case metric.Stopping:
		return "the server is stopping"
	case metric.Unreadable:
		return "the database cannot be read"
	case metric.Unwritable:
		return "the database cannot be written to"
	}
	return "the database does not respond"
}

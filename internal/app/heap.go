package app

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// restEvery is how often a server looks whether its heap is at rest.
const restEvery = 20 * time.Second

// leastSpare is how many bytes are worth a collection.
const leastSpare = 4 << 20

// keepSmall gives memory that garbage holds back to the system whenever the heap has been at rest for a while, until
// ctx ends. Go keeps as much as the heap may grow to before it is collected, also in a process that has nothing to do:
// with a million tokens, 616 MB instead of 300 after the work of a first start, for as long as nobody came.
func keepSmall(ctx context.Context, every time.Duration) {
	look := time.NewTicker(every)
	defer look.Stop()
	for last := lookAtHeap(); ; {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
		now := lookAtHeap()
		if now.rests(last) {
			debug.FreeOSMemory()
			now = lookAtHeap()
		}
		last = now
	}
}

// heap is the state of the heap at one moment.
type heap struct {
	collections uint64 // that have ended since the process began
	live        uint64 // bytes that the last collection found alive
	spare       uint64 // bytes that the process holds beyond that: garbage, new objects, and free room
}

// rests reports whether nothing collected the heap since the last look, so that the server makes too little garbage for
// a collection more to matter, and whether it is worth one.
func (h heap) rests(last heap) bool {
	return h.collections == last.collections && h.spare > max(leastSpare, h.live/4)
}

func lookAtHeap() heap {
	found := []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/gc/heap/live:bytes"},
		{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/free:bytes"}}
	metrics.Read(found)
	h := heap{collections: found[0].Value.Uint64(), live: found[1].Value.Uint64()}
	h.spare = found[2].Value.Uint64() + found[3].Value.Uint64()
	h.spare -= min(h.spare, h.live)
	return h
}

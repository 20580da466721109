package app

import (
	"context"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"
)

func TestHeap_RestsIfNothingCollectsItAndItIsWorthACollection(t *testing.T) {
	const mb = 1 << 20
	for i, c := range []struct {
		now  heap
		want bool
	}{
		{heap{collections: 7, live: 8 * mb, spare: 5 * mb}, true},
		{heap{collections: 8, live: 8 * mb, spare: 5 * mb}, false}, // it was collected
		{heap{collections: 7, live: 8 * mb, spare: 3 * mb}, false}, // little
		{heap{collections: 7, live: 300 * mb, spare: 74 * mb}, false},
		{heap{collections: 7, live: 300 * mb, spare: 76 * mb}, true},
	} {
		if got := c.now.rests(heap{collections: 7}); got != c.want {
			t.Errorf("%d: %v", i, got)
		}
	}
}

// TestKeepSmall_GivesBackWhatAHeapAtRestDoesNotNeed makes garbage that stays until a collection.
func TestKeepSmall_GivesBackWhatAHeapAtRestDoesNotNeed(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	runtime.GC()
	before := lookAtHeap()
	for range 4096 {
		littered = make([]byte, 1<<16)
	}
	littered = nil
	const most = 128 << 20 // of 256
	if now := lookAtHeap(); now.spare < before.spare+most {
		t.Fatalf("only %d bytes of garbage after %d", now.spare, before.spare)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { keepSmall(ctx, 50*time.Millisecond) })
	for begin := time.Now(); lookAtHeap().spare > before.spare+most; time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("%d bytes are still held, %d before", lookAtHeap().spare, before.spare)
		}
	}
}

var littered []byte

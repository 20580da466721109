package app

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"testing"
	"time"
)

// keepingSmall looks at the heap every so often until the function that it returns is called.
func keepingSmall(t *testing.T, every time.Duration) (end func()) {
	t.Helper()
	t.Cleanup(func() { debug.SetGCPercent(100) })
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { keepSmall(ctx, every) })
	return func() {
		cancel()
		running.Wait()
	}
}

// litter makes garbage that stays until a collection.
func litter() {
	for range 8 * leastSpare >> 16 {
		littered = make([]byte, 1<<16)
	}
	littered = nil
}

var littered []byte

func TestKeepSmall_GivesBackWhatAHeapAtRestDoesNotNeed(t *testing.T) {
	debug.SetGCPercent(-1)
	runtime.GC()
	litter()
	if spare := lookAtHeap().spare; spare < 2*leastSpare {
		t.Fatalf("only %d bytes of garbage", spare)
	}
	defer keepingSmall(t, 50*time.Millisecond)()
	for begin := time.Now(); lookAtHeap().spare > leastSpare; time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("%d bytes are still held", lookAtHeap().spare)
		}
	}
}

func TestKeepSmall_LeavesAHeapAloneThatIsCollectedAnyway(t *testing.T) {
	debug.SetGCPercent(-1)
	begin, own := forced(), uint64(0)
	end := keepingSmall(t, 200*time.Millisecond)
	for until := time.Now().Add(time.Second); time.Now().Before(until); own++ {
		litter()
		runtime.GC()
		litter()
	}
	end()
	if others := forced() - begin - own; others > 0 {
		t.Errorf("%d collections beside %d", others, own)
	}
}

func TestKeepSmall_LeavesASmallHeapAlone(t *testing.T) {
	debug.FreeOSMemory()
	begin := forced()
	end := keepingSmall(t, time.Millisecond)
	time.Sleep(200 * time.Millisecond)
	end()
	if n := forced() - begin; n > 0 {
		t.Errorf("%d collections", n)
	}
}

// forced returns the number of collections that were asked for.
func forced() uint64 {
	found := []metrics.Sample{{Name: "/gc/cycles/forced:gc-cycles"}}
	metrics.Read(found)
	return found[0].Value.Uint64()
}

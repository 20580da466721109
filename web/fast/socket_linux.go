package fast

import (
	"syscall"
	"unsafe"
)

// looksAhead says that readNow and writeNow work here.
const looksAhead = true

// readNow reads what is there. The error is EAGAIN if there is nothing.
//
// It and writeNow are for sockets that do not block, so they do not tell Go's scheduler about the call. If they
// did, it would give the processor to another thread whenever a call is interrupted, and look for such calls every
// 20 microseconds: that took 7 % more of the processor for an answer by TCP, of which unsafe is the price.
func readNow(fd uintptr, p []byte) (n int, err error) { return now(syscall.SYS_READ, fd, p) }

// writeNow writes what there is room for. The error is EAGAIN if there is none.
func writeNow(fd uintptr, p []byte) (n int, err error) { return now(syscall.SYS_WRITE, fd, p) }

func now(call, fd uintptr, p []byte) (n int, err error) {
	for {
		r, _, e := syscall.RawSyscall(call, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		switch e {
		case 0:
			return int(r), nil
		case syscall.EINTR:
		default:
			return 0, e
		}
	}
}

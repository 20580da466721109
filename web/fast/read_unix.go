//go:build unix

package fast

import "syscall"

// readsAhead says that readNow works here.
const readsAhead = true

// readNow reads what is there. The error is EAGAIN if there is nothing.
func readNow(fd uintptr, p []byte) (n int, err error) {
	for {
		if n, err = syscall.Read(int(fd), p); err != syscall.EINTR {
			return n, err
		}
	}
}

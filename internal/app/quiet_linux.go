package app

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// quietFor is how long connections that were being made have to be there before the listener closes: more
// than a round trip to a load balancer.
const quietFor = 100 * time.Millisecond

// quiet makes the kernel ignore new connections, and waits until those that it has accepted already have reached
// the server. Closing a listener resets those that are still in its queue, together with the request that may have
// come with them. With nginx in front, which goes on until it is refused, that lost 2 POSTs in six restarts.
// Who is ignored tries again after a second and is refused then, which every proxy takes for "not sent".
// It reports whether it did that: a system may not let it.
func quiet(listener net.Listener) bool {
	tcp, ok := listener.(*net.TCPListener)
	if !ok {
		return false
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return false
	}
	// A packet whose flags (byte 13) have SYN is dropped; all others pass.
	ignoreSYN := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: 13},
		{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: 0x02, Jt: 0, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0xffffffff},
	}
	program, attached := unix.SockFprog{Len: uint16(len(ignoreSYN)), Filter: &ignoreSYN[0]}, false
	err = raw.Control(func(fd uintptr) {
		attached = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &program) == nil
	})
	if err == nil && attached {
		time.Sleep(quietFor)
	}
	return attached
}

package e2e

import "syscall"

// dieWithParent makes the server end when the test process is killed, as it is
// when a run exceeds its time.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

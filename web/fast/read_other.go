//go:build !unix

package fast

import "errors"

// readsAhead says that readNow works here.
const readsAhead = false

// readNow does not work here.
func readNow(uintptr, []byte) (int, error) { return 0, errors.ErrUnsupported }

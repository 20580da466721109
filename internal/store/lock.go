package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// lockName is the file in a data folder that the program using the folder keeps locked. The
// system drops the lock when that program ends, in whatever way. The file itself stays: if
// it were removed, two programs could each lock a file of this name.
const lockName = "latchkey.lock"

// ErrInUse means that another program uses the data folder.
var ErrInUse = errors.New("used by latchkey")

// errLocked is the error of openLocked for a file that is locked already.
var errLocked = errors.New("the file is locked")

// How long to wait for the holder of a lock to write its process id, which it does right after
// taking the lock, and how often to check.
const (
	holderPatience = time.Second
	holderPause    = 10 * time.Millisecond
)

// lockFolder locks a data folder for this process until release is called. If it is locked
// already, even by this process, the error is [ErrInUse] and names the holder.
func lockFolder(folder string) (release func() error, err error) {
	path := filepath.Join(folder, lockName)
	for end := time.Now().Add(holderPatience); ; time.Sleep(holderPause) {
		file, err := openLocked(path)
		if err == nil {
			return hold(file)
		}
		if !errors.Is(err, errLocked) {
			return nil, err
		}
		pid, since, err := readHolder(path)
		if err == nil {
			return nil, fmt.Errorf("%s is %w (process %d, since %s)", folder, ErrInUse, pid, since.UTC().Format(time.RFC3339))
		}
		if time.Now().After(end) {
			return nil, fmt.Errorf("%s is %w (%s does not name the process)", folder, ErrInUse, lockName)
		}
	}
}

// hold writes this process's id to a locked file. release empties the file, so that it names no
// process after a normal exit; calling it again does nothing.
func hold(file *os.File) (release func() error, err error) {
	release = sync.OnceValue(func() error { return errors.Join(file.Truncate(0), unlock(file), file.Close()) })
	text := fmt.Sprintf("%d %s\n", os.Getpid(), time.Now().UTC().Format(time.RFC3339))
	if err := file.Truncate(0); err != nil {
		return nil, errors.Join(err, release())
	}
	if _, err := file.WriteAt([]byte(text), 0); err != nil {
		return nil, errors.Join(err, release())
	}
	return release, nil
}

// readHolder returns the process that holds the lock, and since when.
func readHolder(path string) (pid int, since time.Time, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, time.Time{}, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, 100))
	if err != nil {
		return 0, time.Time{}, err
	}
	process, moment, _ := strings.Cut(strings.TrimSuffix(string(text), "\n"), " ")
	pid, pidErr := strconv.Atoi(process)
	since, timeErr := time.Parse(time.RFC3339, moment)
	return pid, since, errors.Join(pidErr, timeErr)
}

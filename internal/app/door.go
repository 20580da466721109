package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/user"
	"strconv"
	"sync"
	"syscall"
	"time"

	"latchkey/web/fast"
)

// door is a listener and what serves it.
type door struct {
	server interface {
		Serve(l net.Listener) error
		Shutdown(ctx context.Context) error
		Close() error
	}
	listener net.Listener
}

// doors are the listeners that stop together.
type doors []door

// unlisten closes listeners that are not served yet.
func (ds doors) unlisten() error {
	var errs []error
	for _, d := range ds {
		errs = append(errs, d.listener.Close())
	}
	return errors.Join(errs...)
}

// shutdown waits for the requests of all servers at the same time.
func (ds doors) shutdown(ctx context.Context) error {
	errs := make([]error, len(ds))
	var waiting sync.WaitGroup
	for i, d := range ds {
		waiting.Go(func() { errs[i] = d.server.Shutdown(ctx) })
	}
	waiting.Wait()
	return errors.Join(errs...)
}

func (ds doors) close() error {
	var errs []error
	for _, d := range ds {
		errs = append(errs, d.server.Close())
	}
	return errors.Join(errs...)
}

// end stops all servers at once.
func (ds doors) end() error {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	if ds.shutdown(now) == nil {
		return nil
	}
	return ds.close()
}

// headerRoom is what net/http reads of a header beyond its limit before it refuses it.
const headerRoom = 4 << 10

// fastServer returns the server of the listener for verification. It has the limits of the main one.
func (a *App) fastServer(requests context.Context) *fast.Server {
	return fast.New(fast.Options{Handler: a.saysClose(a.verification), Shortcut: a.shortcut, Base: requests, Log: a.log,
		ReadHeader: a.limits.ReadHeader, Read: a.limits.Read, Write: a.limits.Write, Idle: a.limits.Idle,
		MaxHeader: maxHeader + headerRoom})
}

// shortcut answers accepted tokens as the handler of the listener for verification does, unless the request says the
// path of the public URL.
func (a *App) shortcut(r *fast.Request, answer []byte) ([]byte, bool) {
	if a.stopping.Load() {
		return answer, false
	}
	answer, ok := a.accepts(r, answer)
	if ok && a.metrics != nil {
		a.metrics.Requested(r.Path, r.Method, http.StatusOK, r.At)
	}
	return answer, ok
}

// listenForVerification opens the listener for verification; nil if none is configured.
func (a *App) listenForVerification(ctx context.Context, by net.ListenConfig) (l net.Listener, err error) {
	switch path := a.cfg.VerifySocket(); {
	case a.cfg.VerifyAddr == "":
		return nil, nil
	case path != "":
		l, err = listenOnSocket(ctx, by, path, a.cfg.VerifySocketGroup)
	default:
		l, err = by.Listen(ctx, "tcp", a.cfg.VerifyAddr)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s for verification: %w", a.cfg.VerifyAddr, err)
	}
	a.log.Info("serving verification", "addr", l.Addr().String())
	return l, nil
}

// socketMode lets the owner and the group of a socket connect.
const socketMode = 0o660

// listenOnSocket makes a socket and lets only its owner and the group use it. Until both are set, nobody but the
// owner can: Linux asks for the right to write, which a new file gives only to them.
func listenOnSocket(ctx context.Context, by net.ListenConfig, path, group string) (net.Listener, error) {
	gid, err := groupID(group)
	if err != nil {
		return nil, err
	}
	if err := removeStale(path); err != nil {
		return nil, err
	}
	l, err := by.Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if gid >= 0 {
		err = os.Chown(path, -1, gid)
	}
	if err == nil {
		err = os.Chmod(path, socketMode)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// groupID returns the number of a group; -1 for "".
func groupID(group string) (int, error) {
	if group == "" {
		return -1, nil
	}
	if gid, err := strconv.ParseUint(group, 10, 31); err == nil {
		return int(gid), nil
	}
	g, err := user.LookupGroup(group)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(g.Gid)
}

// removeStale removes a socket that a server left behind which did not stop in order. It refuses one that
// somebody serves, and files of other kinds.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != os.ModeSocket:
		return errors.New("there is a file that is not a socket")
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		return errors.Join(errors.New("another server uses the socket"), c.Close())
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return err
	}
	return os.Remove(path)
}

package signin

import (
	"context"
	"encoding/base64"
	"fmt"
	"runtime"
	"time"

	"github.com/alexedwards/argon2id"

	"latchkey/internal/fault"
)

// Hasher computes and checks password hashes.
type Hasher interface {
	// Hash returns the hash of a password, including its salt and parameters.
	Hash(ctx context.Context, password string) (string, error)
	// Matches reports whether hash is a hash of password. The empty hash, of somebody without
	// a password, never matches and takes as long as any other.
	Matches(ctx context.Context, hash, password string) (bool, error)
	// Full reports whether so many calls wait that another one would be refused now.
	Full() bool
}

// MaxWaiting is how many calls may wait for a hash. Each takes a fraction of a second, so
// a later one would wait for seconds, and is refused until RetryBusy has passed.
const (
	MaxWaiting = 32
	RetryBusy  = 5 * time.Second
)

// Cost is the cost of one hash. Each hash contains its cost, so that it can be raised later
// without changing stored hashes.
type Cost struct {
	MemoryKiB  uint32
	Iterations uint32
}

// DefaultCost returns 19 MiB and two passes on one lane, the minimum that OWASP recommends for
// argon2id.
func DefaultCost() Cost { return Cost{MemoryKiB: 19 * 1024, Iterations: 2} }

const saltBytes, keyBytes = 16, 32

// Argon2 hashes passwords with argon2id (RFC 9106). It leaves one core free for everything else
// (if there are several) and computes at most one hash at a time on each of the others: more
// would not be faster, and each holds its memory, which a flood of sign-ins could exhaust.
// Further calls wait, as long as their context allows, but at most [MaxWaiting] of them.
type Argon2 struct {
	params  argon2id.Params
	dummy   string
	slots   chan struct{}
	waiting chan struct{}
}

// NewArgon2 returns a hasher that uses cost c for new hashes. It checks hashes of any cost.
func NewArgon2(c Cost) *Argon2 {
	encoded := func(n int) string { return base64.RawStdEncoding.EncodeToString(make([]byte, n)) }
	return &Argon2{
		params: argon2id.Params{Memory: c.MemoryKiB, Iterations: c.Iterations, Parallelism: 1, SaltLength: saltBytes, KeyLength: keyBytes},
		// No password is known that gives this key, and Matches would return false even for it.
		dummy:   fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=1$%s$%s", c.MemoryKiB, c.Iterations, encoded(saltBytes), encoded(keyBytes)),
		slots:   make(chan struct{}, max(1, runtime.GOMAXPROCS(0)-1)),
		waiting: make(chan struct{}, MaxWaiting),
	}
}

// Hash returns the PHC string of a password. It does not check the password: see
// [PasswordRule]. The error is Unavailable if too many calls wait, or if the context ends before
// a core is free.
func (a *Argon2) Hash(ctx context.Context, password string) (string, error) {
	if err := a.acquire(ctx); err != nil {
		return "", err
	}
	defer a.release()
	return argon2id.CreateHash(password, &a.params)
}

// Matches implements [Hasher]. The error is Internal for a malformed hash, and Unavailable if
// too many calls wait, or if the context ends before a core is free.
func (a *Argon2) Matches(ctx context.Context, hash, password string) (bool, error) {
	if err := a.acquire(ctx); err != nil {
		return false, err
	}
	defer a.release()
	against := hash
	if hash == "" {
		against = a.dummy
	}
	match, err := argon2id.ComparePasswordAndHash(password, against)
	if err != nil {
		return false, fault.NewInternal(fmt.Errorf("stored password hash: %w", err))
	}
	return match && hash != "", nil
}

// Full implements [Hasher].
func (a *Argon2) Full() bool { return len(a.waiting) == cap(a.waiting) }

func (a *Argon2) acquire(ctx context.Context) error {
	select {
	case a.slots <- struct{}{}:
		return nil
	default:
	}
	select {
	case a.waiting <- struct{}{}:
		defer func() { <-a.waiting }()
	default:
		return busy()
	}
	select {
	case a.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fault.NewUnavailable(ctx.Err())
	}
}

func (a *Argon2) release() { <-a.slots }

// busy returns the refusal of a call that would have to wait too long.
func busy() error {
	return fault.NewBusy("Too many sign-ins are being checked right now. Try again in a few seconds.", RetryBusy)
}

// isBusy reports whether err is such a refusal.
func isBusy(err error) bool {
	f := fault.Of(err)
	return f != nil && f.Kind == fault.Unavailable && f.RetryAfter > 0
}

package plaintext

import (
	"fmt"

	"latchkey/internal/fault"
)

// maxKey is how long an idempotency key may be, in bytes.
const maxKey = 128

// IdempotencyKey checks the key under which a client sends a request, so that the same request
// is carried out once; "" is no key. A key that is longer than 128 bytes or cannot be stored
// is Invalid with the path "idempotencyKey".
func IdempotencyKey(s string) error {
	if len(s) <= maxKey && Storable(s) {
		return nil
	}
	return fault.NewInvalid("The idempotency key cannot be used.",
		fault.Field{Path: "idempotencyKey", Message: fmt.Sprintf("Use at most %d bytes of text.", maxKey)})
}

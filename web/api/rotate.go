package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/token"
	"latchkey/web/respond"
)

// rotated is the response of POST /v2/token/rotate. No other response contains the secret.
type rotated struct {
	Token     string   `json:"token"`
	ID        string   `json:"id"`
	ExpiresAt *string  `json:"expiresAt"` // null: never
	Previous  previous `json:"previous"`
}

type previous struct {
	Hint   string `json:"hint"`
	EndsAt string `json:"endsAt"`
}

// Rotate serves POST /v2/token/rotate: the calling token gets another secret.
func (h *Handlers) Rotate(c echo.Context) error {
	overlap, err := readOverlap(c)
	if err != nil {
		return err
	}
	done, err := h.d.Tokens.RotateSelf(c.Request().Context(), h.Standing(c).Caller(), overlap)
	if err != nil {
		return err
	}
	respond.JSON(c.Response(), http.StatusOK, rotated{Token: done.Secret.Reveal(), ID: done.ID, ExpiresAt: maybeTime(done.ExpiresAt),
		Previous: previous{done.Previous.Hint, audit.FormatTime(done.Previous.EndsAt)}})
	return nil
}

// readOverlap reads how long the present secret keeps working. A body may be missing.
func readOverlap(c echo.Context) (time.Duration, error) {
	data, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return 0, fault.NewTooLarge("The body is larger than 1 MiB.")
	}
	if err != nil || len(bytes.TrimSpace(data)) == 0 {
		return token.DefaultOverlap, err
	}
	body, err := parseObject(data)
	if err != nil {
		return 0, err
	}
	overlap := token.DefaultOverlap
	if raw, ok := body.said("overlap"); ok {
		var text string
		_ = json.Unmarshal(raw, &text) // what is not text stays empty, which is no duration either
		overlap, err = time.ParseDuration(text)
		if err != nil || overlap < 0 || overlap > token.MaxOverlap {
			body.wrong("overlap", `This must be a duration from "0s" to "720h", such as "24h".`)
		}
	}
	return overlap, body.err()
}

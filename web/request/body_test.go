package request

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
)

// serve sends a body through Limit and Hold and returns what the handler reads.
func serve(t *testing.T, limit int64, late bool, body io.Reader) (held bool, read string, err error) {
	t.Helper()
	c := echo.New().NewContext(httptest.NewRequest(http.MethodPost, "/", body), httptest.NewRecorder())
	err = Limit(limit, late)(func(c echo.Context) error {
		held = Hold(c)
		b, err := io.ReadAll(c.Request().Body)
		read = string(b)
		return err
	})(c)
	return held, read, err
}

func TestHold_LeavesTheHandlerTheWholeBody(t *testing.T) {
	if held, read, err := serve(t, 10, false, strings.NewReader("0123456789")); !held || read != "0123456789" || err != nil {
		t.Errorf("%t %q %v", held, read, err)
	}
	if held, _, err := serve(t, 10, false, http.NoBody); held || err != nil {
		t.Errorf("no body: %t %v", held, err)
	}
	if held, read, err := serve(t, maxHeld+1, false, strings.NewReader("export")); held || read != "export" || err != nil {
		t.Errorf("an upload: %t %q %v", held, read, err)
	}
}

func TestHold_LeavesTheHandlerTheErrorBehindWhatWasRead(t *testing.T) {
	broken := errors.New("connection reset")
	held, read, err := serve(t, 10, false, io.MultiReader(strings.NewReader("01"), failing{broken}))
	if !held || read != "01" || !errors.Is(err, broken) {
		t.Errorf("%t %q %v", held, read, err)
	}
}

func TestLimit_RefusesByTheHeadUnlessTheHandlerIsToFindOut(t *testing.T) {
	if _, _, err := serve(t, 3, false, strings.NewReader("0123")); !fault.Is(err, fault.TooLarge) {
		t.Errorf("by its head: %v", err)
	}
	held, read, err := serve(t, 3, true, strings.NewReader("0123"))
	if tooLarge := new(http.MaxBytesError); !held || read != "012" || !errors.As(err, &tooLarge) {
		t.Errorf("late: %t %q %v", held, read, err)
	}
	// A length that is not said is found out by reading.
	_, read, err = serve(t, 3, false, io.MultiReader(strings.NewReader("0123")))
	if tooLarge := new(http.MaxBytesError); read != "012" || !errors.As(err, &tooLarge) {
		t.Errorf("without a length: %q %v", read, err)
	}
}

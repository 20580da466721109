package profile

import (
	"bytes"
	"context"
	"latchkey/internal/token"
	"testing"

	page "latchkey/views/page/profile"
	"latchkey/web/ui/kit"
	tokenui "latchkey/web/ui/token"
	"latchkey/web/ui/uitest"
)

// ownProfile is "Your Profile" with n tokens as HTML.
func ownProfile(tb testing.TB, n int) []byte {
	tb.Helper()
	m := profileView(uitest.Member())
	q := tokenui.ReadListQuery(kit.ProfilePath, nil)
	m.Tokens = tokenui.Section(uitest.Member(), q.Listing(uitest.Noon()).Of(uitest.Tokens(n)), q, "/list", false,
		token.Applied{Maker: true, Room: true})
	var out bytes.Buffer
	if err := page.ProfilePage(m).Render(context.Background(), &out); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func TestProfile_StaysUnderFiftyKilobytes(t *testing.T) {
	for _, n := range []int{0, 50, 500} {
		if got := len(ownProfile(t, n)); got > 50<<10 {
			t.Errorf("%d tokens: %d bytes", n, got)
		}
	}
}

// BenchmarkProfile presents and renders "Your Profile" with 50 tokens.
func BenchmarkProfile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		ownProfile(b, 50)
	}
}

package respond

import "testing"

func TestRebase_MovesAddressesAndNothingElse(t *testing.T) {
	for in, want := range map[string]string{
		`<a href="/">Home</a>`:                           `<a href="/keys/">Home</a>`,
		`<a class="x" href="/a?b=/c"><img src="/d"></a>`: `<a class="x" href="/keys/a?b=/c"><img src="/keys/d"></a>`,
		"<form\n\taction=\"/a\"\n>":                      "<form\n\taction=\"/keys/a\"\n>",
		`<div data-poll="/a" data-poll-then="/b">`:       `<div data-poll="/keys/a" data-poll-then="/keys/b">`,
		`<a href="https://x.example/">`:                  `<a href="https://x.example/">`,
		`<a href="#main">`:                               `<a href="#main">`,
		`<input name="next" value="/settings">`:          `<input name="next" value="/settings">`,
		`<td data-label="/a">href=&#34;/b&#34; ="/c`:     `<td data-label="/a">href=&#34;/b&#34; ="/c`,
		`="/`: `="/`, ``: ``,
	} {
		if got := string(rebase([]byte(in), "/keys")); got != want {
			t.Errorf("%s\nbecomes %s\nwant    %s", in, got, want)
		}
	}
}

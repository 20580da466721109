package kit

import (
	"net/http/httptest"
	"net/url"
	"testing"

	"latchkey/web/request"
)

func TestSite_AsLeft(t *testing.T) {
	const host = "https://latchkey.example/below"
	s := &Site{public: request.NewPublic(host)}
	for _, tt := range []struct{ referer, to, want string }{
		{host + "/users?q=a&page=2&sort=-name", "/users", "/users?page=2&q=a&sort=-name"},
		{host + "/users/delete?member=1&member=2&q=a", "/users", "/users?q=a"},
		{host + "/users/delete?member=1", "/users", "/users"},
		{host + "/usersother?q=a", "/users", "/users"},
		{host + "/groups?q=a", "/users", "/users"},
		{host + "/users?q=a", "/users?q=b", "/users?q=b"},
		{"https://latchkey.example/users?q=a%0d%0aSet-Cookie:x", "/users", "/users?q=a%0D%0ASet-Cookie%3Ax"},
		{"%zz", "/users", "/users"},
		{"", "/users", "/users"},
	} {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set("Referer", tt.referer)
		if got := s.asLeft(r, tt.to); got != tt.want {
			t.Errorf("from %q to %s: %s, want %s", tt.referer, tt.to, got, tt.want)
		}
	}
}

func TestSite_OriginIsTheFieldOfTheDialogBeforeTheReferer(t *testing.T) {
	s := &Site{public: request.NewPublic("https://latchkey.example/below")}
	for _, tt := range []struct{ back, to, want string }{
		{"/users?q=a", "/users", "/users?q=a"},
		{"/users", "/users", "/users"},
		{"/groups?q=a", "/users", "/users"},
		{"https://evil.example/users?q=a", "/users", "/users?q=a"}, // only its state counts
		{"//evil.example?q=a", "/users", "/users"},
		{"%zz", "/users", "/users"},
	} {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set("Referer", "https://latchkey.example/below/users?q=referer")
		r.PostForm = url.Values{fieldBack: {tt.back}}
		if got := s.asLeft(r, tt.to); got != tt.want {
			t.Errorf("back %q to %s: %s, want %s", tt.back, tt.to, got, tt.want)
		}
	}
}

package kit_test

import (
	"testing"

	"latchkey/web/ui/kit"
)

func TestSafeNext_KeepsPathsOfThisServerOnly(t *testing.T) {
	for next, want := range map[string]string{
		"/settings/profile": "/settings/profile", "/a?b=c": "/a?b=c", "/": "/",
		"": "/", "settings": "/", "https://evil.example/": "/", "//evil.example": "/", `/\evil.example`: "/", "/a\r\nb": "/", "javascript:x": "/",
		"/../other": "/", "/settings/../..//evil.example": "/", "/%2e%2e/other": "/", "/.//evil.example": "/",
		"/sign-in": "/", "/sign-out": "/", "/%zz": "/",
	} {
		if got := kit.SafeNext(next); got != want {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
	}
}

package kit

import "testing"

func TestPastedSecret_IsFoundInWhatPeoplePaste(t *testing.T) {
	const secret = "8-x_ZTq0Q2m1m1oNQ9jvT7r6y4pWcVbXnLkJhGfDsAz"
	for _, pasted := range []string{
		secret, "  " + secret + "\r\n", "<" + secret + ">", "\ufeff" + secret + "\u200b",
		WithFragment("https://keys.example.com/accept-invitation", "secret", secret),
		"#secret=" + secret, "https://keys.example.com/accept-invitation?secret=" + secret,
		"Your link: https://keys.example.com/latchkey/accept-invitation#secret=" + secret + ".", "secret=" + secret + "&x=y",
	} {
		if got := PastedSecret(pasted, "secret"); got != secret {
			t.Errorf("%q: %q", pasted, got)
		}
	}
	for _, pasted := range []string{"", " ", "\u200b", "secret="} {
		if got := PastedSecret(pasted, "secret"); got != "" {
			t.Errorf("%q: %q", pasted, got)
		}
	}
}

func TestWithFragment_PutsNothingIntoTheQuery(t *testing.T) {
	if got := WithFragment("https://keys.example.com/setup", "code", "a-b_c"); got != "https://keys.example.com/setup#code=a-b_c" {
		t.Error(got)
	}
}

package component_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"testing"

	"github.com/a-h/templ"

	"latchkey/static"
	"latchkey/views/component"
	"latchkey/views/layout"
)

// galleryAddr serves the gallery for the eye: go test ./views/component -gallery 127.0.0.1:8099
var galleryAddr = flag.String("gallery", "", "serve the gallery at this address instead of testing")

func TestMain(m *testing.M) {
	flag.Parse()
	if *galleryAddr == "" {
		os.Exit(m.Run())
	}
	if err := serveGallery(*galleryAddr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serveGallery(addr string) error {
	mux := http.NewServeMux()
	mux.Handle(static.Prefix, static.Handler())
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		page, ok := galleryPages()[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Security-Policy",
			"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action "+
				"'self'; frame-ancestors 'none'; base-uri 'none'")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = page.Render(r.Context(), w)
	})
	return http.ListenAndServe(addr, mux)
}

// with renders c around its children.
func with(c templ.Component, children ...templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return c.Render(templ.WithChildren(ctx, templ.Join(children...)), w)
	})
}

// element is a plain HTML element around components.
func element(open, end string, children ...templ.Component) templ.Component {
	return templ.Join(templ.Raw(open), templ.Join(children...), templ.Raw(end))
}

func text(s string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, templ.EscapeString(s))
		return err
	})
}

func form(children ...templ.Component) templ.Component {
	return element(`<form class="form" method="post" action="/save" data-once>`, `</form>`, children...)
}

func render(t *testing.T, c templ.Component) string {
	t.Helper()
	var buf bytes.Buffer
	if err := c.Render(context.Background(), &buf); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

func shell(title string, flash ...component.NoticeModel) layout.Shell {
	return layout.Shell{
		Title: title, Flash: flash,
		User: layout.User{Name: "Ada Lovelace", Email: "ada@example.com", Role: "Admin"},
		Workspace: &layout.Switcher{Current: "Production", Items: []layout.SwitcherItem{{Label: "Production", Note: "Production", Href: "/a",
			Current: true}, {Label: "Staging", Note: "Development", Href: "/b"}}},
		Nav: []layout.NavItem{
			{Label: "Home", Href: "/", Icon: "house"},
			{Label: "Resources", Href: "/resources", Icon: "database"},
			{Label: "Settings", Children: []layout.NavItem{
				{Label: "Your Profile", Href: "/list", Icon: "user-round", Current: true},
				{Label: "Access Management", Href: "/kit", Icon: "shield-check"},
				{Label: "Workspaces", Href: "/policy", Icon: "layers"},
				{Label: "Audit Logs", Href: "/view", Icon: "scroll-text"},
			}},
		},
	}
}

func app(title string, parts ...templ.Component) templ.Component {
	return with(layout.App(shell(title)), parts...)
}

// galleryPages shows every component at least once, in surroundings as in the product.
func galleryPages() map[string]templ.Component {
	return map[string]templ.Component{
		"/":        app("Home", homeParts()...),
		"/list":    app("Personal Access Tokens", listParts()...),
		"/dialog":  app("New Personal Access Token", append([]templ.Component{newTokenDialog()}, listParts()...)...),
		"/delete":  app("Delete token", append([]templ.Component{deleteDialog()}, listParts()...)...),
		"/form":    app("Invite users", append([]templ.Component{formDialog()}, listParts()...)...),
		"/confirm": app("Delete workspace", append([]templ.Component{confirmDialog()}, listParts()...)...),
		"/search":  app("Groups", searchParts()...),
		"/reveal":  app("New token", append([]templ.Component{revealDialog()}, listParts()...)...),
		"/empty":   app("Service Access Tokens", emptyParts()...),
		"/policy":  app("Workspace SAT access policy", policyParts()...),
		"/view": app("Access Policy", component.PageHeader(component.PageHeaderModel{Title: "Access policy of etl-runner",
			Back: &component.Link{Label: "Service Access Tokens", Href: "/list"}}), component.PolicyView(policyModel())),
		"/kit":     app("Kit", kitParts()...),
		"/sign-in": signInPage(),
	}
}

func signInPage() templ.Component {
	return with(layout.Base(layout.Page{Title: "Sign in to Latchkey", Intro: "Use the account your administrator invited."}),
		element(`<form class="form" method="post" action="/sign-in" data-once>`, `</form>`,
			component.ErrorSummary(component.ErrorSummaryModel{Errors: []component.FieldError{{FieldID: "email",
				Text: "Incorrect email or password."}}}),
			component.TextField(component.FieldModel{ID: "email", Name: "email", Label: "Email", Type: "email", Autocomplete: "username",
				Required: true, Value: "ada@example.com", Error: "Incorrect email or password."}),
			component.PasswordField(component.FieldModel{ID: "password", Name: "password", Label: "Password", Autocomplete: "current-password",
				Required: true}),
			component.Button(component.ButtonModel{Label: "Sign in"}),
		))
}

package api

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/internal/registry"
)

// wireScript is a transformation or a library as the API shows it.
type wireScript struct {
	ID          string   `json:"id"`
	VersionID   string   `json:"versionId"`
	ExternalID  string   `json:"externalId,omitempty"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Code        string   `json:"code"`
	Language    string   `json:"language"`
	Imports     []string `json:"imports,omitzero"`     // transformations: names that the code imports
	ImportName  string   `json:"importName,omitempty"` // libraries: the name in import statements
	HandleName  string   `json:"handleName,omitempty"` // libraries: the same, for older clients
	Published   bool     `json:"published"`            // whether this version is in use
	WorkspaceID string   `json:"workspaceId"`
	CreatedAt   string   `json:"createdAt"`
	CreatedBy   string   `json:"createdBy"`
	UpdatedAt   string   `json:"updatedAt"`
}

func scriptOf(s registry.Script) wireScript {
	v := s.Version
	w := wireScript{ID: s.ID, VersionID: v.ID, ExternalID: s.ExternalID, Name: v.Name, Description: v.Description, Code: v.Code,
		Language: v.Language, Published: s.Published && s.ShownVersion == v.ID, WorkspaceID: s.Workspace,
		CreatedAt: wireTime(s.CreatedAt), CreatedBy: s.CreatedBy, UpdatedAt: wireTime(s.UpdatedAt)}
	if s.Type == registry.Library {
		w.ImportName = importName(v.Name)
		w.HandleName = w.ImportName
	} else {
		w.Imports = imports(v.Code, v.Language)
	}
	return w
}

// importName returns an identifier for a library's name: "geo-lookup" becomes "geoLookup".
func importName(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '_'
	})
	for i, word := range words {
		first := strings.ToUpper(word[:1])
		if i == 0 {
			first = strings.ToLower(word[:1])
		}
		words[i] = first + word[1:]
	}
	return strings.Join(words, "")
}

// Import statements at the beginning of a line.
var (
	importsJavaScript = regexp.MustCompile(`(?m)^[ \t]*import\b[^'"\n]*['"]([^'"\n]+)['"]`)
	importsPython     = regexp.MustCompile(`(?m)^(?:from|import)[ \t]+([A-Za-z_][A-Za-z0-9_.]*)`)
)

// imports returns the names that code imports, sorted, each once. It looks only at import
// statements at the beginning of a line.
func imports(code, language string) []string {
	pattern := importsJavaScript
	if language != "javascript" {
		pattern = importsPython
	}
	names := []string{}
	for _, match := range pattern.FindAllStringSubmatch(code, -1) {
		names = append(names, match[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// scriptForm parses a transformation or a library; see [sourceForm]. It accepts and ignores
// test events, because Latchkey does not run code.
func scriptForm(c echo.Context) (form registry.ScriptForm, publish bool, err error) {
	body, err := readObject(c)
	if err != nil {
		return form, false, err
	}
	form = registry.ScriptForm{Name: body.text("name"), Description: body.text("description"), Language: body.text("language"),
		Code: body.text("code"), ExternalID: body.text("externalId")}
	body.ignore("id", "versionId", "imports", "importName", "handleName", "published", "workspaceId",
		"createdAt", "createdBy", "updatedAt", "events", "testEvents", "testSuite")
	if err := body.err(); err != nil {
		return form, false, err
	}
	publish, err = publishParam(c)
	return form, publish, err
}

// publishParam parses ?publish=true or false. The default is false.
func publishParam(c echo.Context) (bool, error) {
	switch c.QueryParam("publish") {
	case "true":
		return true, nil
	case "false", "":
		return false, nil
	}
	return false, fault.NewInvalid("The query has mistakes.", fault.Field{Path: "publish", Message: "This must be true or false."})
}

// scriptRoutes returns the routes of transformations or of libraries.
func (h *Workspace) scriptRoutes(path, typ string) []Route {
	s := scripts{h, path, typ}
	return []Route{
		{http.MethodGet, path, false, s.list},
		{http.MethodPost, path, false, s.create},
		{http.MethodGet, path + "/:id", false, s.get},
		{http.MethodPost, path + "/:id", false, s.update},
		{http.MethodDelete, path + "/:id", false, h.remove(typ)},
		{http.MethodPut, path + "/:id/external-id", false, h.setExternalID(typ)},
		{http.MethodGet, path + "/:id/versions/:version", false, s.version},
	}
}

// scripts serves transformations or libraries.
type scripts struct {
	*Workspace
	path, typ string
}

func (s scripts) list(c echo.Context) error {
	l, err := readListing(c, s.path)
	if err != nil {
		return err
	}
	l = l.unlessAsked()
	by := s.standing(c)
	found, err := s.registry.Scripts(c.Request().Context(), by, by.Workspace, s.typ, l.Query)
	if err != nil {
		return err
	}
	items, paging := pageOf(l, found, func(s registry.Script) string { return s.ID }, scriptOf)
	answer := map[string]any{strings.TrimPrefix(s.path, "/"): items}
	if l.asked {
		answer["paging"] = paging
	}
	return ok(c, answer)
}

func (s scripts) create(c echo.Context) error {
	form, publish, err := scriptForm(c)
	if err != nil {
		return err
	}
	by := s.standing(c)
	made, err := s.registry.CreateScript(c.Request().Context(), by.Caller(), by.Workspace, s.typ, form, publish)
	return answerScript(c, made, err)
}

func (s scripts) get(c echo.Context) error {
	by := s.standing(c)
	found, err := s.registry.Script(c.Request().Context(), by, by.Workspace, s.typ, param(c, "id"))
	return answerScript(c, found, err)
}

func (s scripts) update(c echo.Context) error {
	form, publish, err := scriptForm(c)
	if err != nil {
		return err
	}
	by := s.standing(c)
	changed, err := s.registry.UpdateScript(c.Request().Context(), by.Caller(), by.Workspace, s.typ, param(c, "id"), form, publish)
	return answerScript(c, changed, err)
}

func (s scripts) version(c echo.Context) error {
	by := s.standing(c)
	found, err := s.registry.ScriptVersion(c.Request().Context(), by, by.Workspace, s.typ, param(c, "id"), param(c, "version"))
	return answerScript(c, found, err)
}

func answerScript(c echo.Context, found registry.Script, err error) error {
	if err != nil {
		return err
	}
	return ok(c, scriptOf(found))
}

// published is the response to publishing.
type published struct {
	Published bool `json:"published"`
}

func (h *Workspace) publish(c echo.Context) error {
	body, err := readObject(c)
	if err != nil {
		return err
	}
	what := registry.Publication{
		Transformations: versionIDs(body.list("transformations")),
		Libraries:       versionIDs(body.list("libraries")),
	}
	if err := body.err(); err != nil {
		return err
	}
	by := h.standing(c)
	if err := h.registry.Publish(c.Request().Context(), by.Caller(), by.Workspace, what); err != nil {
		return err
	}
	return ok(c, published{true})
}

// versionIDs parses a list of {"versionId"}. It ignores the tests that come with each.
func versionIDs(list []*object) []string {
	var ids []string
	for _, o := range list {
		ids = append(ids, orEmpty(o.text("versionId")))
		o.ignore("testInput", "testSuite")
	}
	return ids
}

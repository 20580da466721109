package migration

import (
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/internal/migration"
	"latchkey/views/component"
	page "latchkey/views/page/migration"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

const (
	// longRequest is how long the upload of a large export may take.
	longRequest = 10 * time.Minute

	// patience is how long a request waits for staging or deploying before it answers with the
	// progress.
	patience = time.Second
)

// The fields of this area's forms.
const (
	fieldFile     = "file"
	fieldStrategy = "strategy"
	fieldChoice   = "choice"
	fieldConflict = "conflict"
)

// overview shows the state of the migration, with the next step. If a step has ended in the
// background, overview answers with its outcome.
func (h *Handlers) overview(c echo.Context) error {
	work, err := h.migration.Work(c.Request().Context(), kit.VisitOf(c).Standing)
	switch {
	case err != nil:
		return err
	case work.Ended && work.Step == migration.StepStage:
		return h.staged(c, work.Err)
	case work.Ended && work.Step == migration.StepDeploy:
		return h.deployed(c, work.Err)
	}
	return h.show(c, http.StatusOK, showing{work: work, after: migration.Step(c.QueryParam(queryAfter))})
}

// queryAfter is the parameter with the step that the visitor has waited for.
const queryAfter = "after"

// showing is what the tab shows besides the state of the migration.
type showing struct {
	problems []fault.Field
	above    templ.Component // a dialog or nil
	work     migration.Work
	after    migration.Step
}

// plain reports whether the tab shows only the state of the migration.
func (s showing) plain() bool {
	return s.above == nil && len(s.problems) == 0 && !s.work.Running()
}

// show shows the tab. For a staged import it redirects to the lists of the staging area.
func (h *Handlers) show(c echo.Context, status int, s showing) error {
	v := kit.VisitOf(c)
	o, err := h.migration.Overview(c.Request().Context(), v.Standing)
	if err != nil {
		return err
	}
	if o.Staging.State == migration.Staged && s.plain() {
		to := stagedPath(migration.Members)
		if s.after == migration.StepDeploy {
			to += "?" + queryAfter + "=" + string(s.after)
		}
		return respond.SeeOther(c, to)
	}
	m := migrationView(o, s, v.Now)
	m.Frame = h.site.Frame(c, v, kit.MigrationTitle)
	m.Frame.Shell.Above = s.above
	return h.site.HTML(c, status, page.MigrationPage(m))
}

// behind shows the tab behind a dialog.
func (h *Handlers) behind(c echo.Context, status int, above templ.Component) error {
	return h.show(c, status, showing{above: above})
}

// progress answers with the progress of the running step, or with no content if none is running.
func (h *Handlers) progress(c echo.Context) error {
	running, work, err := h.migration.Running(c.Request().Context(), kit.VisitOf(c).Standing)
	if err != nil {
		return err
	}
	if !running {
		return c.NoContent(http.StatusNoContent)
	}
	return h.site.HTML(c, http.StatusOK, page.WorkPart(*workView(work)))
}

// extendDeadlines gives a large export more time than the server's limits, which are for pages.
// Those limits stay if the connection does not support deadlines.
func extendDeadlines(c echo.Context) {
	control, until := http.NewResponseController(c.Response()), time.Now().Add(longRequest)
	_ = control.SetReadDeadline(until)
	_ = control.SetWriteDeadline(until.Add(time.Minute)) // leave time to answer a client whose upload was too slow
}

// upload reads the file into the staging area as it arrives. It does not keep the file.
func (h *Handlers) upload(c echo.Context) error {
	extendDeadlines(c)
	part, err := filePart(c.Request())
	if err != nil {
		return err
	}
	if part == nil || part.FileName() == "" {
		return h.show(c, http.StatusBadRequest, showing{problems: []fault.Field{{Path: fieldFile, Message: "Choose a file."}}})
	}
	_, err = h.migration.Upload(c.Request().Context(), kit.VisitOf(c).Standing, part.FileName(), part, nil)
	var tooLarge *http.MaxBytesError
	switch f := fault.Of(err); {
	case f == nil:
		return respond.SeeOther(c, kit.MigrationPath)
	case errors.As(err, &tooLarge):
		return fault.NewTooLarge("The file is too large. Import it from the command line.")
	case f.Kind == fault.Invalid:
		return h.show(c, respond.Status(f.Kind), showing{problems: f.Fields})
	case f.Kind == fault.Conflict:
		return h.site.Done(c, kit.MigrationPath, f.Message)
	}
	return err
}

// filePart returns the part of the form that is the file. It returns nil if there is none.
func filePart(r *http.Request) (*multipart.Part, error) {
	parts, err := r.MultipartReader()
	if err != nil {
		f := fault.NewInvalid("The form could not be read.")
		f.Cause = err
		return nil, f
	}
	for {
		part, err := parts.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return nil, nil
		case err != nil:
			f := fault.NewInvalid("The form could not be read.")
			f.Cause = err
			return nil, f
		case part.FormName() == fieldFile:
			return part, nil
		}
	}
}

// importExport stages the uploaded file with the chosen strategy. It continues in the background
// if it takes longer than patience.
func (h *Handlers) importExport(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	ended, err := h.migration.StartImport(c.Request().Context(), kit.VisitOf(c).Standing, migration.Strategy(form.Get(fieldStrategy)),
		patience)
	if !ended {
		return respond.SeeOther(c, kit.MigrationPath)
	}
	return h.staged(c, err)
}

// staged answers with the outcome of staging.
func (h *Handlers) staged(c echo.Context, err error) error {
	switch f := fault.Of(err); {
	case f == nil:
		return h.site.Done(c, stagedPath(migration.Members), "The import is staged. Nothing is live yet.")
	case f.Kind == fault.Invalid:
		return h.show(c, respond.Status(f.Kind), showing{problems: f.Fields})
	case f.Kind == fault.Conflict || f.Kind == fault.NotFound:
		return h.site.Done(c, kit.MigrationPath, f.Message)
	}
	return err
}

// confirmReset asks for confirmation before the staging area is emptied.
func (h *Handlers) confirmReset(c echo.Context) error {
	return h.site.Dialog(c, http.StatusOK, component.ConfirmDialog(*resetDialog()), h.behind)
}

// reset empties the staging area.
func (h *Handlers) reset(c echo.Context) error {
	reset, err := h.migration.Reset(c.Request().Context(), kit.VisitOf(c).Standing)
	switch f := fault.Of(err); {
	case f != nil && f.Kind == fault.Conflict:
		return h.site.Done(c, kit.MigrationPath, f.Message)
	case err != nil:
		return err
	case !reset: // deployed or reset by another Admin, so do not say that live access did not change
		return h.site.Done(c, kit.MigrationPath, "The staging area was already empty.")
	}
	return h.site.Done(c, kit.MigrationPath, "The staging area was reset. Live access did not change.")
}

// confirmDeploy asks for the organization's name and says what deploying will do.
func (h *Handlers) confirmDeploy(c echo.Context) error {
	return h.askDeploy(c, http.StatusOK, nil, "")
}

func (h *Handlers) askDeploy(c echo.Context, status int, wrong kit.FieldErrors, refused string) error {
	v := kit.VisitOf(c)
	report, err := h.migration.Preview(c.Request().Context(), v.Standing)
	if fault.Is(err, fault.NotFound) {
		return respond.SeeOther(c, kit.MigrationPath)
	}
	if err != nil {
		return err
	}
	dialog := deployDialog(report, v.Organization.Name, wrong)
	dialog.Alert.Error = refused
	return h.site.Dialog(c, status, component.ConfirmDialog(*dialog), h.behind)
}

// deploy makes the staged import live. It continues in the background if it takes longer than
// patience.
func (h *Handlers) deploy(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	ended, err := h.migration.StartDeploy(c.Request().Context(), kit.VisitOf(c).Standing, form.Get(kit.FieldName), patience)
	if !ended {
		return respond.SeeOther(c, kit.MigrationPath)
	}
	return h.deployed(c, err)
}

// deployed answers with the outcome of deploying.
func (h *Handlers) deployed(c echo.Context, err error) error {
	if fault.Is(err, fault.NotFound) {
		return respond.SeeOther(c, kit.MigrationPath)
	}
	wrong, other := kit.Invalid(err)
	if wrong != nil {
		return h.askDeploy(c, respond.Status(fault.Invalid), wrong, "")
	}
	text, status, err := kit.Refusal(other)
	switch {
	case err != nil:
		return err
	case text != "":
		return h.askDeploy(c, status, nil, text)
	}
	return h.site.Done(c, kit.MigrationPath, "The migration is deployed.")
}

// report downloads the report of a deployed migration, as text or JSON.
func (h *Handlers) report(c echo.Context) error {
	m, err := h.migration.Deployment(c.Request().Context(), kit.VisitOf(c).Standing, c.Param("id"))
	if err != nil {
		return err
	}
	return sendReport(c, "latchkey-migration-"+m.ID, []byte(m.Report))
}

// previewReport downloads a report of what deploying would do, as text or JSON.
func (h *Handlers) previewReport(c echo.Context) error {
	report, err := h.migration.Preview(c.Request().Context(), kit.VisitOf(c).Standing)
	if fault.Is(err, fault.NotFound) {
		return respond.SeeOther(c, kit.MigrationPath)
	}
	if err != nil {
		return err
	}
	text, err := json.Marshal(report)
	if err != nil {
		return err
	}
	return sendReport(c, "latchkey-migration-preview", text)
}

// stagedPath returns the address of a list of the staging area.
func stagedPath(kind migration.Kind) string {
	return kit.Path(kit.MigrationPath+"/staged", stagedSlug(kind))
}

// stagedSlug returns the part of an address that names a kind.
func stagedSlug(kind migration.Kind) string {
	switch kind {
	case migration.Members:
		return "members"
	case migration.ServiceTokens:
		return "service-access-tokens"
	case migration.PersonalTokens:
		return "personal-access-tokens"
	case migration.Workspaces:
		return "workspaces"
	case migration.Resources:
		return "resources"
	case migration.Groups:
		return "groups"
	}
	return string(kind)
}

// stagedKinds returns the kinds in the order of the sub-tabs.
func stagedKinds() []migration.Kind {
	return []migration.Kind{migration.Members, migration.Groups, migration.ServiceTokens, migration.PersonalTokens, migration.Workspaces,
		migration.Resources}
}

// itemPath returns the address of a staged item.
func itemPath(seq int64) string {
	return kit.Path(kit.MigrationPath+"/items", strconv.FormatInt(seq, 10))
}

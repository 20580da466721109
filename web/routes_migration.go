package web

import (
	"net/http"

	"latchkey/internal/access"
	"latchkey/web/ui"
)

// migrationPages are the routes of the tab "Migration": all for Admins.
func migrationPages(h *ui.Handlers) []Page {
	const (
		get  = http.MethodGet
		post = http.MethodPost
		base = "/settings/access-management/migration"
		item = base + "/items/:seq"
	)
	return []Page{
		{get, base, Member, access.ManageMigration, h.Migration},
		{post, ui.MigrationUpload, Member, access.ManageMigration, h.UploadExport},
		{post, base + "/import", Member, access.ManageMigration, h.ImportExport},
		{get, base + "/progress", Member, access.ManageMigration, h.MigrationProgress},
		{get, base + "/reset", Member, access.ManageMigration, h.ConfirmReset},
		{post, base + "/reset", Member, access.ManageMigration, h.ResetStaging},
		{get, base + "/staged/:kind", Member, access.ManageMigration, h.StagedItems},
		{post, base + "/conflicts", Member, access.ManageMigration, h.ChooseAllStaged},
		{get, item, Member, access.ManageMigration, h.StagedItem},
		{post, item + "/choice", Member, access.ManageMigration, h.ChooseStaged},
		{get, item + "/policies/:workspace", Member, access.ManageMigration, h.StagedPolicy},
		{post, item + "/policies/:workspace", Member, access.ManageMigration, h.SaveStagedPolicy},
		{post, item + "/policies/:workspace/summary", Member, access.ManageMigration, h.SummarizeStagedPolicy},
		{get, base + "/preview/:format", Member, access.ManageMigration, h.PreviewReport},
		{get, base + "/deploy", Member, access.ManageMigration, h.ConfirmDeploy},
		{post, base + "/deploy", Member, access.ManageMigration, h.DeployStaged},
		{get, base + "/deployed/:id/:format", Member, access.ManageMigration, h.MigrationReport},
	}
}

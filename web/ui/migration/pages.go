// Package migration has the dashboard's tab "Migration": uploading the export of a role-based
// system, reviewing the staging area, resolving conflicts, editing staged policies and deploying.
//
// It uses package migration. It edits staged policies with the editor of web/ui/policy, and saves
// them itself.
package migration

import (
	"net/http"

	"latchkey/internal/access"
	"latchkey/internal/migration"
	"latchkey/web/ui/kit"
	policyui "latchkey/web/ui/policy"
)

// Handlers answers the requests of the area.
type Handlers struct {
	site      *kit.Site
	migration *migration.Service
	editor    *policyui.Handlers
}

// New returns the handlers of the area.
func New(site *kit.Site, migration *migration.Service, editor *policyui.Handlers) *Handlers {
	return &Handlers{site: site, migration: migration, editor: editor}
}

// maxUpload is the largest size of an export, in bytes. The file is read as it arrives, so it is
// never in memory as a whole.
const maxUpload = 256 << 20

// Pages returns the rows of the area.
func (h *Handlers) Pages() []kit.Page {
	const (
		base   = kit.MigrationPath
		item   = base + "/items/:seq"
		policy = item + "/policies/:workspace"
		needs  = access.ManageMigration
	)
	return []kit.Page{
		kit.Get(base, kit.Member, needs, h.overview),
		{Method: http.MethodPost, Path: kit.MigrationUploadPath, Gate: kit.Member, Needs: needs, Limit: maxUpload, Handle: h.upload},
		kit.Post(base+"/import", kit.Member, needs, h.importExport),
		kit.Get(base+"/progress", kit.Member, needs, h.progress),
		kit.Get(base+"/reset", kit.Member, needs, h.confirmReset),
		kit.Post(base+"/reset", kit.Member, needs, h.reset),
		kit.Get(base+"/staged/:kind", kit.Member, needs, h.stagedItems),
		kit.Post(base+"/conflicts", kit.Member, needs, h.chooseAll),
		kit.Get(item, kit.Member, needs, h.stagedItem),
		kit.Post(item+"/choice", kit.Member, needs, h.choose),
		kit.Get(policy, kit.Member, needs, h.stagedPolicy),
		kit.Post(policy, kit.Member, needs, h.saveStagedPolicy),
		kit.Post(policy+"/summary", kit.Member, needs, h.summarizeStagedPolicy),
		kit.Get(base+"/preview/:format", kit.Member, needs, h.previewReport),
		kit.Get(base+"/deploy", kit.Member, needs, h.confirmDeploy),
		kit.Post(base+"/deploy", kit.Member, needs, h.deploy),
		kit.Get(base+"/deployed/:id/:format", kit.Member, needs, h.report),
	}
}

package policy

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/policy"
	"latchkey/views/component"
	page "latchkey/views/page/policy"
	"latchkey/web/ui/kit"
)

// presetList presents the saved presets, or returns nil if there are none: the editor saves them.
func presetList(presets []policy.Preset, catalogue *access.Catalogue, now time.Time) *page.Presets {
	if len(presets) == 0 {
		return nil
	}
	m := &page.Presets{
		Card: component.CardModel{ID: "presets", Title: "Saved presets", Flush: true,
			Description: "Starting points for policies. “Save as preset” in the editor of a policy adds one."},
		Table: component.TableModel{ID: "preset-list", Caption: "Saved presets", Columns: []component.Column{
			{Label: "Preset"}, {Label: "Grants"}, {Label: "Saved"}, {Label: "Actions", LabelHidden: true, End: true}}},
	}
	for _, p := range presets {
		m.Rows = append(m.Rows, page.PresetRow{Name: p.Name, Grants: Gives(catalogue, presetPolicy(p)),
			Saved: kit.When(p.CreatedAt, now), By: p.CreatedByName,
			Delete: component.ButtonModel{Label: "Delete", Context: p.Name, Variant: component.DangerQuiet, Small: true, Dialog: true,
				Href: kit.Path(kit.PresetPath, p.ID) + "/delete"}})
	}
	return m
}

// presetPolicy returns the permissions of a preset, for a description of them.
func presetPolicy(p policy.Preset) access.Policy {
	out := access.Policy{}
	for permission := range p.Grants {
		out[permission] = access.Everywhere()
	}
	return out
}

// confirmDeletePreset shows the dialog that asks before a preset is deleted.
func (h *Handlers) confirmDeletePreset(c echo.Context) error {
	p, err := h.presets.Get(c.Request().Context(), kit.VisitOf(c).Standing, c.Param("id"))
	if err != nil {
		return err
	}
	dialog := component.AlertDialogModel{ID: "delete-preset", Title: "Delete preset " + p.Name + "?",
		Consequence: "It is no longer offered. Policies and tokens that were made from it stay as they are.",
		Action:      kit.Path(kit.PresetPath, p.ID) + "/delete", CancelHref: kit.BaselinePath}
	return h.site.Dialog(c, http.StatusOK, component.AlertDialog(dialog), h.showBaselines)
}

// deletePreset deletes a preset.
func (h *Handlers) deletePreset(c echo.Context) error {
	p, err := h.presets.Delete(c.Request().Context(), kit.VisitOf(c).By, c.Param("id"))
	if err != nil {
		return err
	}
	return h.site.Done(c, kit.BaselinePath, "Preset "+p.Name+" was deleted.")
}

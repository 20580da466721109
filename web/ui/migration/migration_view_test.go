package migration

import (
	"testing"

	"latchkey/internal/migration"
	"latchkey/web/ui/kit"
)

func TestWorkView_SaysHowFarItIs(t *testing.T) {
	at := migration.Progress{Kind: migration.PersonalTokens, Done: 12_400, Total: 50_000, Whole: 22_500, All: 61_000}
	for _, tt := range []struct {
		work                     migration.Work
		title, label, text, then string
		value, max               int
	}{
		{migration.Work{Step: migration.StepStage, Progress: at}, "Preparing the preview", "Personal access tokens", "12,400 of 50,000",
			kit.MigrationPath + "?after=stage", 22_500, 61_000},
		{migration.Work{Step: migration.StepDeploy, Progress: at}, "Deploying the migration", "Personal access tokens", "12,400 of 50,000",
			kit.MigrationPath + "?after=deploy", 22_500, 61_000},
		{migration.Work{Step: migration.StepDeploy, Progress: migration.Progress{Kind: migration.ServiceTokens, Done: 1, Total: 1, Whole: 9,
			All: 9}},
			"Deploying the migration", "Finishing", "9 entries", kit.MigrationPath + "?after=deploy", 9, 9},
		{migration.Work{Step: migration.StepDeploy, Elsewhere: true}, "Deploying the migration", "Running", "on another node",
			kit.MigrationPath + "?after=deploy", 0, 0},
		{migration.Work{Step: migration.StepStage}, "Preparing the preview", "Started", "", kit.MigrationPath + "?after=stage", 0, 0},
		{migration.Work{Step: migration.StepRead, Progress: migration.Progress{Done: 3000}}, "Reading the file", "Read", "3,000 entries so far",
			kit.MigrationPath + "?after=read", 0, 0},
	} {
		m := workView(tt.work)
		if m.Card.Title != tt.title || m.Bar.Label != tt.label || m.Bar.Text != tt.text || m.Then != tt.then || m.Bar.Value != tt.value ||
			m.Bar.Max != tt.max {
			t.Errorf("%+v is shown as %+v", tt.work, m)
		}
	}
}

package access

// BuiltIn returns a new catalogue with the built-in permissions: fourteen resource types and
// eleven permissions on personal data.
func BuiltIn() *Catalogue {
	return newCatalogue(append(resourceRows(), privacyRows()...))
}

const coversAll = "Covers create, edit and delete."

func resourceRows() []ResourceType {
	return []ResourceType{
		fullRow("source", "Event Stream Sources", "Event Stream Source"),
		fullRow("destination", "Destinations", "Destination"),
		fullRow("table", "Tables", "Table"),
		fullRow("sql_model", "SQL Models", "SQL Model"),
		fullRow("audience", "Audiences", "Audience"),
		fullRow("transformation", "Transformations", "Transformation"),
		editRow("transformation_library", "Transformation Libraries", "Transformation Library", coversAll),
		fullRow("tracking_plan", "Tracking Plans", "Tracking Plan"),
		editRow("data_catalog", "Data Catalog", "Data Catalog", coversAll),
		fullRow("profile", "Profiles", "Profile"),
		editRow("alert_override", "Alert Overrides", "Alert Override", "One permission covers everything."),
		editRow("bot_management", "Bot Management", "Bot Management", "One permission covers everything."),
		editRow("credential_store", "Credential Store", "Credential Store", "One permission covers everything."),
		editRow("warehouse_sync", "Warehouse Syncs (retry)", "Warehouse Sync", "Covers retrying a sync."),
	}
}

// fullRow returns a row with the three actions. Edit can be limited. The others are type-wide:
// creating has no resource yet, and Edit on both ends already limits connecting.
func fullRow(typ, label, singular string) ResourceType {
	return ResourceType{Type: typ, Label: label, Singular: singular, Section: SectionResources, Entries: []Entry{
		{Permission: NewPermission(typ, actionEdit), Label: "Edit", Limitable: true},
		{Permission: NewPermission(typ, actionConnect), Label: "Connect"},
		{Permission: NewPermission(typ, actionCreateDelete), Label: "Create & Delete"},
	}}
}

// editRow returns a row with Edit only, for the whole type.
func editRow(typ, label, singular, note string) ResourceType {
	return ResourceType{Type: typ, Label: label, Singular: singular, Section: SectionResources, Entries: []Entry{
		{Permission: NewPermission(typ, actionEdit), Label: "Edit", Note: note},
	}}
}

func privacyRows() []ResourceType {
	live := privacyAction{"live_events", "Live events"}
	failures := privacyAction{"failure_samples", "Failure samples"}
	data := privacyAction{"data_access", "Data access"}
	violations := privacyAction{"violations", "Violations"}
	return []ResourceType{
		privacyRow("source", "Event Stream Sources", "Event Stream Source", live),
		privacyRow("destination", "Destinations", "Destination", live, failures, data),
		privacyRow("table", "Tables", "Table", live),
		privacyRow("sql_model", "SQL Models", "SQL Model", live),
		privacyRow("audience", "Audiences", "Audience", live),
		privacyRow("transformation", "Transformations", "Transformation", live, failures),
		privacyRow("retl_sync", "Reverse ETL Syncs", "Reverse ETL Sync", failures),
		privacyRow("tracking_plan", "Tracking Plans", "Tracking Plan", violations),
	}
}

// privacyAction is a way to view personal data.
type privacyAction struct{ action, label string }

// privacyRow returns a row with permissions to view. Each can be limited and is kept by a
// Read-Only scope.
func privacyRow(typ, label, singular string, actions ...privacyAction) ResourceType {
	row := ResourceType{Type: typ, Label: label, Singular: singular, Section: SectionPII}
	for _, a := range actions {
		row.Entries = append(row.Entries, Entry{
			Permission: NewPermission(typ, a.action), Label: a.label, Limitable: true, ReadOnly: true,
		})
	}
	return row
}

package demo

import (
	"github.com/segmentio/ksuid"

	"latchkey/internal/registry"
)

// resources creates the same resources in both workspaces, connected as in a real
// installation.
func (s *seeder) resources() {
	for _, w := range []string{s.production, s.staging} {
		sources := []string{
			s.add(w, registry.Resource{Type: registry.Source, Name: "Web shop", Definition: "Javascript",
				Config: `{"consent":{"provider":"oneTrust"}}`}),
			s.add(w, registry.Resource{Type: registry.Source, Name: "iOS app", Definition: "iOS"}),
			s.add(w, registry.Resource{Type: registry.Source, Name: "Billing webhooks", Definition: "HTTP"}),
		}
		destinations := []string{
			s.add(w, registry.Resource{Type: registry.Destination, Name: "Snowflake warehouse", Definition: "SNOWFLAKE",
				Config: s.config(`{"account":"acme-eu","syncFrequency":"180"}`,
					`{"account":"acme-eu","user":"latchkey","password":"made-up-for-the-demo","syncFrequency":"180"}`)}),
			s.add(w, registry.Resource{Type: registry.Destination, Name: "Customer.io", Definition: "CUSTOMERIO"}),
			s.add(w, registry.Resource{Type: registry.Destination, Name: "Amplitude", Definition: "AM"}),
		}
		masking := s.script(w, registry.Transformation, "Mask email addresses",
			"import { lookup } from \"geoLookup\";\n\nexport function transformEvent(event) {\n  delete event.context.traits.email;\n  return event;\n}\n")
		s.script(w, registry.Library, "geo-lookup", "export function lookup(address) {\n  return address;\n}\n")
		plan := s.add(w, registry.Resource{Type: registry.TrackingPlan, Name: "Checkout events", Description: "What a checkout sends."})
		for _, other := range [][2]string{{"sql_model", "Monthly active users"}, {"audience", "Trial users"},
			{"table", "orders"}, {"profile", "Customer 360"}} {
			s.add(w, registry.Resource{Type: other[0], Name: other[1]})
		}
		for i := range sources {
			s.connect(w, sources[i], destinations[0])
		}
		s.connect(w, sources[0], destinations[1])
		then := s.ago(40 * day)
		s.try(s.tx.SaveAttachment(s.ctx, registry.Attachment{Destination: destinations[1], Transformation: masking,
			CreatedAt: then, UpdatedAt: then}))
		s.try(s.tx.AddSourceLink(s.ctx, registry.SourceLink{TrackingPlan: plan, Source: sources[0], Config: `{}`,
			CreatedAt: then, UpdatedAt: then}))
		if w == s.staging {
			s.sources = sources
		}
	}
}

// add puts a resource into a workspace and returns its id.
func (s *seeder) add(workspace string, r registry.Resource) string {
	r.ID, r.Workspace, r.Enabled, r.Version, r.CreatedBy = ksuid.New().String(), workspace, true, 1, s.admin.Name
	r.CreatedAt, r.UpdatedAt = s.ago(70*day), s.ago(21*day)
	if r.Config == "" {
		r.Config = "{}"
	}
	if r.Type == registry.Source {
		r.WriteKey = ksuid.New().String()
	}
	public, sealed, err := s.secrets.SealNew(s.ctx, s.tx, registry.Holder{Resource: r.ID, Part: registry.OfResource}, r.Config)
	s.try(err)
	r.Config = public
	s.try(s.tx.AddResource(s.ctx, r))
	if len(sealed) > 0 {
		s.try(s.tx.SaveSealed(s.ctx, registry.Holder{Resource: r.ID, Part: registry.OfResource}, sealed))
	}
	if s.named == nil {
		s.named = map[string]string{}
	}
	s.named[workspace+"/"+r.Name] = r.ID
	return r.ID
}

// config returns the configuration with secrets if they can be sealed.
func (s *seeder) config(without, with string) string {
	if _, ok := s.secrets.Keys.Newest(); !ok {
		return without
	}
	return with
}

// script adds a transformation or a library with one published version.
func (s *seeder) script(workspace, typ, name, code string) string {
	version := ksuid.New().String()
	id := s.add(workspace, registry.Resource{Type: typ, Name: name, ShownVersion: version, Published: true})
	_, err := s.tx.AddVersion(s.ctx, registry.Version{ID: version, Resource: id, Name: name, Language: registry.Languages()[0], Code: code,
		CreatedAt: s.ago(21 * day), CreatedBy: s.admin.Name})
	s.try(err)
	s.try(s.tx.MarkPublished(s.ctx, version))
	return id
}

func (s *seeder) connect(workspace, source, destination string) {
	s.try(s.tx.AddConnection(s.ctx, registry.Connection{ID: ksuid.New().String(), Workspace: workspace, Source: source,
		Destination: destination,
		Enabled:     true, CreatedAt: s.ago(60 * day), UpdatedAt: s.ago(60 * day)}))
}

package access

import "latchkey/internal/fault"

// Plan is what an organization has subscribed to. Decide does not look at it: what a
// plan lacks cannot be set up any more, but what is there goes on.
type Plan string

// The plans. Anything else is treated as Free.
const (
	PlanFree       Plan = "free"
	PlanStarter    Plan = "starter"
	PlanGrowth     Plan = "growth"
	PlanEnterprise Plan = "enterprise"
)

// Feature is something that a plan may include.
type Feature string

// The features.
const (
	FeatureTokens   Feature = "tokens"    // personal and service access tokens
	FeatureGroups   Feature = "groups"    // see also GroupLimit
	FeatureAuditLog Feature = "audit_log" // the audit log page and API
	FeatureSCIM     Feature = "scim"
	FeatureBaseline Feature = "baseline" // editing the Baseline Workspace Policy
	FeaturePII      Feature = "pii"      // the section "Data Privacy (PII)" of policies
)

// UpgradeText is shown beside whatever the plan lacks.
const UpgradeText = "Upgrade to access this feature and additional capabilities."

// ParsePlan reads a stored or configured plan; anything else is fault.Invalid.
func ParsePlan(s string) (Plan, error) {
	switch p := Plan(s); p {
	case PlanFree, PlanStarter, PlanGrowth, PlanEnterprise:
		return p, nil
	}
	return "", fault.NewInvalid("A plan is free, starter, growth or enterprise.")
}

// Label names the plan for people.
func (p Plan) Label() string {
	switch p {
	case PlanStarter:
		return "Starter"
	case PlanGrowth:
		return "Growth"
	case PlanEnterprise:
		return "Enterprise"
	}
	return "Free"
}

// Has reports whether the plan includes the feature.
func (p Plan) Has(f Feature) bool {
	switch f {
	case FeatureTokens:
		return p == PlanStarter || p == PlanGrowth || p == PlanEnterprise
	case FeatureGroups:
		return p == PlanGrowth || p == PlanEnterprise
	case FeatureAuditLog, FeatureSCIM, FeatureBaseline, FeaturePII:
		return p == PlanEnterprise
	}
	return false
}

// GroupLimit is how many groups the plan includes; limited is false when there is no
// limit, and n means nothing then.
func (p Plan) GroupLimit() (n int, limited bool) {
	switch p {
	case PlanEnterprise:
		return 0, false
	case PlanGrowth:
		return 3, true
	}
	return 0, true
}

// MemberLimit is how many members the plan includes; limited as in GroupLimit.
func (p Plan) MemberLimit() (n int, limited bool) {
	switch p {
	case PlanGrowth, PlanEnterprise:
		return 0, false
	}
	return 10, true
}

// Refuses lists what of the change from before to after the plan does not include, by
// permission: privacy permissions that are new or reach further. Those that are there
// may stay, shrink or go, and keep granting.
func (p Plan) Refuses(c *Catalogue, before, after Policy) []fault.Field {
	if p.Has(FeaturePII) {
		return nil
	}
	var out []fault.Field
	for _, gain := range Difference(before, after).Added {
		if c.SectionOf(gain.Permission) == SectionPII {
			out = append(out, fault.Field{Path: string(gain.Permission), Message: UpgradeText})
		}
	}
	return out
}

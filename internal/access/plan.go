package access

import "latchkey/internal/fault"

// Plan is the subscription of an organization. Decide does not check it: features that a plan
// lacks cannot be set up, but what exists already keeps working.
type Plan string

// The plans. Anything else is treated as Free.
const (
	PlanFree       Plan = "free"
	PlanStarter    Plan = "starter"
	PlanGrowth     Plan = "growth"
	PlanEnterprise Plan = "enterprise"
)

// Feature is a feature that a plan can include.
type Feature string

// The features.
const (
	FeatureTokens   Feature = "tokens"    // personal and service access tokens
	FeatureGroups   Feature = "groups"    // see also GroupLimit
	FeatureAuditLog Feature = "audit_log" // the audit log page and API
	FeatureSCIM     Feature = "scim"
	FeatureBaseline Feature = "baseline" // editing the Baseline Workspace Policy
	FeaturePII      Feature = "pii"      // the section "Data Privacy (PII)" of policies
	FeatureSSO      Feature = "sso"      // signing in by identity providers
)

// UpgradeText is shown next to features that the plan lacks.
const UpgradeText = "Upgrade to access this feature and additional capabilities."

// ParsePlan parses a stored or configured plan. Anything else is fault.Invalid.
func ParsePlan(s string) (Plan, error) {
	switch p := Plan(s); p {
	case PlanFree, PlanStarter, PlanGrowth, PlanEnterprise:
		return p, nil
	}
	return "", fault.NewInvalid("The plan must be free, starter, growth or enterprise.")
}

// Label returns the name of the plan for people.
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
	case FeatureAuditLog, FeatureSCIM, FeatureBaseline, FeaturePII, FeatureSSO:
		return p == PlanEnterprise
	}
	return false
}

// GroupLimit returns how many groups the plan includes. If limited is false there is no limit
// and n is meaningless.
func (p Plan) GroupLimit() (n int, limited bool) {
	switch p {
	case PlanEnterprise:
		return 0, false
	case PlanGrowth:
		return 3, true
	}
	return 0, true
}

// MemberLimit returns how many members the plan includes; limited is as in GroupLimit.
func (p Plan) MemberLimit() (n int, limited bool) {
	switch p {
	case PlanGrowth, PlanEnterprise:
		return 0, false
	}
	return 10, true
}

// Refuses returns the parts of a change from before to after that the plan does not include,
// by permission: privacy permissions that are new or reach further. Existing ones can stay,
// shrink or be removed, and keep granting.
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

// Package legacy reads the export of a role-based system and converts its roles, locks and
// privacy lists to policies.
//
// The format is documented in docs/legacy-export.md and docs/legacy-export.schema.json.
// [Read] streams: it holds one element at a time and only ids of the rest of the file. [Rules]
// is pure: the same export always gives the same policies.
//
// The package stores nothing and does not look at existing data: package migration compares an
// export with a live organization and deploys it. Plain-text secrets are hashed while they are
// read and leave the package only as digests.
package legacy

// Package verify turns a presented secret into the principal that it stands for, at the
// speed of memory and with the truth of the database.
//
// # How it stays true
//
// [Authority] keeps the live tokens in an index (digest of the secret → token) and, shared
// by all tokens of one owner in one workspace, what they may do (a standing). Both are
// caches of the database and hold nothing that it does not say:
//
//   - The store hands every committed change to [Authority.Apply] before the transaction's
//     caller goes on. Apply takes what the change touches out of memory, so a request that
//     starts after a change returned cannot see what was before it.
//   - Whoever reads the database to fill the memory notes a generation before reading and
//     keeps the result only if no change came meanwhile. A result that comes too late still
//     serves the request that asked for it, which started before the change returned.
//   - What is not in memory is asked of the database, so an empty memory answers the same,
//     only slower. If Apply cannot learn what a change touched, it empties the memory.
//
// Expiry is compared with the injected clock on each request and is exact to it.
//
// # What it does not do
//
// It decides nothing: that is package access, with the [Verified] principal. It writes
// nothing but when and from where tokens were used ([Authority.Used]), later and in batches. It
// speaks no HTTP. Where several processes share one database, somebody must bring the others'
// changes to Apply and say by a [change.Lease] for how long memory then is true.
package verify

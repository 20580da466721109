package migration

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strconv"

	"github.com/segmentio/ksuid"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/legacy"
	"latchkey/internal/plaintext"
)

// Upload reads an export into the staging area, in short transactions, so that other changes of
// the organization can go on. It calls progress, which may be nil, with the number of elements
// read. The error is Conflict if the staging area is not empty. If the file has mistakes, the
// error is Invalid with all of them, and the staging area stays empty.
func (s *Service) Upload(ctx context.Context, by actor.Standing, fileName string, from io.Reader,
	progress func(elements int)) (Migration, error) {
	if err := s.may(by); err != nil {
		return Migration{}, err
	}
	u := &upload{ctx: ctx, store: s.store, by: by, may: s.may, emails: map[string]string{}}
	if err := u.begin(fileName); err != nil {
		return Migration{}, err
	}
	r, err := s.begin(ctx, by, StepRead)
	if err != nil {
		return Migration{}, errors.Join(err, u.discard())
	}
	u.progress = func(elements int) {
		r.report(Progress{Done: elements})
		if progress != nil {
			progress(elements)
		}
	}
	u.m, err = u.readAll(from)
	r.finish(err)
	s.works.forget(by.Organization, r)
	return u.m, err
}

// readAll reads the whole file, or discards everything if that fails.
func (u *upload) readAll(from io.Reader) (Migration, error) {
	digest := sha256.New()
	summary, err := legacy.Read(io.TeeReader(from, digest), u)
	if err == nil {
		u.m.Summary, u.m.Digest = summary, hex.EncodeToString(digest.Sum(nil))
		err = u.finish()
	}
	if err != nil {
		return Migration{}, errors.Join(err, u.discard())
	}
	return u.m, nil
}

// upload is the reading of one file into the staging area.
type upload struct {
	ctx      context.Context
	store    Store
	by       actor.Standing
	may      func(actor.Standing) error
	progress func(int)
	m        Migration
	items    []Item // read but not written yet
	read     int64
	emails   map[string]string // of members, by id
}

var errMoved = fault.NewConflict("The staging area was reset while the file was read.")

func (u *upload) begin(fileName string) error {
	u.m = Migration{ID: ksuid.New().String(), Organization: u.by.Organization, State: Reading,
		FileName: plaintext.Clip(plaintext.Strip(fileName), 100), CreatedBy: u.by.ID, CreatedByName: u.by.Name}
	return u.store.InTx(u.ctx, u.by.Caller(), func(tx Tx) error {
		if err := u.may(tx.By()); err != nil {
			return err
		}
		if _, err := tx.HoldOrganization(u.ctx, u.by.Organization); err != nil {
			return err
		}
		_, err := tx.Staging(u.ctx, u.by.Organization)
		if err == nil {
			return fault.NewConflict("The staging area is in use. Reset it first.")
		}
		if !fault.Is(err, fault.NotFound) {
			return err
		}
		u.m.CreatedAt = tx.Now()
		return tx.InsertMigration(u.ctx, u.m)
	})
}

// flush writes the items. The staging area may have been reset in the meantime.
func (u *upload) flush() error {
	err := u.store.InTx(u.ctx, u.by.Caller(), func(tx Tx) error {
		if err := u.ours(tx); err != nil {
			return err
		}
		return tx.InsertItems(u.ctx, u.m.ID, u.items)
	})
	u.items = u.items[:0]
	if err == nil {
		u.progress(int(u.read))
	}
	return err
}

// ours returns an error if the caller has lost the permission or the staging area was reset.
func (u *upload) ours(tx Tx) error {
	if err := u.may(tx.By()); err != nil {
		return err
	}
	there, err := tx.Staging(u.ctx, u.by.Organization)
	if fault.Is(err, fault.NotFound) || err == nil && there.ID != u.m.ID {
		return errMoved
	}
	return err
}

func (u *upload) finish() error {
	if err := u.flush(); err != nil {
		return err
	}
	u.m.State = Uploaded
	return u.store.InTx(u.ctx, u.by.Caller(), func(tx Tx) error {
		if err := u.ours(tx); err != nil {
			return err
		}
		if err := tx.UpdateMigration(u.ctx, u.m); err != nil {
			return err
		}
		return tx.AppendEvent(u.ctx, u.m.event(tx.By(), audit.Uploaded))
	})
}

// discard removes a partly read file, even if the request has been canceled.
func (u *upload) discard() error {
	ctx := context.WithoutCancel(u.ctx)
	return u.store.InTx(ctx, actor.System(u.by.Organization), func(tx Tx) error { return tx.DeleteMigration(ctx, u.by.Organization, u.m.ID) })
}

// add takes one element.
func (u *upload) add(i Item, element any) error {
	body, err := json.Marshal(element)
	if err != nil {
		return err
	}
	u.read++
	i.Seq, i.Body = u.read, string(body)
	if u.items = append(u.items, i); len(u.items) < batch {
		return nil
	}
	return u.flush()
}

// Organization and the following methods implement [legacy.Sink].
func (u *upload) Organization(o legacy.Organization) error { u.m.Source = o; return nil }

func (u *upload) Workspace(w legacy.Workspace) error {
	return u.add(Item{Kind: Workspaces, Ref: w.ID, Name: w.Name}, w)
}

func (u *upload) Resource(x legacy.Resource) error {
	return u.add(Item{Kind: Resources, Ref: x.ID, Name: x.Name, Detail: x.Type}, x)
}

func (u *upload) Member(m legacy.Member) error {
	u.emails[m.ID] = m.Email
	return u.add(Item{Kind: Members, Ref: m.ID, Name: m.Name, Detail: m.Email}, m)
}

func (u *upload) Group(g legacy.Group) error {
	detail := strconv.Itoa(len(g.Members)) + " members"
	if len(g.Members) == 1 {
		detail = "1 member"
	}
	return u.add(Item{Kind: Groups, Ref: g.ID, Name: g.Name, Detail: detail}, g)
}

func (u *upload) PersonalToken(t legacy.PersonalToken) error {
	return u.add(Item{Kind: PersonalTokens, Ref: t.ID, Name: t.Name, Detail: t.Scope.Label() + ", of " + u.emails[t.Owner],
		Digest: t.Secret.Digest[:]}, t)
}

func (u *upload) ServiceToken(t legacy.ServiceToken) error {
	level := "Organization"
	if t.Grant.Workspace != "" {
		level = "Workspace"
	}
	return u.add(Item{Kind: ServiceTokens, Ref: t.ID, Name: t.Name, Detail: level, Digest: t.Secret.Digest[:]}, t)
}

// decoded reads an item's element.
func decoded[T any](i Item) (T, error) {
	var element T
	err := json.Unmarshal([]byte(i.Body), &element)
	return element, err
}

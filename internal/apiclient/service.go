package apiclient

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/change"
	"latchkey/internal/fault"
)

// Store is what the service reads outside a transaction, and the way into one.
type Store interface {
	Reader
	// Credentials lists the credentials of every client, of all organizations.
	Credentials(ctx context.Context) ([]Credential, error)
	// InTx runs fn in one write transaction of the caller: all or nothing. It is
	// Unauthenticated when the caller is nobody any more.
	InTx(ctx context.Context, by actor.Caller, fn func(Tx) error) error
}

// Reader is what is read inside and outside a transaction.
type Reader interface {
	// APIClients lists the organization's clients, by name.
	APIClients(ctx context.Context, organization string) ([]Client, error)
	// APIClientSubmitted reports whether creator has registered a client that still is
	// there with this submission key.
	APIClientSubmitted(ctx context.Context, creator, submission string) (bool, error)
}

// Tx is what the service does inside a transaction.
type Tx interface {
	// By returns who acts, with the rights they have in the transaction.
	By() actor.Standing
	Reader
	// InsertAPIClient is a Conflict when the name or the submission key is there already;
	// submission "" is no key.
	InsertAPIClient(ctx context.Context, c Credential, submission string) error
	// DeleteAPIClient is NotFound when there is no such client.
	DeleteAPIClient(ctx context.Context, organization, id string) error
	// DeleteToken marks a token as deleted; NotFound when it is so already.
	DeleteToken(ctx context.Context, organization, id string) error
	// AppendEvent adds to the audit log.
	AppendEvent(ctx context.Context, e audit.Event) error
	// Now is the moment of the transaction.
	Now() time.Time
}

// Deps is what the service is made of. All but Lease are required.
type Deps struct {
	Store     Store
	Catalogue *access.Catalogue
	Lease     *change.Lease // till when memory may be trusted; nil: for ever
}

// Service is the use cases of API clients. It is safe for concurrent use. Wire its Apply
// to the store before the first transaction.
type Service struct {
	store     Store
	catalogue *access.Catalogue
	known     credentials
}

// New wires the service.
func New(d Deps) *Service {
	return &Service{store: d.Store, catalogue: d.Catalogue, known: credentials{store: d.Store, lease: d.Lease}}
}

// what names a client in "was not found".
const what = "That API client"

func (s *Service) mayManage(by actor.Standing) error {
	return access.Decide(s.catalogue, by.Principal, access.ManageAPIClients,
		access.Resource{Organization: by.Organization}).Err("The organization")
}

// List lists the organization's API clients by name. Denied to all but Admins.
func (s *Service) List(ctx context.Context, by actor.Standing) ([]Client, error) {
	if err := s.mayManage(by); err != nil {
		return nil, err
	}
	return s.store.APIClients(ctx, by.Organization)
}

// Get returns one API client; NotFound when there is none, Denied to all but Admins.
func (s *Service) Get(ctx context.Context, by actor.Standing, id string) (Client, error) {
	clients, err := s.List(ctx, by)
	if err != nil {
		return Client{}, err
	}
	return find(clients, id)
}

func find(clients []Client, id string) (Client, error) {
	i := slices.IndexFunc(clients, func(c Client) bool { return c.ID == id })
	if i < 0 {
		return Client{}, fault.NewNotFound(what)
	}
	return clients[i], nil
}

// Register makes an API client with a secret. Denied to all but Admins; Invalid with the
// field "name" or "submission"; Conflict when the form, which has a one-time key, was sent
// before: then nothing is made and no secret comes back.
func (s *Service) Register(ctx context.Context, by actor.Caller, name, submission string) (Registered, error) {
	secret := newSecret()
	c := Credential{Digest: digest(secret.Reveal()), Client: Client{ID: ksuid.New().String(), Hint: hint(secret.Reveal())}}
	err := s.store.InTx(ctx, by, func(tx Tx) error {
		if err := s.mayManage(tx.By()); err != nil {
			return err
		}
		c.Organization, c.CreatedBy, c.CreatedByName, c.CreatedAt = tx.By().Organization, tx.By().ID, tx.By().Name, tx.Now()
		var err error
		if c.Name, err = checkForm(ctx, tx, name, submission); err != nil {
			return err
		}
		if err := tx.InsertAPIClient(ctx, c, submission); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.Created, target(c.Client)).Changed("", c.description()))
	})
	if err != nil {
		return Registered{}, err
	}
	return Registered{Client: c.Client, Secret: secret}, nil
}

// checkForm returns the name as it will be kept.
func checkForm(ctx context.Context, tx Tx, name, submission string) (string, error) {
	const maxSubmission = 128
	if submission == "" || len(submission) > maxSubmission {
		return "", fault.NewInvalid("The form cannot be used any more. Open it again.",
			fault.Field{Path: "submission", Message: "Open the form again."})
	}
	submitted, err := tx.APIClientSubmitted(ctx, tx.By().ID, submission)
	if err != nil {
		return "", err
	}
	if submitted {
		return "", fault.NewConflict("This form was already sent, and the API client exists: its secret was shown once and cannot be shown again. " +
			"If you did not copy it, delete the client and add another.")
	}
	clean, err := account.CleanName(name)
	if err != nil {
		return "", invalidName(fault.Of(err).Message)
	}
	clients, err := tx.APIClients(ctx, tx.By().Organization)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(clients, func(c Client) bool { return strings.EqualFold(c.Name, clean) }) {
		return "", invalidName("Another API client has this name.")
	}
	return clean, nil
}

func invalidName(message string) error {
	return fault.NewInvalid("Some fields need your attention.", fault.Field{Path: "name", Message: message})
}

// Delete ends an API client: its next request is refused. NotFound when there is none,
// Denied to all but Admins.
func (s *Service) Delete(ctx context.Context, by actor.Caller, id string) (Client, error) {
	var c Client
	err := s.store.InTx(ctx, by, func(tx Tx) error {
		if err := s.mayManage(tx.By()); err != nil {
			return err
		}
		organization := tx.By().Organization
		clients, err := tx.APIClients(ctx, organization)
		if err != nil {
			return err
		}
		if c, err = find(clients, id); err != nil {
			return err
		}
		if err := tx.DeleteAPIClient(ctx, organization, id); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.Deleted, target(c)).Changed(c.description(), ""))
	})
	return c, err
}

func target(c Client) audit.Target {
	return audit.Target{Type: audit.TargetAPIClient, ID: c.ID, Name: c.Name}
}

package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/config"
	"latchkey/internal/store/pgtest"
	"latchkey/internal/token"
)

// TestAuditLogs_AReaderMissesNoneAndSeesNoneTwice writes through the servers of one database from
// many sides and reads along through the same servers, as a client does that keeps the last
// event that it has seen.
func TestAuditLogs_AReaderMissesNoneAndSeesNoneTwice(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { readAlong(t, newSite(t)) })
	t.Run("PostgreSQL, two nodes", func(t *testing.T) {
		cfg := config.Config{DatabaseURL: pgtest.Migrated(t), SecretKeyFile: secretKeyFile(t)}
		readAlong(t, newSiteOn(t, cfg), newSiteOn(t, cfg))
	})
}

func readAlong(t *testing.T, nodes ...*site) {
	const writers, each, passes, patience = 6, 8, 10, 20 * time.Second
	ctx, ada, workspace := context.Background(), nodes[0].caller(t, adminEmail), firstWorkspace(t, nodes[0])
	writer, err := nodes[0].app.Tokens.GenerateWorkspace(ctx, ada.Caller(), token.NewWorkspace{Name: "writer", Workspace: workspace,
		Policy: access.BuiltIn().Everything()})
	if err != nil {
		t.Fatal(err)
	}
	exporter, err := nodes[0].app.Tokens.GenerateOrganization(ctx, ada.Caller(), token.NewOrganization{Name: "exporter"})
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	readers := []*follower{{name: "by cursor and time"}, {name: "by time, cursor within a pass", onlyTime: true}}
	began := time.Now()
	var reading, writing sync.WaitGroup
	for i, r := range readers {
		r.client = client{t, nodes[i%len(nodes)].URL, exporter.Secret.Reveal()}
		reading.Go(func() { r.follow(stop) })
	}
	for w := range writers {
		c := client{t, nodes[w%len(nodes)].URL, writer.Secret.Reveal()}
		writing.Go(func() {
			for i := 0; i < each || !enough(readers, passes) && time.Since(began) < patience && !t.Failed(); i++ {
				c.connects(fmt.Sprintf("%d-%d", w, i))
				if i >= each {
					time.Sleep(200 * time.Millisecond) // slow readers must come to the end
				}
			}
		})
	}
	writing.Wait()
	close(stop)
	reading.Wait()
	log, err := nodes[0].app.Store.EventsAfter(ctx, 0, 100_000)
	if err != nil || len(log) < writers*each*5 {
		t.Fatalf("%d events, %v", len(log), err)
	}
	want := make([]string, len(log))
	for i, e := range log {
		want[i] = e.ID
	}
	for _, r := range readers {
		if diff := cmp.Diff(want, r.seen); diff != "" {
			t.Errorf("%s (-want +got)\n%s", r.name, diff)
		}
	}
	if !enough(readers, passes) {
		t.Errorf("the readers did not read %d times in %v while others wrote", passes, patience)
	}
}

// enough reports whether each of the readers has read the log to its end so often. The writers
// go on until then: how fast either is depends on what else the machine does.
func enough(readers []*follower, passes int64) bool {
	for _, r := range readers {
		if r.passes.Load() < passes {
			return false
		}
	}
	return true
}

// client is a program with a token.
type client struct {
	t           *testing.T
	url, secret string
}

// do sends a request and reads the answer, which must be 200, into it.
func (c client) do(method, path, body string, into any) bool {
	r, err := http.NewRequest(method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Error(err)
		return false
	}
	r.Header.Set("Authorization", "Bearer "+c.secret)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Error(err)
		return false
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || json.Unmarshal(text, into) != nil {
		c.t.Errorf("%s %s: %d %s %v", method, path, resp.StatusCode, text, err)
		return false
	}
	return true
}

// connects makes a source, a destination and a connection, whose three events are of one
// transaction.
func (c client) connects(name string) {
	var made struct{ Source, Destination, Connection struct{ ID string } }
	_ = c.do(http.MethodPost, "/v2/sources", `{"name":"source `+name+`","type":"Javascript"}`, &made) &&
		c.do(http.MethodPost, "/v2/destinations", `{"name":"destination `+name+`","type":"POSTGRES"}`, &made) &&
		c.do(http.MethodPost, "/v2/connections", `{"sourceId":"`+made.Source.ID+`","destinationId":"`+made.Destination.ID+`"}`, &made)
}

// follower reads the log to its end again and again, going on from the last event.
type follower struct {
	client
	name     string
	onlyTime bool // a pass begins from the time of the last event; otherwise from its id as well
	seen     []string
	passes   atomic.Int64
}

func (f *follower) follow(stop <-chan struct{}) {
	start := "/v2/audit-logs?per_page=7"
	for last := false; ; f.passes.Add(1) {
		for next := start; next != ""; {
			var page struct {
				Data   []struct{ ID, CreatedAt string }
				Paging struct{ Next string }
			}
			if !f.do(http.MethodGet, next, "", &page) {
				return
			}
			for _, e := range page.Data {
				f.seen = append(f.seen, e.ID)
				start = "/v2/audit-logs?per_page=7&created_after=" + url.QueryEscape(e.CreatedAt)
				if !f.onlyTime {
					start += "&after_cursor=" + e.ID
				}
			}
			next = page.Paging.Next
		}
		if last {
			return
		}
		select {
		case <-stop:
			last = true
		default:
		}
	}
}

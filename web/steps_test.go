package web_test

import (
	"database/sql"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// stepCounter counts the steps of SQLite's virtual machine, which do not depend on the machine or on what
// else it does: a row that is looked at is some five to twenty of them. It counts for all connections that
// are opened after the first call of counter.
type stepCounter struct {
	mu    sync.Mutex
	steps map[string]int // by statement
}

// counted is the one counter: SQLite calls back a plain function.
var counted = &stepCounter{steps: map[string]int{}}

// counter returns the counter, which from then on counts for all connections that are opened.
var counter = sync.OnceValue(func() *stepCounter {
	sqlite.RegisterConnectionHook(func(conn sqlite.ExecQuerierContext, _ string) error {
		c := reflect.ValueOf(conn).Elem()
		tls := (*libc.TLS)(c.FieldByName("tls").UnsafePointer())
		callback := traced
		if rc := sqlite3.Xsqlite3_trace_v2(tls, uintptr(c.FieldByName("db").Uint()), sqlite3.SQLITE_TRACE_PROFILE,
			*(*uintptr)(unsafe.Pointer(&callback)), 0); rc != sqlite3.SQLITE_OK {
			return fmt.Errorf("trace: %d", rc)
		}
		return nil
	})
	return counted
})

// traced is called by SQLite when a statement has run.
var traced = func(tls *libc.TLS, _ uint32, _, statement, _ uintptr) int32 {
	n := sqlite3.Xsqlite3_stmt_status(tls, statement, sqlite3.SQLITE_STMTSTATUS_VM_STEP, 1)
	text := libc.GoString(sqlite3.Xsqlite3_sql(tls, statement))
	counted.mu.Lock()
	defer counted.mu.Unlock()
	counted.steps[text] += int(n)
	return 0
}

// of returns the steps that do needs, and the statements that need most of them.
func (c *stepCounter) of(do func()) (all int, worst string) {
	c.mu.Lock()
	clear(c.steps)
	c.mu.Unlock()
	do()
	c.mu.Lock()
	defer c.mu.Unlock()
	var texts []string
	for text, n := range c.steps {
		all += n
		texts = append(texts, text)
	}
	slices.SortFunc(texts, func(a, b string) int { return c.steps[b] - c.steps[a] })
	for _, text := range texts[:min(3, len(texts))] {
		worst += fmt.Sprintf("\n%9d %s", c.steps[text], strings.Join(strings.Fields(text), " "))
	}
	return all, worst
}

func TestStepCounter_CountsWhatAStatementLooksAt(t *testing.T) {
	c := counter()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	count := func(n int) int {
		steps, _ := c.of(func() {
			var sum int
			err := db.QueryRow(`WITH RECURSIVE r (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r LIMIT $1) SELECT sum(i) FROM r`, n).Scan(&sum)
			if err != nil {
				t.Fatal(err)
			}
		})
		return steps
	}
	if few, many := count(10), count(1000); few == 0 || many < 50*few {
		t.Errorf("10 rows need %d steps, 1000 rows %d", few, many)
	}
}

package vpsorg

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// soon bounds what must end by itself, however slow the machine.
const soon = time.Minute

// operations are all calls that there are.
func operations() []operation {
	return append(append(writes(), reads()...),
		operation{"backups", "GET /backups/", page(0, ""), func(ctx context.Context, c *Client) error {
			_, err := c.ListBackups(ctx, ListBackupsOpts{})
			return err
		}},
		operation{"backup", "POST /backups/", `{"id": 3, "server": 5, "status": "in_progress"}`, func(ctx context.Context, c *Client) error {
			_, err := c.CreateBackup(ctx, CreateBackupOpts{ServerID: 5})
			return err
		}})
}

// readsItsBody says whether the answer to an operation is read: that to a delete or a power action is not.
func readsItsBody(op operation) bool {
	return op.name != "delete" && op.name != "start" && op.name != "stop"
}

// speak is a server that takes requests and then says in bytes whatever say says, until the client has gone.
func speak(t *testing.T, say func(conn net.Conn)) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				request, err := http.ReadRequest(bufio.NewReader(conn))
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, request.Body) // the client may have gone
				say(conn)
			}()
		}
	}()
	return "http://" + listener.Addr().String()
}

// forever writes the same bytes until the client has gone, at most limit bytes.
func forever(conn net.Conn, chunk []byte, limit int) {
	for sent := 0; sent < limit; sent += len(chunk) {
		if _, err := conn.Write(chunk); err != nil {
			return
		}
	}
}

// ended runs an operation that must not take for ever, and returns what it allocated in all, in bytes, and its error.
func ended(t *testing.T, op operation, c *Client) (uint64, error) {
	t.Helper()
	type result struct {
		allocated uint64
		err       error
	}
	done := make(chan result, 1)
	go func() {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := op.call(t.Context(), c)
		runtime.ReadMemStats(&after)
		done <- result{after.TotalAlloc - before.TotalAlloc, err}
	}()
	select {
	case r := <-done:
		return r.allocated, r.err
	case <-time.After(soon):
		require.Fail(t, "the call does not end", op.name)
		return 0, nil
	}
}

// checkLost wants the error of an answer that could not be read: nothing is proved by it, and of a write not even that it
// did not happen.
func checkLost(t *testing.T, op operation, err error) {
	t.Helper()
	e := asError(t, err)
	checkShown(t, err)
	assert.Equal(t, e.Method != http.MethodGet, e.Ambiguous, "%s: %v", op.name, err)
	assert.False(t, e.NotSent)
}

// A body is read up to its limit and no further, whatever length it claims or however far it unfolds.
func TestABodyWithoutEndCostsBoundedMemory(t *testing.T) {
	const huge = 100 << 20
	filler := bytes.Repeat([]byte(" "), 64<<10)
	bomb := gzipped(t, huge)
	for name, say := range map[string]func(net.Conn){
		"100 MB": func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 104857600\r\n\r\n")
			forever(conn, filler, huge)
		},
		"endless": func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
			forever(conn, filler, 100*huge)
		},
		"endless chunks": func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n")
			forever(conn, []byte("1000\r\n"+strings.Repeat(" ", 0x1000)+"\r\n"), 100*huge)
		},
		"a gzip bomb": func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n")
			_, _ = conn.Write(bomb)
		},
	} {
		url := speak(t, say)
		for _, op := range operations() {
			t.Run(name+"/"+op.name, func(t *testing.T) {
				allocated, err := ended(t, op, newTestClient(t, Options{BaseURL: url}))
				if !readsItsBody(op) {
					require.NoError(t, err, "a yes is a yes")
					assert.Less(t, allocated, uint64(4<<20))
					return
				}
				checkLost(t, op, err)
				require.ErrorIs(t, err, ErrMalformed)
				limit := uint64(16 << 20) // a body of 1 MiB, read into a buffer that grows
				if asError(t, err).Op[:4] == "list" {
					limit = 48 << 20 // of 8 MiB
				}
				assert.Less(t, allocated, limit)
			})
		}
	}
}

func TestTheMessageOfAnEndlessErrorCostsBoundedMemory(t *testing.T) {
	bomb := gzipped(t, 100<<20)
	for name, say := range map[string]func(net.Conn){
		"endless": func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n{\"detail\":\"")
			forever(conn, bytes.Repeat([]byte("x"), 64<<10), 1<<33)
		},
		"a gzip bomb": func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n")
			_, _ = conn.Write(bomb)
		},
	} {
		url := speak(t, say)
		for _, op := range operations() {
			t.Run(name+"/"+op.name, func(t *testing.T) {
				allocated, err := ended(t, op, newTestClient(t, Options{BaseURL: url}))
				assert.True(t, IsStatus(err, http.StatusBadRequest), "%v", err)
				assert.False(t, IsAmbiguous(err), "the no was clear")
				assert.Less(t, allocated, uint64(4<<20))
			})
		}
	}
}

// A page is within its size, and its rows unfold in memory.
func TestAPageOfTinyRowsCostsBoundedMemory(t *testing.T) {
	const room = 1 << 20 // the limit is eight times as much
	fill := func(start, unit, end string) string {
		return start + strings.TrimSuffix(strings.Repeat(unit+",", room/(len(unit)+1)), ",") + end
	}
	for name, body := range map[string]string{
		"numbers":       fill(`{"count": 1, "results": [`, `0`, `]}`),
		"empty objects": fill(`{"count": 1, "results": [`, `{}`, `]}`),
		"empty lists":   fill(`{"count": 1, "results": [`, `[]`, `]}`),
		"unknown":       fill(`{"count": 1, "x": [`, `{"":0}`, `], "results": []}`),
		"fields":        fill(`{"count": 1, "results": [{`, `"a":0`, `}]}`),
		"names":         `{"count": 1, "results": [{"id": 1, "server": 5, "status": "s", "name": "` + strings.Repeat("n", room) + `"}]}`,
	} {
		for _, op := range operations() {
			if !strings.HasPrefix(op.good, `{"count"`) {
				continue
			}
			t.Run(name+"/"+op.name, func(t *testing.T) {
				data := []byte(body)
				c := newTestClient(t, Options{BaseURL: "https://api.example", Transport: answers(t, 200, http.Header{}, data)})
				allocated, err := ended(t, op, c)
				checkLost(t, op, err)
				require.ErrorIs(t, err, ErrNotWhole)
				assert.Less(t, allocated, uint64(20*room), "of a page of 1 MiB")
			})
		}
	}
}

func TestRowsWithoutEndAreGivenUp(t *testing.T) {
	c := collector[Snapshot]{decode: decodeSnapshot, seen: map[int64]bool{}, rows: make([]Snapshot, maxRows)}
	_, err := c.add([]byte(page(maxRows+1, "", row(1))))
	assert.ErrorContains(t, err, "more than 200000 rows")
}

package vpsorg

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// gzipped is so many bytes of blanks, packed.
func gzipped(t *testing.T, size int) []byte {
	t.Helper()
	const piece = 1 << 20
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(bytes.Repeat([]byte(" "), piece))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return bytes.Repeat(b.Bytes(), size/piece) // pieces of gzip in a row unfold in a row
}

// Each byte is in time; the answer is not.
func TestAnAnswerThatDripsIsCutByTheTimeOfTheRequest(t *testing.T) {
	t.Parallel()
	starts := map[string]int{ // and the status that is known all the same
		"HTTP/1.1 200":          0,
		"HTTP/1.1 200 OK\r\nX:": 0,
		"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n":          200,
		"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n": 400,
	}
	type dripped struct {
		start string
		op    operation
		err   error
	}
	ends := make(chan dripped)
	began, calls := time.Now(), 0
	for start := range starts {
		url := speak(t, func(conn net.Conn) {
			_, _ = io.WriteString(conn, start)
			for _, err := conn.Write([]byte(" ")); err == nil; _, err = conn.Write([]byte(" ")) {
				time.Sleep(20 * time.Millisecond)
			}
		})
		for _, op := range operations() {
			calls++
			c := newTestClient(t, Options{BaseURL: url, RequestTimeout: 10 * time.Second}) // all at once on a slow machine
			go func() { ends <- dripped{start, op, op.call(t.Context(), c)} }()
		}
	}
	for range calls {
		select {
		case d := <-ends:
			switch status := starts[d.start]; {
			case status == 200 && !readsItsBody(d.op):
				require.NoError(t, d.err)
			case status == 400:
				assert.True(t, IsStatus(d.err, 400) && !IsAmbiguous(d.err), "%v", d.err)
			default:
				checkLost(t, d.op, d.err)
				assert.Equal(t, status, asError(t, d.err).Status)
			}
		case <-time.After(time.Until(began.Add(soon))):
			require.Fail(t, "a call goes on for as long as the answer drips")
		}
	}
}

// raw is an answer in bytes, after which the connection is closed, or reset.
func raw(answer string, reset bool) func(net.Conn) {
	return func(conn net.Conn) {
		_, _ = io.WriteString(conn, answer)
		if tcp, ok := conn.(*net.TCPConn); ok && reset {
			_ = tcp.SetLinger(0)
		}
	}
}

func TestAnAnswerThatIsNotHTTPProvesNothing(t *testing.T) {
	answers := map[string]func(net.Conn){
		"a flood of early hints": func(conn net.Conn) {
			forever(conn, []byte("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"), 1<<30)
		},
		"a flood of continues": func(conn net.Conn) { forever(conn, []byte("HTTP/1.1 100 Continue\r\n\r\n"), 1<<30) },
		"headers without end": func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
			forever(conn, []byte("A: b\r\n"), 1<<30)
		},
		"a header without end": func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nA: ")
			forever(conn, []byte("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"), 1<<30)
		},
		"a status without end": func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 ")
			forever(conn, []byte("OKOKOKOKOKOKOKOKOKOKOKOKOKOKOKOK"), 1<<30)
		},
	}
	for name, answer := range map[string]string{
		"no version":           "200 OK\r\n\r\n{}",
		"a radio":              "ICY 200 OK\r\n\r\n{}",
		"a short status":       "HTTP/1.1 20 OK\r\n\r\n{}",
		"a long status":        "HTTP/1.1 2000 OK\r\n\r\n{}",
		"a negative status":    "HTTP/1.1 -20 OK\r\n\r\n{}",
		"a negative length":    "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}",
		"two lengths":          "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
		"a length of words":    "HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n{}",
		"an unknown encoding":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
		"a NUL in a header":    "HTTP/1.1 200 OK\r\nA: b\x00c\r\n\r\n{}",
		"escapes and no HTTP":  "\x1b[2J\x1b]0;owned\x07\r\n\r\n",
		"the token, and bytes": testToken + "\xff\xfe\x00\r\n\r\n",
	} {
		answers[name] = raw(answer, false)
	}
	for name, say := range answers {
		url := speak(t, say)
		for _, op := range operations() {
			t.Run(name+"/"+op.name, func(t *testing.T) {
				allocated, err := ended(t, op, newTestClient(t, Options{BaseURL: url}))
				checkLost(t, op, err)
				assert.Zero(t, asError(t, err).Status)
				assert.Less(t, allocated, uint64(8<<20))
			})
		}
	}
}

func TestAnAnswerThatBreaksOffProvesNothing(t *testing.T) {
	for name, head := range map[string]string{
		"of a known length":  "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n",
		"of chunks":          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n",
		"of a huge chunk":    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
		"of a chunk of none": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
		"of gzip":            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9999\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff",
		"of HTTP/1.0":        "HTTP/1.0 200 OK\r\n\r\n", // which does not even show that it broke off
	} {
		for _, op := range operations() {
			for _, reset := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/%t", name, op.name, reset), func(t *testing.T) {
					half := op.good[:max(len(op.good)-1, 0)]
					_, err := ended(t, op, newTestClient(t, Options{BaseURL: speak(t, raw(head+half, reset))}))
					if !readsItsBody(op) && err == nil {
						return // a yes is a yes, unless the reset came before it was read
					}
					checkLost(t, op, err)
					assert.False(t, strings.HasPrefix(op.want, http.MethodGet) && Answered(err) && asError(t, err).Status != 200)
				})
			}
		}
	}
}

func TestWhatIsNeitherAYesNorAClearNoLeavesAWriteOpen(t *testing.T) {
	for _, status := range []int{299, 300, 305, 306, 399, 408, 500, 599, 600, 999} {
		for _, op := range operations() {
			answer := fmt.Sprintf("HTTP/1.1 %d Odd\r\nContent-Length: 0\r\n\r\n", status)
			_, err := ended(t, op, newTestClient(t, Options{BaseURL: speak(t, raw(answer, false))}))
			if status == 299 && !readsItsBody(op) {
				require.NoError(t, err)
				continue
			}
			checkLost(t, op, err)
			assert.True(t, IsStatus(err, status), "%s: %v", op.name, err)
		}
	}
}

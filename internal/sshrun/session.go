package sshrun

import (
	"context"
	"io"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// maxSignal is the longest name of a signal that is kept, in bytes.
const maxSignal = 32

// session is a connection on which one command may be sent.
type session struct {
	client   *ssh.Client
	channel  ssh.Channel
	requests <-chan *ssh.Request
}

// close ends everything that goes on over the connection.
func (s *session) close() { _ = s.client.Close() } // closing twice is an error that means nothing

// end is how a command ended.
type end struct {
	code   *int
	signal string
}

// exec sends the command and waits for its end.
func (s *session) exec(ctx context.Context, command string) (Result, error) {
	var (
		out     tail
		readers sync.WaitGroup
		ends    = make(chan end, 1)
		read    = make(chan struct{})
	)
	go watchEnd(s.requests, ends)
	readers.Go(func() { _, _ = io.Copy(&out, s.channel) }) // how a stream ends says nothing about the command
	readers.Go(func() { _, _ = io.Copy(&out, s.channel.Stderr()) })
	go func() { readers.Wait(); close(read) }()

	// From here on the command may have arrived, whatever is said about it.
	accepted, err := s.channel.SendRequest("exec", true, ssh.Marshal(struct{ Command string }{command}))
	switch {
	case err != nil:
		s.close() // the end may have come all the same: it is in ends by now, or it will never be
	case !accepted:
		return Result{Sent: true}, failed(ReasonRefused, nil, "the server let the worker in, but said that it does not run the command: look at the log of its sshd")
	default:
		_ = s.channel.CloseWrite() // a command that reads its input gets none; if this fails, waiting shows why
	}
	ended, ok := awaitEnd(ctx, ends)
	if ok {
		drain(ctx, read)
	}
	result := Result{Sent: true, ExitCode: ended.code, Signal: ended.signal}
	result.Output, result.OutputCut = out.text()
	switch {
	case ok:
		return result, nil
	case ctx.Err() != nil:
		return result, failed(ReasonTimeout, ctx.Err(), "the command did not end in time, and may be running still")
	default:
		return result, failed(ReasonLost, err, "the connection ended before the command did, or the server gave no exit code")
	}
}

// watchEnd delivers the first end that the server reports, and closes ends when there will be none. It answers no to
// everything else the server asks for.
func watchEnd(requests <-chan *ssh.Request, ends chan<- end) {
	defer close(ends)
	known := false
	for req := range requests {
		if e, ok := endOf(req); ok && !known {
			known = true
			ends <- e
		}
		if req.WantReply {
			_ = req.Reply(false, nil) // a dead connection shows in the end of requests
		}
	}
}

// endOf reads the two requests of RFC 4254, section 6.10. What cannot be read says nothing.
func endOf(req *ssh.Request) (end, bool) {
	switch req.Type {
	case "exit-status":
		var status struct{ Code uint32 }
		if ssh.Unmarshal(req.Payload, &status) != nil {
			return end{}, false
		}
		code := int(status.Code)
		return end{code: &code}, true
	case "exit-signal":
		var killed struct {
			Signal   string
			Dumped   bool
			Message  string
			Language string
		}
		if ssh.Unmarshal(req.Payload, &killed) != nil {
			return end{}, false
		}
		return end{signal: signalName(killed.Signal)}, true
	default:
		return end{}, false
	}
}

// signalName keeps what names of signals are made of: the word comes from the server.
func signalName(word string) string {
	word = strings.Map(func(r rune) rune {
		if strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-@._", r) {
			return r
		}
		return -1
	}, word)
	if word == "" {
		return "unknown"
	}
	return word[:min(len(word), maxSignal)]
}

// awaitEnd waits for the command. An end that came before ctx ended counts, whatever is noticed first.
func awaitEnd(ctx context.Context, ends <-chan end) (end, bool) {
	select {
	case e, ok := <-ends:
		return e, ok
	case <-ctx.Done():
	}
	select {
	case e, ok := <-ends:
		return e, ok
	default:
		return end{}, false
	}
}

// drain reads the rest of the output for a while.
func drain(ctx context.Context, read <-chan struct{}) {
	enough := time.NewTimer(drainWithin)
	defer enough.Stop()
	select {
	case <-read:
	case <-enough.C:
	case <-ctx.Done():
	}
}

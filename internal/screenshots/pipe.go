package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// pipe speaks the DevTools protocol over the two pipes of --remote-debugging-pipe: JSON messages, each ended by a zero
// byte. Events are dropped: the pages are polled. It may be used from several goroutines.
type pipe struct {
	to io.Writer

	mu      sync.Mutex // guards what follows, and the writes
	lastID  int
	waiting map[int]chan answer
	closed  error // why there will be no more answers
}

// request is one command to the browser, or to the page that session names.
type request struct {
	ID      int    `json:"id"`
	Session string `json:"sessionId,omitempty"`
	Method  string `json:"method"`
	Params  any    `json:"params,omitempty"`
}

// answer is what the browser says to a request. An event has no id.
type answer struct {
	ID     int             `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

func newPipe(from io.Reader, to io.Writer) *pipe {
	p := &pipe{to: to, waiting: map[int]chan answer{}}
	go p.read(bufio.NewReader(from))
	return p
}

// call sends a command and reads its result into result, unless that is nil.
func (p *pipe) call(ctx context.Context, session, method string, params, result any) error {
	answered, id, err := p.send(session, method, params)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case <-ctx.Done():
		p.forget(id)
		return fmt.Errorf("%s: the browser has not answered: %w", method, ctx.Err())
	case got, ok := <-answered:
		switch {
		case !ok:
			return fmt.Errorf("%s: %w", method, p.why())
		case got.Error != nil:
			return fmt.Errorf("%s: the browser refused: %s", method, got.Error.Message)
		case result == nil:
			return nil
		}
		if err := json.Unmarshal(got.Result, result); err != nil {
			return fmt.Errorf("%s: read the answer: %w", method, err)
		}
		return nil
	}
}

func (p *pipe) send(session, method string, params any) (<-chan answer, int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed != nil {
		return nil, 0, p.closed
	}
	p.lastID++
	message, err := json.Marshal(request{ID: p.lastID, Session: session, Method: method, Params: params})
	if err != nil {
		return nil, 0, fmt.Errorf("write the command: %w", err)
	}
	if _, err := p.to.Write(append(message, 0)); err != nil {
		return nil, 0, fmt.Errorf("send the command: %w", err)
	}
	answered := make(chan answer, 1)
	p.waiting[p.lastID] = answered
	return answered, p.lastID, nil
}

// read hands each answer to whoever waits for it, until the browser is gone.
func (p *pipe) read(from *bufio.Reader) {
	for {
		message, err := from.ReadBytes(0)
		if err != nil {
			p.close(err)
			return
		}
		var got answer
		if err := json.Unmarshal(bytes.TrimSuffix(message, []byte{0}), &got); err != nil {
			p.close(fmt.Errorf("the browser sent something that is no message: %w", err))
			return
		}
		p.mu.Lock()
		if answered, ok := p.waiting[got.ID]; ok {
			answered <- got // has room for the one answer
			delete(p.waiting, got.ID)
		}
		p.mu.Unlock()
	}
}

// close tells everyone who waits that no answer will come.
func (p *pipe) close(err error) {
	if errors.Is(err, io.EOF) {
		err = errors.New("the browser has ended")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = err
	for id, answered := range p.waiting {
		close(answered)
		delete(p.waiting, id)
	}
}

func (p *pipe) why() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

func (p *pipe) forget(id int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.waiting, id)
}

package temporalfake

import (
	"cmp"
	"context"
	"hash/fnv"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

type taskKind string

const (
	workflowTasks taskKind = "workflow"
	activityTasks taskKind = "activity"
)

type queueName struct {
	kind taskKind
	name string
}

// queue is one task queue: tasks that wait for a poller, or pollers that wait for a task.
type queue struct {
	tasks   []queued
	pollers []*poller
}

// queued is a task on a queue. give fills a reply and says whether there still was something to give.
type queued struct {
	key  string
	give func(p *poller) bool
}

// poller is one poll under way.
type poller struct {
	c     *Connection
	reply any
	given chan struct{}
}

func (s *Service) queue(n queueName) *queue {
	q := s.queues[n]
	if q == nil {
		q = &queue{}
		s.queues[n] = q
	}
	return q
}

// push puts a task on a queue; it can be taken after its delay.
func (s *Service) push(n queueName, t queued) {
	s.later("task "+t.key, func() {
		q := s.queue(n)
		q.tasks = append(q.tasks, t)
		s.match(q)
	})
}

// match brings tasks and pollers together. Which process gets a task depends on the task alone, not on who asked first.
func (s *Service) match(q *queue) {
	for len(q.tasks) > 0 {
		p := q.choose(q.tasks[0].key)
		if p == nil {
			return
		}
		t := q.tasks[0]
		q.tasks = q.tasks[1:]
		if t.give(p) {
			q.drop(p)
			close(p.given)
		}
	}
}

// choose picks a poll of one of the processes that can be reached.
func (q *queue) choose(key string) *poller {
	var first []*poller // of each process
	for _, p := range q.pollers {
		if p.c.takesTasks() && !slices.ContainsFunc(first, func(o *poller) bool { return o.c == p.c }) {
			first = append(first, p)
		}
	}
	if len(first) == 0 {
		return nil
	}
	slices.SortFunc(first, func(a, b *poller) int { return cmp.Compare(a.c.name, b.c.name) })
	h := fnv.New32a()
	_, _ = h.Write([]byte(key)) // a hash takes everything
	return first[int(h.Sum32()%uint32(len(first)))]
}

func (q *queue) drop(p *poller) {
	q.pollers = slices.DeleteFunc(q.pollers, func(o *poller) bool { return o == p })
}

// poll waits for a task as long as its process lives. A real service answers an empty poll after a minute; here that
// would only make an idle day cost something.
func (s *Service) poll(ctx context.Context, c *Connection, n queueName, reply any) error {
	p := &poller{c: c, reply: reply, given: make(chan struct{})}
	s.mu.Lock()
	q := s.queue(n)
	q.pollers = append(q.pollers, p)
	s.match(q)
	s.mu.Unlock()
	canceled := ctx.Done()
	for {
		select {
		case <-p.given:
			return nil
		case <-c.gone:
			return s.leave(q, p)
		case <-canceled:
			if status.FromContextError(ctx.Err()).Code() == codes.Canceled {
				return s.leave(q, p)
			}
			canceled = nil // only the poll's own time-out
		}
	}
}

// leave ends a poll without a task, unless one was just given to it.
func (s *Service) leave(q *queue, p *poller) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-p.given:
		return nil
	default:
		q.drop(p)
		return status.Error(codes.Canceled, "the poll was given up")
	}
}

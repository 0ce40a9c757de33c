package watch

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

// The real client is what the poller is for.
var _ API = (*vpsorg.Client)(nil)

// The tests run in synctest bubbles: time is fake and stands still while anything runs, so times can be compared exactly,
// and a goroutine that outlives its test fails it.
const (
	interval = 10 * time.Second
	spacing  = interval / joinFraction
)

// request is one call of the fake API. server is 0 for a list of the whole account.
type request struct {
	kind   string
	server int64
	at     time.Duration // since the fake was made
}

// fakeAPI answers from fields and remembers what it was asked.
type fakeAPI struct {
	began time.Time

	mu        sync.Mutex
	requests  []request
	snapshots []vpsorg.Snapshot
	servers   []vpsorg.Server
	// fail, if set, decides about every request by its kind ("snapshots" or "servers").
	fail func(kind string) error
	// takes is how long a request of a kind lasts, unless its context ends.
	takes map[string]time.Duration
}

func newFakeAPI() *fakeAPI { return &fakeAPI{began: time.Now(), takes: map[string]time.Duration{}} }

func (f *fakeAPI) request(ctx context.Context, kind string, server int64) error {
	f.mu.Lock()
	f.requests = append(f.requests, request{kind, server, time.Since(f.began)})
	takes, fail := f.takes[kind], f.fail
	f.mu.Unlock()
	if takes > 0 {
		select {
		case <-time.After(takes):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if fail != nil {
		return fail(kind)
	}
	return nil
}

// ListSnapshots ignores the filter, as an API that does not know it would.
func (f *fakeAPI) ListSnapshots(ctx context.Context, opts vpsorg.ListSnapshotsOpts) ([]vpsorg.Snapshot, error) {
	err := f.request(ctx, "snapshots", opts.ServerID)
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.snapshots, err
}

func (f *fakeAPI) ListServers(ctx context.Context, _ vpsorg.ListServersOpts) ([]vpsorg.Server, error) {
	err := f.request(ctx, "servers", 0)
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.servers, err
}

func (f *fakeAPI) GetServer(ctx context.Context, serverID int64) (vpsorg.Server, error) {
	err := f.request(ctx, "servers", serverID)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.servers {
		if s.ID == serverID {
			return s, err
		}
	}
	if err == nil {
		err = &vpsorg.Error{Status: 404}
	}
	return vpsorg.Server{}, err
}

// set changes what the API answers, while the poller runs.
func (f *fakeAPI) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// asked returns the requests so far.
func (f *fakeAPI) asked() []request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]request(nil), f.requests...)
}

// times returns when the requests of a kind began.
func (f *fakeAPI) times(kind string) []time.Duration {
	var at []time.Duration
	for _, r := range f.asked() {
		if r.kind == kind {
			at = append(at, r.at)
		}
	}
	return at
}

// next fetches an observation that must come within an hour.
func next[T any](t *testing.T, s *Subscription[T]) Observation[T] {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	o, err := s.Next(ctx)
	require.NoError(t, err)
	return o
}

// servers makes the servers 1 to n.
func servers(n int64) []vpsorg.Server {
	var all []vpsorg.Server
	for id := range n {
		all = append(all, vpsorg.Server{ID: id + 1, Status: "active"})
	}
	return all
}

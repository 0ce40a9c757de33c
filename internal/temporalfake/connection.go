package temporalfake

import (
	"context"
	"fmt"
	"sync"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// Connection is how one process reaches the service: all clients and workers made with it share its fate.
type Connection struct {
	s    *Service
	name string

	mu     sync.Mutex
	mended chan struct{} // closed while the connection is whole
	gone   chan struct{} // closed when the process has died or closed
	dead   bool
}

// Connect makes the connection of a process. Its name must be unique among those that live at the same time.
func (s *Service) Connect(name string) *Connection {
	whole := make(chan struct{})
	close(whole)
	return &Connection{s: s, name: name, mended: whole, gone: make(chan struct{})}
}

// Client makes an SDK client. Nothing that it does reaches a network.
func (c *Connection) Client(o client.Options) (client.Client, error) {
	o.HostPort = "passthrough:///temporalfake"
	o.Identity = c.name
	o.ConnectionOptions.GrpcCompression = &client.GrpcCompressionNone{}
	o.ConnectionOptions.DisableKeepAliveCheck = true
	o.ConnectionOptions.DialOptions = append(o.ConnectionOptions.DialOptions, grpc.WithChainUnaryInterceptor(c.answer))
	return client.NewLazyClient(o)
}

// Cut takes the network to the service away until Mend: requests get no answer, and no task arrives.
func (c *Connection) Cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.whole() {
		c.mended = make(chan struct{})
	}
}

// Mend gives the network back.
func (c *Connection) Mend() {
	c.mu.Lock()
	if !c.whole() {
		close(c.mended)
	}
	c.mu.Unlock()
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	for _, q := range c.s.queues {
		c.s.match(q)
	}
}

// Kill is the end of the process: nothing that it still sends arrives, and no task reaches it.
func (c *Connection) Kill() { c.end(true) }

// Close lets waiting polls go and refuses further ones, as before a clean stop. Results still arrive.
func (c *Connection) Close() { c.end(false) }

func (c *Connection) end(dead bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dead = c.dead || dead
	select {
	case <-c.gone:
	default:
		close(c.gone)
	}
}

// whole must be called with c.mu held.
func (c *Connection) whole() bool {
	select {
	case <-c.mended:
		return true
	default:
		return false
	}
}

func (c *Connection) ended() bool {
	select {
	case <-c.gone:
		return true
	default:
		return false
	}
}

// takesTasks says whether a task that is handed over now arrives.
func (c *Connection) takesTasks() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.whole() && !c.ended()
}

// reaches says whether a request gets through now.
func (c *Connection) reaches() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.whole() && !c.dead
}

// hasty are requests that the SDK sends with a lock held. A cut connection fails them at once instead of keeping them
// waiting: a goroutine that waits for a lock would stop the virtual time, see testing/synctest.
func hasty(req any) bool {
	switch req.(type) {
	case *workflowservice.RecordActivityTaskHeartbeatRequest, *workflowservice.RespondWorkflowTaskCompletedRequest, *workflowservice.RespondWorkflowTaskFailedRequest:
		return true
	default: // sent without a lock
		return false
	}
}

// arrive waits until the request gets through.
func (c *Connection) arrive(ctx context.Context) error {
	for {
		c.mu.Lock()
		whole, dead, mended := c.whole(), c.dead, c.mended
		c.mu.Unlock()
		switch {
		case dead:
			return status.Error(codes.Canceled, "the process has died")
		case whole:
			return nil
		}
		select {
		case <-mended:
		case <-c.gone:
			if c.isDead() {
				return status.Error(codes.Canceled, "the process has died")
			}
			select { // a process that ends in an orderly way still waits for its network
			case <-mended:
			case <-ctx.Done():
				return status.FromContextError(ctx.Err()).Err()
			}
		case <-ctx.Done():
			return status.FromContextError(ctx.Err()).Err()
		}
	}
}

func (c *Connection) isDead() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dead
}

// answer stands where gRPC would go to the network.
func (c *Connection) answer(ctx context.Context, method string, req, reply any, _ *grpc.ClientConn, _ grpc.UnaryInvoker, _ ...grpc.CallOption) error {
	if hasty(req) && !c.reaches() {
		if beat, ok := req.(*workflowservice.RecordActivityTaskHeartbeatRequest); ok && beat.GetDetails() != nil && !c.isDead() {
			// Lost without an error, after any of which the SDK cancels the activity: its attempt goes on while Temporal gives it
			// up, as that of a worker does which was asleep. One without details may be a question, and must not seem answered.
			return nil
		}
		return status.Error(codes.Canceled, "the network is down")
	}
	if err := c.arrive(ctx); err != nil {
		return err
	}
	// What is handed out is a copy: the SDK writes into the histories and payloads that it gets.
	to := reply.(proto.Message)
	fresh := to.ProtoReflect().New().Interface()
	if err := c.s.serve(ctx, c, req, fresh); err != nil {
		if _, ok := status.FromError(err); ok {
			return err
		}
		return serviceerror.ToStatus(err).Err()
	}
	if c.isDead() {
		return status.Error(codes.Canceled, "the process has died")
	}
	proto.Merge(to, fresh)
	return nil
}

// unknown is the answer to a request that the stand-in does not know.
func unknown(req any) error {
	return status.Error(codes.Unimplemented, fmt.Sprintf("the stand-in does not know %T", req))
}

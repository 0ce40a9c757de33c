package cli

import (
	"context"
	"slices"
	"sync/atomic"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// lastError is how the last call to Temporal under a context ended. The client repeats a call that fails until the
// context is over, and then says only that: without this nobody would know whether Temporal answered.
type lastError struct{ last atomic.Pointer[error] }

// lastErrorKey is where a context has its lastError.
type lastErrorKey struct{}

func withLastError(ctx context.Context) (context.Context, *lastError) {
	l := &lastError{}
	return context.WithValue(ctx, lastErrorKey{}, l), l
}

// error is nil when the last call that was answered went well, or none was.
func (l *lastError) error() error {
	if err := l.last.Load(); err != nil {
		return *err
	}
	return nil
}

// noteError is called around each single try of a call. The end of the context is no answer, and changes nothing.
func noteError(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	err := invoke(ctx, method, req, reply, conn, opts...)
	l, ok := ctx.Value(lastErrorKey{}).(*lastError)
	if !ok {
		return err
	}
	switch status.Code(err) {
	case codes.OK:
		l.last.Store(nil)
	case codes.DeadlineExceeded, codes.Canceled:
	default: // Temporal, or the network, said no
		said := serviceerror.FromStatus(status.Convert(err))
		l.last.Store(&said)
	}
	return err
}

// notingErrors is a dial whose connections note how calls end.
func notingErrors(dial func(context.Context, client.Options) (client.Client, error)) func(context.Context, client.Options) (client.Client, error) {
	return func(ctx context.Context, options client.Options) (client.Client, error) {
		options.ConnectionOptions.DialOptions = append(slices.Clone(options.ConnectionOptions.DialOptions), grpc.WithChainUnaryInterceptor(noteError))
		return dial(ctx, options)
	}
}

package temporalclient

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// callTimeout bounds one call: longer only delays the next try.
const callTimeout = 10 * time.Second

// Dial connects and waits until Temporal answers and knows the namespace: a worker that starts before its server, or a
// new server without a namespace, must not need a restart. It ends with ctx, or at once with an error that waiting
// cannot mend (settings, credentials). The SDK logs to logger too.
func Dial(ctx context.Context, options client.Options, logger *slog.Logger) (client.Client, error) {
	options.Logger = sdklog.NewStructuredLogger(logger)
	logger = logger.With("address", options.HostPort, "namespace", options.Namespace)
	var c client.Client
	err := retry(ctx, logger, "waiting for Temporal (TEMPORAL_ADDRESS)", func(ctx context.Context) error {
		var err error
		c, err = client.DialContext(ctx, options)
		if hasCode(err, codes.Unknown) {
			return permanent{fmt.Errorf("cannot connect with these TEMPORAL_* settings: %w", err)}
		}
		return refused(err, "Temporal refuses these credentials (TEMPORAL_API_KEY, TEMPORAL_TLS_*)")
	})
	if err != nil {
		return nil, err
	}
	if err := awaitNamespace(ctx, c.WorkflowService(), options.Namespace, logger); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// awaitNamespace waits until the namespace exists: a new server has none, not even "default".
func awaitNamespace(ctx context.Context, service workflowservice.WorkflowServiceClient, namespace string, logger *slog.Logger) error {
	waiting := fmt.Sprintf("waiting for the namespace: create it with \"temporal operator namespace create --namespace %s\", or set TEMPORAL_NAMESPACE", namespace)
	return retry(ctx, logger, waiting, func(ctx context.Context) error {
		_, err := service.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
		return refused(err, fmt.Sprintf("Temporal refuses to show the namespace %q to these credentials (TEMPORAL_NAMESPACE, TEMPORAL_API_KEY)", namespace))
	})
}

// permanent is an error that waiting cannot mend.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// refused makes an answer that will stay the same permanent: the credentials are read once, at the start.
func refused(err error, text string) error {
	if isDenied(err) || hasCode(err, codes.InvalidArgument) {
		return permanent{fmt.Errorf("%s: %w", text, err)}
	}
	return err
}

func isDenied(err error) bool {
	return hasCode(err, codes.PermissionDenied) || hasCode(err, codes.Unauthenticated)
}

func hasCode(err error, want codes.Code) bool { return err != nil && codeOf(err) == want }

// codeOf finds the gRPC code, which the SDK keeps inside its own error types. Unknown means that there is none: the
// error was made on this side.
func codeOf(err error) codes.Code {
	var own serviceerror.ServiceError
	if errors.As(err, &own) {
		return own.Status().Code()
	}
	var plain interface{ GRPCStatus() *status.Status }
	if errors.As(err, &plain) {
		return plain.GRPCStatus().Code()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return codes.DeadlineExceeded
	}
	return codes.Unknown
}

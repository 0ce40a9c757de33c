package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"google.golang.org/grpc"

	"github.com/safepoint-dev/safepoint/internal/temporalclient"
	"github.com/safepoint-dev/safepoint/workflows"
)

// connect looks at the settings and tries Temporal once.
func (e *examination) connect(ctx context.Context) (c client.Client, first string) {
	options, err := temporalclient.LoadOptions(temporalclient.LoadRequest{Environ: e.app.Environ})
	if err != nil {
		e.bad(findingConnection, "the TEMPORAL_* settings cannot be used", err.Error())
		return nil, findingConnection
	}
	options.Logger = sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)) // the default one writes to the terminal
	e.options = options
	where := fmt.Sprintf("%s (%s)", options.HostPort, securityText(options))
	c, err = e.app.dial(ctx, options)
	switch {
	case err == nil:
		e.ok(findingConnection, where+" answers")
		return c, ""
	case temporalclient.Refused(err):
		e.bad(findingConnection, fmt.Sprintf("%s refuses these credentials: %v", where, err), "check TEMPORAL_API_KEY, TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH")
	case temporalclient.Unusable(err):
		e.bad(findingConnection, fmt.Sprintf("these TEMPORAL_* settings cannot be used: %v", err), "check TEMPORAL_ADDRESS and TEMPORAL_TLS*")
	case options.ConnectionOptions.TLS != nil:
		e.bad(findingConnection, fmt.Sprintf("%s cannot be reached: %v", where, err),
			"check that Temporal runs there and TEMPORAL_ADDRESS, TEMPORAL_TLS_SERVER_CA_CERT_PATH and TEMPORAL_TLS_SERVER_NAME; a server without TLS needs TEMPORAL_TLS=false")
	default:
		e.bad(findingConnection, fmt.Sprintf("%s cannot be reached: %v", where, err),
			"check that Temporal runs there, and TEMPORAL_ADDRESS; a server with TLS needs TEMPORAL_TLS=true or TEMPORAL_API_KEY; `safepoint dev` starts a local stack")
	}
	return nil, findingConnection
}

// securityText says how the connection is secured, never with what.
func securityText(options client.Options) string {
	parts := []string{"no TLS"}
	if t := options.ConnectionOptions.TLS; t != nil {
		parts[0] = "TLS"
		if len(t.Certificates) > 0 || t.GetClientCertificate != nil {
			parts[0] = "TLS with a client certificate"
		}
	}
	if options.Credentials != nil {
		return strings.Join(append(parts, "API key"), ", ")
	}
	return strings.Join(append(parts, "no API key"), ", ")
}

func (e *examination) namespace(ctx context.Context, c client.Client) (first string) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	name := e.options.Namespace
	_, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: name})
	var missing *serviceerror.NamespaceNotFound
	var notFound *serviceerror.NotFound
	switch {
	case err == nil:
		e.ok(findingNamespace, name+" exists")
		return ""
	case errors.As(err, &missing), errors.As(err, &notFound):
		e.bad(findingNamespace, fmt.Sprintf("Temporal has no namespace %s", name),
			"set TEMPORAL_NAMESPACE, or create it", "temporal operator namespace create --namespace "+quote(name))
	case temporalclient.Refused(err):
		e.bad(findingNamespace, fmt.Sprintf("Temporal refuses to show the namespace %s: %v", name, err), "check TEMPORAL_NAMESPACE and TEMPORAL_API_KEY")
	default: // an outage between two calls
		e.bad(findingNamespace, fmt.Sprintf("Temporal did not say whether the namespace %s exists: %v", name, err), "run this again")
	}
	return findingNamespace
}

// readOnlyOperator lists search attributes and adds none: it notes what would be added.
type readOnlyOperator struct {
	temporalclient.OperatorService
	missing map[string]enumspb.IndexedValueType
}

func (o *readOnlyOperator) AddSearchAttributes(_ context.Context, in *operatorservice.AddSearchAttributesRequest, _ ...grpc.CallOption) (*operatorservice.AddSearchAttributesResponse, error) {
	o.missing = in.GetSearchAttributes()
	return nil, serviceerror.NewPermissionDenied("doctor writes nothing", "")
}

// attributes looks for the search attributes by the very code with which a worker registers them, so that both know the
// same names and types.
func (e *examination) attributes(ctx context.Context, c client.Client) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	names := strings.Join([]string{workflows.SearchAttributeServerID, workflows.SearchAttributePhase, workflows.SearchAttributeOutcome}, ", ")
	operator := &readOnlyOperator{OperatorService: c.OperatorService()}
	err := temporalclient.EnsureSearchAttributes(ctx, operator, e.options.Namespace, slog.New(slog.DiscardHandler))
	var wrong *temporalclient.SearchAttributeTypeError
	switch {
	case len(operator.missing) > 0:
		e.bad(findingAttributes, "not registered: "+strings.Join(slices.Sorted(maps.Keys(operator.missing)), ", ")+"; runbooks hang without them",
			"start safepoint-worker again, which registers them, or run", e.createCommands(operator.missing)...)
	case err == nil:
		e.ok(findingAttributes, names+" are registered")
	case errors.As(err, &wrong):
		e.bad(findingAttributes, fmt.Sprintf("%s has the type %s and must be %s; runbooks hang with it", wrong.Name, wrong.Has, wrong.Want),
			"if nothing else uses it, remove it and start safepoint-worker again",
			fmt.Sprintf("temporal operator search-attribute remove --namespace %s --name %s --yes", quote(e.options.Namespace), wrong.Name))
	case errors.Is(err, temporalclient.ErrCannotListSearchAttributes):
		e.warn(findingAttributes, "these credentials may not list search attributes", "look in Temporal's UI that there are "+names)
	default: // Temporal did not answer in time
		e.bad(findingAttributes, fmt.Sprintf("they could not be listed: %v", err), "run this again")
	}
}

// createCommands are one command a name: the temporal CLI registers only the first of several.
func (e *examination) createCommands(missing map[string]enumspb.IndexedValueType) []string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(missing)) {
		lines = append(lines, fmt.Sprintf("temporal operator search-attribute create --namespace %s --name %s --type %s", quote(e.options.Namespace), name, missing[name]))
	}
	return lines
}

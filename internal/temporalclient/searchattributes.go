package temporalclient

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
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/safepoint-dev/safepoint/workflows"
)

// searchAttributes are what the runbooks upsert. A workflow that upserts an unregistered one hangs in task retries.
var searchAttributes = map[string]enumspb.IndexedValueType{
	workflows.SearchAttributeServerID: enumspb.INDEXED_VALUE_TYPE_INT,
	workflows.SearchAttributePhase:    enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	workflows.SearchAttributeOutcome:  enumspb.INDEXED_VALUE_TYPE_KEYWORD,
}

// OperatorService is the part of Temporal's operator service that is used here.
type OperatorService interface {
	ListSearchAttributes(context.Context, *operatorservice.ListSearchAttributesRequest, ...grpc.CallOption) (*operatorservice.ListSearchAttributesResponse, error)
	AddSearchAttributes(context.Context, *operatorservice.AddSearchAttributesRequest, ...grpc.CallOption) (*operatorservice.AddSearchAttributesResponse, error)
}

// ErrCannotListSearchAttributes marks credentials that may not even list them, as with Temporal Cloud's namespace keys.
// The worker may still run: whether they exist is then for a person to know.
var ErrCannotListSearchAttributes = errors.New("these credentials may not list search attributes")

// SearchAttributeTypeError is a search attribute that exists with another type. It is never changed from here.
type SearchAttributeTypeError struct {
	Namespace string
	Name      string
	Has, Want enumspb.IndexedValueType
}

// Error says what to do about the attribute.
func (e *SearchAttributeTypeError) Error() string {
	return fmt.Sprintf("search attribute %s of namespace %q has the type %s and must be %s; if nothing else uses it, remove it with "+
		"\"temporal operator search-attribute remove --namespace %s --name %s\" and start the worker again",
		e.Name, e.Namespace, e.Has, e.Want, e.Namespace, e.Name)
}

// EnsureSearchAttributes registers what is missing and returns when the server shows all of it. The list is compared
// afterwards too, because the server answers an add of another type with yes and keeps the old type. It waits while the
// server cannot answer, until ctx ends.
func EnsureSearchAttributes(ctx context.Context, service OperatorService, namespace string, logger *slog.Logger) error {
	logger = logger.With("namespace", namespace)
	added := false
	return retry(ctx, logger, "waiting for the search attributes", func(ctx context.Context) error {
		missing, err := missingAttributes(ctx, service, namespace)
		if err != nil || len(missing) == 0 {
			return err
		}
		if added {
			return errNotVisible
		}
		if err := addAttributes(ctx, service, namespace, missing); err != nil {
			return err
		}
		added = true
		logger.Info("registered search attributes", "names", slices.Sorted(maps.Keys(missing)))
		return errNotVisible
	})
}

// errNotVisible lets the retry look again after an add: the server shows new attributes only after its cache is renewed.
var errNotVisible = errors.New("the new search attributes are not visible yet")

// missingAttributes compares what there is with what must be.
func missingAttributes(ctx context.Context, service OperatorService, namespace string) (map[string]enumspb.IndexedValueType, error) {
	list, err := service.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if isDenied(err) || hasCode(err, codes.Unimplemented) {
		return nil, permanent{fmt.Errorf("%w; make sure that they exist: %s (%w)", ErrCannotListSearchAttributes, createCommand(namespace, searchAttributes), err)}
	}
	if err != nil {
		return nil, fmt.Errorf("list search attributes: %w", err)
	}
	missing := map[string]enumspb.IndexedValueType{}
	for name, want := range searchAttributes {
		has, ok := list.GetCustomAttributes()[name]
		switch {
		case !ok:
			missing[name] = want
		case has != want:
			return nil, permanent{&SearchAttributeTypeError{Namespace: namespace, Name: name, Has: has, Want: want}}
		}
	}
	return missing, nil
}

// addAttributes takes "already exists" for a yes: another worker may start at this very moment.
func addAttributes(ctx context.Context, service OperatorService, namespace string, missing map[string]enumspb.IndexedValueType) error {
	_, err := service.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{Namespace: namespace, SearchAttributes: missing})
	switch {
	case hasCode(err, codes.AlreadyExists):
		return nil
	case isDenied(err), hasCode(err, codes.Unimplemented), hasCode(err, codes.InvalidArgument), hasCode(err, codes.FailedPrecondition):
		return permanent{fmt.Errorf("search attributes are missing and Temporal refuses to add them; ask an administrator to run: %s (%w)",
			createCommand(namespace, missing), err)}
	case err != nil:
		return fmt.Errorf("add search attributes: %w", err)
	default:
		return nil
	}
}

// createCommand is what a person types to add them: one command each, because the CLI registers only the first of
// several names.
func createCommand(namespace string, attributes map[string]enumspb.IndexedValueType) string {
	var commands []string
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		commands = append(commands, fmt.Sprintf("temporal operator search-attribute create --namespace %s --name %s --type %s", namespace, name, attributes[name]))
	}
	return strings.Join(commands, " && ")
}

package temporalclient

import (
	"context"
	"log/slog"
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// fakeOperator is an operator service: adds show only after `lag` more lists, as with a real server's cache.
type fakeOperator struct {
	attributes map[string]enumspb.IndexedValueType
	pending    map[string]enumspb.IndexedValueType
	lag        int
	lists      []error // errors of the next lists, in order
	addErr     error
	adds       []map[string]enumspb.IndexedValueType
}

func (f *fakeOperator) ListSearchAttributes(_ context.Context, in *operatorservice.ListSearchAttributesRequest, _ ...grpc.CallOption) (*operatorservice.ListSearchAttributesResponse, error) {
	if len(f.lists) > 0 {
		err := f.lists[0]
		f.lists = f.lists[1:]
		if err != nil {
			return nil, err
		}
	}
	if f.pending != nil {
		if f.lag--; f.lag < 0 {
			maps.Copy(f.attributes, f.pending)
		}
	}
	return &operatorservice.ListSearchAttributesResponse{CustomAttributes: maps.Clone(f.attributes)}, nil
}

func (f *fakeOperator) AddSearchAttributes(_ context.Context, in *operatorservice.AddSearchAttributesRequest, _ ...grpc.CallOption) (*operatorservice.AddSearchAttributesResponse, error) {
	f.adds = append(f.adds, in.GetSearchAttributes())
	if f.addErr != nil {
		return nil, f.addErr
	}
	f.pending = in.GetSearchAttributes()
	return &operatorservice.AddSearchAttributesResponse{}, nil
}

func ensure(t *testing.T, f *fakeOperator) error {
	t.Helper()
	if f.attributes == nil {
		f.attributes = map[string]enumspb.IndexedValueType{}
	}
	return EnsureSearchAttributes(t.Context(), f, "ops", slog.New(slog.DiscardHandler))
}

func TestMissingAttributesAreAddedOnceAndAwaited(t *testing.T) {
	f := &fakeOperator{attributes: map[string]enumspb.IndexedValueType{"SafepointPhase": enumspb.INDEXED_VALUE_TYPE_KEYWORD}, lag: 2}
	require.NoError(t, ensure(t, f))
	require.Len(t, f.adds, 1)
	assert.Equal(t, map[string]enumspb.IndexedValueType{
		"SafepointServerId": enumspb.INDEXED_VALUE_TYPE_INT,
		"SafepointOutcome":  enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	}, f.adds[0])
	assert.Equal(t, searchAttributes, f.attributes)
}

func TestAttributesThatExistNeedNoRightToAdd(t *testing.T) {
	f := &fakeOperator{attributes: maps.Clone(searchAttributes), addErr: serviceerror.NewPermissionDenied("no", "")}
	require.NoError(t, ensure(t, f))
	assert.Empty(t, f.adds)
}

func TestAnAttributeOfAnotherTypeIsRefusedAndNeverChanged(t *testing.T) {
	f := &fakeOperator{attributes: maps.Clone(searchAttributes)}
	f.attributes["SafepointServerId"] = enumspb.INDEXED_VALUE_TYPE_KEYWORD
	var wrong *SearchAttributeTypeError
	require.ErrorAs(t, ensure(t, f), &wrong)
	assert.Equal(t, "SafepointServerId", wrong.Name)
	assert.Contains(t, wrong.Error(), "has the type Keyword and must be Int")
	assert.Empty(t, f.adds)
}

func TestAnAddThatKeptAnotherTypeIsFound(t *testing.T) {
	f := &fakeOperator{}
	f.pending = map[string]enumspb.IndexedValueType{"SafepointPhase": enumspb.INDEXED_VALUE_TYPE_TEXT}
	f.lag = 1 // another program adds it with another type between our list and our add
	f.attributes = map[string]enumspb.IndexedValueType{}
	f.addErr = serviceerror.NewAlreadyExists("there")
	var wrong *SearchAttributeTypeError
	require.ErrorAs(t, ensure(t, f), &wrong)
	assert.Equal(t, enumspb.INDEXED_VALUE_TYPE_TEXT, wrong.Has)
}

func TestWithoutTheRightToAddTheErrorIsACommand(t *testing.T) {
	for name, err := range map[string]error{
		"denied":       serviceerror.NewPermissionDenied("no", ""),
		"not offered":  serviceerror.NewUnimplemented("no"),
		"no more room": serviceerror.NewInvalidArgument("too many"),
		"plain status": status.Error(codes.PermissionDenied, "no"),
	} {
		got := ensure(t, &fakeOperator{addErr: err})
		require.Error(t, got, name)
		assert.ErrorIs(t, got, err, name)
		const create = "temporal operator search-attribute create --namespace ops --name "
		assert.ErrorContains(t, got, create+"SafepointOutcome --type Keyword && "+create+"SafepointPhase --type Keyword && "+
			create+"SafepointServerId --type Int", name)
	}
}

func TestWithoutTheRightToListTheCallerMayGoOn(t *testing.T) {
	err := ensure(t, &fakeOperator{lists: []error{serviceerror.NewPermissionDenied("no", "")}})
	require.ErrorIs(t, err, ErrCannotListSearchAttributes)
	assert.ErrorContains(t, err, "search-attribute create")
}

func TestAServerThatCannotAnswerYetIsAskedAgain(t *testing.T) {
	f := &fakeOperator{lists: []error{serviceerror.NewUnavailable("starting"), serviceerror.NewNamespaceNotFound("ops"), nil}}
	require.NoError(t, ensure(t, f))
	assert.Equal(t, searchAttributes, f.attributes)
}

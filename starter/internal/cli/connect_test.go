package cli

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/workflows"
)

// everyCommand is one command line of each that talks to Temporal.
var everyCommand = [][]string{
	{"run", "snapshot-update-verify", "--server=7", "--update=none"}, {"begin", "x", "--server=7"}, {"status", "x"}, {"report", "x"},
	{"report", "x", "--runner=r", "--result=succeeded"}, {"decide", "x", "commit", "--by=ann"}, {"heartbeat", "x", "--runner=r", "--heartbeat-timeout=5s"},
}

func TestOnlyACommandThatStartsARunSaysThatNothingWasStartedWhenTemporalIsOutOfReach(t *testing.T) {
	t.Parallel() // it waits most of its time
	for _, args := range everyCommand {
		got := safepoint(t, unreachable, args...)
		assert.Contains(t, got.err, unreachable, args[0])
		if args[0] == "run" || args[0] == "begin" {
			assert.Equal(t, codeNotChanged, got.code, args[0])
			assert.Contains(t, got.err, "Nothing was started", args[0])
		} else {
			assert.Equal(t, codePerson, got.code, "%s: the change may exist", args[0])
			assert.NotContains(t, got.err, "Nothing was started", args[0])
		}
	}
}

func TestTheFirstContactHasThePatienceOfALaterOne(t *testing.T) {
	t.Parallel() // it waits most of its time
	for _, args := range everyCommand[1:] {
		f, address := newFrontend(t)
		f.answers[workflows.UpdateBegin], f.answers[workflows.UpdateReport] = grant(), workflows.ReportAnswer{Accepted: true}
		f.answers[workflows.UpdateDecide], f.status = workflows.DecideAnswer{Accepted: true}, changing("r")
		var calls atomic.Int32
		var out, errs strings.Builder
		if args[0] == "heartbeat" {
			args = append(slices.Clone(args), "--once")
		}
		Run(t.Context(), args, World{Out: &out, Err: &errs, Outage: time.Minute, Environ: []string{"TEMPORAL_ADDRESS=" + address},
			Dial: func(ctx context.Context, o client.Options) (client.Client, error) {
				if calls.Add(1) == 1 {
					return nil, serviceerror.NewUnavailable("away")
				}
				return client.DialContext(ctx, o)
			}})
		assert.EqualValues(t, 2, calls.Load())
		assert.Contains(t, errs.String(), "trying for up to", "a person sees why nothing happens")
	}
}

func TestAnInterruptWhileTemporalIsOutOfReachEndsAtOnce(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range everyCommand {
		began := time.Now()
		got := safepointIn(t, ctx, unreachable, "", args...)
		assert.Equal(t, codeDetached, got.code, args[0])
		assert.Less(t, time.Since(began), 30*time.Second)
	}
}

func TestADefiniteNoIsBadUsageAndNamesTheSettingsForEveryCommand(t *testing.T) {
	for name, no := range map[string]error{
		"wrong namespace":  serviceerror.NewNamespaceNotFound("prod"),
		"wrong credential": serviceerror.NewPermissionDenied("no", ""),
	} {
		for _, args := range append(everyCommand, []string{"status", "x", "--wait"}) {
			f, address := newFrontend(t)
			f.fails = func(method string) error {
				if strings.HasSuffix(method, "/GetSystemInfo") {
					return nil
				}
				return no
			}
			got := safepoint(t, address, args...)
			assert.Equal(t, codeUsage, got.code, "%s, %s: %s", name, args, got.err)
			assert.Contains(t, got.err, "TEMPORAL_NAMESPACE / TEMPORAL_API_KEY", "%s, %s", name, args)
			f.mu.Lock()
			f.fails = func(string) error { return no }
			f.mu.Unlock()
			got = safepoint(t, address, args...)
			assert.Equal(t, codeUsage, got.code, "%s at the first contact, %s: %s", name, args, got.err)
		}
	}
}

func TestAnAddressWhereNothingListensIsAnOutageAndNotASetting(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	a := newApp(World{Err: &strings.Builder{}, Environ: []string{"TEMPORAL_ADDRESS=" + address}, Dial: client.DialContext})
	_, err = a.connect(t.Context(), reach{})
	var ended *exitError
	require.ErrorAs(t, err, &ended)
	assert.Equal(t, codePerson, ended.code)
	assert.False(t, errors.Is(err, context.Canceled))
}

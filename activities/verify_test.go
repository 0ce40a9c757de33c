package activities

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// scriptProber plays colours, one a round, and repeats the last one for ever.
type scriptProber struct {
	mu     sync.Mutex
	rounds string
	n      int
	// onRound is called in each round, before its result.
	onRound func(ctx context.Context, n int)
}

func (p *scriptProber) Round(ctx context.Context, checks []contract.Check) []contract.CheckResult {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
	if p.onRound != nil {
		p.onRound(ctx, p.n)
	}
	var results []contract.CheckResult
	for _, c := range checks {
		verdict := colours[rune(p.rounds[min(p.n, len(p.rounds))-1])]
		results = append(results, contract.CheckResult{Name: c.Name, Verdict: verdict})
	}
	return results
}

func verifyInput() contract.VerifyInput {
	return contract.VerifyInput{
		Checks: []contract.Check{{Name: "home"}}, Interval: contract.Duration(time.Millisecond),
		Timeout: contract.Duration(time.Minute), Successes: 3, Failures: 3,
	}
}

func TestVerifyEndsWithTheVerdictOfItsRounds(t *testing.T) {
	for name, c := range map[string]struct {
		played  string
		bend    func(*contract.VerifyInput)
		verdict contract.Verdict
		rounds  int
	}{
		"passed":                 {"rggg", nil, contract.VerdictPassed, 4},
		"failed":                 {"grrr", nil, contract.VerdictFailed, 4},
		"inconclusive":           {"ugu", func(in *contract.VerifyInput) { in.Inconclusives = 2 }, contract.VerdictInconclusive, 4},
		"no numbers mean one":    {"g", func(in *contract.VerifyInput) { in.Successes = 0 }, contract.VerdictPassed, 1},
		"nothing to look at":     {"g", func(in *contract.VerifyInput) { in.Checks, in.Inconclusives = nil, 1 }, contract.VerdictInconclusive, 1},
		"no time, still a round": {"g", func(in *contract.VerifyInput) { in.Timeout, in.Successes = 0, 1 }, contract.VerdictPassed, 1},
	} {
		t.Run(name, func(t *testing.T) {
			a, _ := newActivities(&fakeAPI{})
			a.prober = &scriptProber{rounds: c.played}
			in := verifyInput()
			if c.bend != nil {
				c.bend(&in)
			}
			got, err := execute[contract.VerifyResult](t, a, a.Verify, in)
			require.NoError(t, err)
			assert.Equal(t, c.verdict, got.Verdict)
			assert.Equal(t, c.rounds, got.Rounds)
			assert.Len(t, got.Last, len(in.Checks))
			assert.NotEmpty(t, got.Detail)
		})
	}
}

func TestVerifyWaitsItsInitialDelayAndItsTimeOutDoesNotCountIt(t *testing.T) {
	begun := time.Now()
	var first time.Duration // until the first round
	a, _ := newActivities(&fakeAPI{})
	a.prober = &scriptProber{rounds: "u", onRound: func(_ context.Context, n int) {
		if n == 1 {
			first = time.Since(begun)
		}
	}}
	in := verifyInput()
	in.InitialDelay, in.Timeout = contract.Duration(100*time.Millisecond), contract.Duration(50*time.Millisecond)
	got, err := execute[contract.VerifyResult](t, a, a.Verify, in)
	all := time.Since(begun)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, first, in.InitialDelay.Std())
	assert.Equal(t, contract.VerdictInconclusive, got.Verdict)
	// Bounds that no stall of the machine can break: it only makes all longer.
	assert.GreaterOrEqual(t, all, (in.InitialDelay + in.Timeout).Std(), "the time-out begins after the delay")
	assert.GreaterOrEqual(t, got.Took, in.Timeout)
	assert.LessOrEqual(t, got.Took.Std(), all-in.InitialDelay.Std()+time.Millisecond, "the delay is not counted; Took is rounded")
}

func TestARoundThatWasCutDoesNotCount(t *testing.T) {
	a, _ := newActivities(&fakeAPI{})
	stop := make(chan struct{})
	prober := &scriptProber{rounds: "r"}
	a.prober = prober
	env := newEnv(t, a)
	env.SetWorkerStopChannel(stop)
	prober.onRound = func(ctx context.Context, n int) {
		if n == 2 {
			close(stop)
			<-ctx.Done() // the order to stop cuts the round
		}
	}
	var last beat[VerifyProgress]
	var mu sync.Mutex
	env.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
		mu.Lock()
		defer mu.Unlock()
		assert.NoError(t, details.Get(&last))
	})
	in := verifyInput()
	in.Failures = 2
	_, err := env.ExecuteActivity(a.Verify, in)
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	assert.Equal(t, contract.ErrWorkerStopping, app.Type())
	mu.Lock()
	defer mu.Unlock()
	assert.LessOrEqual(t, last.State.Rounds, 1)
}

func TestVerifyGoesOnWithTheRoundsOfAWorkerThatDied(t *testing.T) {
	a, _ := newActivities(&fakeAPI{})
	prober := &scriptProber{rounds: "g"}
	a.prober = prober
	env := newEnv(t, a)
	env.SetHeartbeatDetails(beat[VerifyProgress]{
		Elapsed: contract.Duration(time.Hour),
		State:   VerifyProgress{Rounds: 9, Green: 2, LastRound: contract.VerdictPassed},
	})
	in := verifyInput()
	in.InitialDelay, in.Timeout = contract.Duration(30*time.Minute), contract.Duration(2*time.Hour)
	got, err := runAs[contract.VerifyResult](t, env, a.Verify, in)
	require.NoError(t, err)
	assert.Equal(t, contract.VerdictPassed, got.Verdict)
	assert.Equal(t, 10, got.Rounds)
	assert.Equal(t, 1, prober.n, "neither the delay nor the green row began anew")
	assert.GreaterOrEqual(t, got.Took.Std(), 30*time.Minute)
}

func TestVerifyShowsItsLastLooksInTheHeartbeat(t *testing.T) {
	shown := make(chan VerifyProgress, 1)
	a, _ := newActivities(&fakeAPI{})
	// Only a round sends a heartbeat: after one of the ticker the SDK would hold the next ones back for half a minute.
	a.pace.heartbeat = time.Hour
	var p VerifyProgress
	a.prober = &scriptProber{rounds: "r", onRound: func(_ context.Context, n int) {
		if n != 2 {
			return
		}
		select {
		case p = <-shown:
		case <-time.After(30 * time.Second):
			t.Error("no heartbeat showed the first round")
		}
	}}
	env := newEnv(t, a)
	env.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
		var b beat[VerifyProgress]
		if assert.NoError(t, details.Get(&b)) && b.State.Rounds > 0 {
			select {
			case shown <- b.State:
			default:
			}
		}
	})
	in := verifyInput()
	in.Failures = 2
	_, err := env.ExecuteActivity(a.Verify, in)
	require.NoError(t, err)
	require.Len(t, p.Last, 1)
	assert.Equal(t, contract.VerdictFailed, p.Last[0].Verdict)
}

func serverIs(status contract.ServerStatus) Look[contract.Server] {
	return Look[contract.Server]{Value: contract.Server{ID: testServer, Status: status}}
}

func TestLaw11VerifyAfterAStartLooksOnlyOnceTheServerIsUp(t *testing.T) {
	a, _ := newActivities(&fakeAPI{})
	script := &scriptWatch{}
	script.server.looks = []Look[contract.Server]{
		serverIs(contract.ServerStopped), serverIs(contract.ServerActive), serverIs(contract.ServerStopped), // a flicker
		serverIs(contract.ServerActive), serverIs(contract.ServerActive),
	}
	a.watch, a.prober = script, &scriptProber{rounds: "g"}
	in := verifyInput()
	in.ServerUp, in.Successes = testServer, 1
	got, err := execute[contract.VerifyResult](t, a, a.Verify, in)
	require.NoError(t, err)
	assert.Equal(t, contract.VerdictPassed, got.Verdict)
}

func TestLaw11GreenChecksOfAServerThatIsDownProveNothing(t *testing.T) {
	for name, c := range map[string]struct {
		looks []Look[contract.Server]
		want  contract.Verdict
	}{
		"it stays down":          {[]Look[contract.Server]{serverIs(contract.ServerStopped), serverIs(contract.ServerStopped)}, contract.VerdictFailed},
		"the API cannot be read": {[]Look[contract.Server]{{Err: apiSays(503)}, {Err: apiSays(503)}}, contract.VerdictInconclusive},
	} {
		t.Run(name, func(t *testing.T) {
			a, _ := newActivities(&fakeAPI{})
			script := &scriptWatch{}
			script.server.looks = c.looks
			prober := &scriptProber{rounds: "g"}
			a.watch, a.prober = script, prober
			if c.looks[0].Err != nil {
				a.pace.firstLook = waitedOut
			}
			in := verifyInput()
			in.ServerUp, in.Timeout = testServer, contract.Duration(30*time.Millisecond)
			got, err := execute[contract.VerifyResult](t, a, a.Verify, in)
			require.NoError(t, err)
			assert.Equal(t, c.want, got.Verdict)
			assert.Zero(t, got.Rounds, "not one look at the checks")
			assert.Contains(t, got.Detail, "active")
		})
	}
}

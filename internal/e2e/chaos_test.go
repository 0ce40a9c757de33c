package e2e

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// chaosSize is how much goes wrong. make crashes asks for more than the test's own size.
type chaosSize struct {
	kills, restarts int
	seed            uint64
	// servers and together: how many servers there are, and how many runs are under way at a time. There are more runs
	// than servers that are free, so that runs meet in locks.
	servers, together int
	// queue is how many runs of one server there may be at a time.
	queue int
	// pauseMost is the longest pause between two acts of the mischief.
	pauseMost time.Duration
}

// The test's own size, when nobody asks for another: a minute, most of which is the deadline of a write that was killed.
const (
	fewKills    = 8
	fewRestarts = 1
	fullKills   = 50 // from here on a run is of the full size
)

func (z chaosSize) full() bool { return z.kills >= fullKills }

func chaosSizeOf(t *testing.T) chaosSize {
	t.Helper()
	number := func(name string, otherwise int) int {
		text := os.Getenv(name)
		if text == "" {
			return otherwise
		}
		n, err := strconv.Atoi(text)
		require.NoError(t, err, "%s is a number", name)
		require.GreaterOrEqual(t, n, 0, name)
		return n
	}
	size := chaosSize{
		kills: number("SAFEPOINT_CRASH_KILLS", fewKills), restarts: number("SAFEPOINT_CRASH_SERVER_RESTARTS", fewRestarts),
		seed: uint64(number("SAFEPOINT_CRASH_SEED", int(time.Now().UnixNano()%1_000_000))), servers: 8, together: 8, queue: 2, pauseMost: 1500 * time.Millisecond,
	}
	if size.full() {
		size.servers, size.together, size.queue, size.pauseMost = 14, 14, 3, 4*time.Second
	}
	return size
}

// bound is how long everything may take: what the mischief lasts at the most, and then every run of the longest queue of a
// server. A crash costs a run at most one deadline for each of its writes and one heartbeat time-out for each of its waits.
func (z chaosSize) bound() time.Duration {
	mischief := time.Duration(len(z.plan(newDice(z.seed, 1)))) * (z.pauseMost + aimFor + max(outageMost, clockOffFor))
	if z.full() {
		mischief += longOutage
	}
	oneRun := 2*(contract.CheckedWriteDeadline+chaosSettle) + 2*waitBar + runBar
	return mischief + time.Duration(z.queue)*oneRun
}

// Kill -9 at random moments over a mix of runbooks, with Temporal and the API going away in between.
// Every run must come to one of its documented ends, and what happened at the API must be lawful.
func TestCrashesAtRandomMoments(t *testing.T) {
	t.Parallel()
	size := chaosSizeOf(t)
	again := fmt.Sprintf("SAFEPOINT_CRASH_SEED=%d SAFEPOINT_CRASH_KILLS=%d SAFEPOINT_CRASH_SERVER_RESTARTS=%d", size.seed, size.kills, size.restarts)
	fmt.Println("crashes:", again)
	defer func() {
		if t.Failed() {
			t.Logf("again with %s", again)
		}
	}()
	w := newWorld(t, size)
	begun := time.Now()
	deadline := begun.Add(size.bound())

	crowd := newCrowd(w)
	crowd.work()
	done, err := w.doMischief()
	after := time.Since(begun)
	crowd.stopStarting()
	require.NoError(t, err)
	crowd.ended(deadline)

	ends := w.judge(crowd)
	fmt.Printf("crashes: %s; %s; mischief %s, everything ended after %s (bound %s); seed %d\n",
		done, ends, after.Round(time.Second), time.Since(begun).Round(time.Second), size.bound().Round(time.Second), size.seed)
	require.Equal(t, size.kills, done.kills)
	require.Equal(t, size.restarts, done.restarts)
	w.scanned()
}

package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func results(verdicts ...contract.Verdict) []contract.CheckResult {
	var all []contract.CheckResult
	for _, v := range verdicts {
		all = append(all, contract.CheckResult{Verdict: v})
	}
	return all
}

func TestOneFailedCheckFailsARoundAndOneOpenCheckLeavesItOpen(t *testing.T) {
	const passed, failed, open = contract.VerdictPassed, contract.VerdictFailed, contract.VerdictInconclusive
	assert.Equal(t, open, RoundVerdict(nil), "nothing was looked at")
	assert.Equal(t, passed, RoundVerdict(results(passed, passed)))
	assert.Equal(t, failed, RoundVerdict(results(passed, failed)))
	assert.Equal(t, failed, RoundVerdict(results(open, failed, passed)))
	assert.Equal(t, open, RoundVerdict(results(passed, open, passed)))
	assert.Equal(t, open, RoundVerdict(results(passed, "")), "an unknown word is no pass")
}

func TestARoundKeepsTheOrderOfItsChecksAndNamesTheNameless(t *testing.T) {
	up, down := rawServer(t, hang), refusingAddress(t)
	var checks []contract.Check
	for i := range 20 {
		check := tcpCheck(up)
		if i%3 == 0 {
			check = tcpCheck(down)
		}
		check.Name = ""
		if i%2 == 0 {
			check.Name = fmt.Sprintf("own name %d", i)
		}
		checks = append(checks, check)
	}
	got := New(Options{}).Round(t.Context(), checks)
	require.Len(t, got, len(checks))
	for i, r := range got {
		name, verdict := fmt.Sprintf("check-%d", i+1), contract.VerdictPassed
		if i%2 == 0 {
			name = fmt.Sprintf("own name %d", i)
		}
		if i%3 == 0 {
			verdict = contract.VerdictFailed
		}
		assert.Equal(t, name, r.Name)
		assert.Equal(t, verdict, r.Verdict, r.Detail)
	}
	assert.Empty(t, New(Options{}).Round(t.Context(), nil))
}

func TestARoundLooksAtAFewChecksAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dialled atomic.Int32
		open := make(chan struct{})
		dial := func(context.Context, string, string) (net.Conn, error) {
			dialled.Add(1)
			<-open
			return nil, errors.New("looked")
		}
		checks := make([]contract.Check, 3*roundWidth)
		for i := range checks {
			checks[i] = tcpCheck("web.example.com:80")
		}
		go New(Options{DialContext: dial}).Round(t.Context(), checks)
		synctest.Wait()
		assert.EqualValues(t, roundWidth, dialled.Load())
		close(open)
		synctest.Wait()
		assert.EqualValues(t, len(checks), dialled.Load())
	})
}

func TestARoundAsksTheAPIAtMostOnceAndOnlyAboutSilence(t *testing.T) {
	checks := make([]contract.Check, 12)
	for i := range checks {
		checks[i] = tcpCheck("web.example.com:80")
	}
	t.Run("silence", func(t *testing.T) {
		api := &counter{answer: true}
		prober := New(Options{DialContext: dialFails(errno("connect", syscall.EHOSTUNREACH)), APIReachable: api.reachable})
		assert.Equal(t, contract.VerdictFailed, RoundVerdict(prober.Round(t.Context(), checks)))
		assert.EqualValues(t, 1, api.asked.Load())
		prober.Round(t.Context(), checks)
		assert.EqualValues(t, 2, api.asked.Load(), "the next round must not trust the last one's answer")
	})
	t.Run("an answer", func(t *testing.T) {
		api := &counter{answer: true}
		prober := New(Options{DialContext: dialFails(errno("connect", syscall.ECONNREFUSED)), APIReachable: api.reachable})
		assert.Equal(t, contract.VerdictFailed, RoundVerdict(prober.Round(t.Context(), checks)))
		assert.Zero(t, api.asked.Load())
	})
}

func TestAnInterruptedRoundIsInconclusiveEverywhere(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	checks := []contract.Check{tcpCheck(rawServer(t, hang)), httpCheck("http://" + refusingAddress(t))}
	for _, r := range New(Options{APIReachable: yes}).Round(ctx, checks) {
		requireVerdict(t, contract.VerdictInconclusive, "interrupted", r)
	}
}

func TestALookTellsWhenItBeganAndHowLongItTook(t *testing.T) {
	clock := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tick := func() time.Time { clock = clock.Add(time.Second); return clock }
	began := clock.Add(time.Second)
	got := New(Options{Now: tick}).Look(t.Context(), tcpCheck(rawServer(t, hang)))
	assert.Equal(t, began, got.At)
	assert.Equal(t, time.Second, got.Took.Std())
}

func TestADetailHoldsNoSecretOfTheURL(t *testing.T) {
	secrets := []string{"alice", "hunter2", "s3cret"}
	const login = "alice:hunter2@"
	urls := []string{
		"http://" + login + refusingAddress(t) + "/x?key=s3cret#s3cret",
		"http://" + login + rawServer(t, answerRaw("garbage")) + "/x?key=s3cret",
		"https://" + login + rawServer(t, answerRaw("garbage")) + "/x?key=s3cret",
		site(t, 500, "s3cret"),
		"http://alice:hunter2/x@host/", "http://" + login + "host:bad/", "ftp://" + login + "host/", "http://" + login + "%zz/",
		"http://alice:%zzhunter2@host/", "http://al ice:hunter2@host/",
	}
	for _, url := range urls {
		got := New(Options{APIReachable: yes}).Look(t.Context(), httpCheck(url))
		for _, secret := range secrets {
			assert.NotContains(t, got.Detail, secret, url)
		}
	}
	failing := New(Options{DialContext: dialFails(errors.New("surprise"))})
	got := failing.Look(t.Context(), httpCheck("http://"+login+"web.example.com/?key=s3cret"))
	for _, secret := range secrets {
		assert.NotContains(t, got.Detail, secret)
	}
}

func TestADetailIsOneShortPrintableLine(t *testing.T) {
	assert.Equal(t, "a b c", bounded("a\nb\x1bc", 10))
	assert.Equal(t, "ääää...", bounded(strings.Repeat("ä", 50), 11), "cut between characters")
	for _, limit := range []int{10, 11, 12, 13} {
		cut := bounded(strings.Repeat("ä\xff", 50), limit)
		assert.LessOrEqual(t, len(cut), limit)
		assert.True(t, utf8.ValidString(cut))
	}
	long := New(Options{}).Look(t.Context(), httpCheck("http://"+refusingAddress(t)+"/"+strings.Repeat("long/", 500)))
	requireVerdict(t, contract.VerdictFailed, "refused", long)
}

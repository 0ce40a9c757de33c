package probe

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func TestATCPCheckPassesWhenItIsLetIn(t *testing.T) {
	for name, handle := range map[string]func(net.Conn){"quiet service": hang, "service that hangs up": func(net.Conn) {}} {
		t.Run(name, func(t *testing.T) {
			got := New(Options{}).Look(t.Context(), tcpCheck(rawServer(t, handle)))
			requireVerdict(t, contract.VerdictPassed, "connected", got)
		})
	}
}

func TestATCPCheckFailsWhenItIsRefused(t *testing.T) {
	got := New(Options{APIReachable: no}).Look(t.Context(), tcpCheck(refusingAddress(t)))
	requireVerdict(t, contract.VerdictFailed, "refused", got)
}

// bothKinds makes the same look as an http and as a tcp check.
func bothKinds(t *testing.T, run func(t *testing.T, check contract.Check)) {
	t.Helper()
	t.Run("http", func(t *testing.T) { run(t, httpCheck("http://web.example.com/")) })
	t.Run("https", func(t *testing.T) { run(t, httpCheck("https://web.example.com/")) })
	t.Run("tcp", func(t *testing.T) { run(t, tcpCheck("web.example.com:443")) })
}

func TestAConnectionThatNeverOpensIsJudgedByTheAPI(t *testing.T) {
	bothKinds(t, func(t *testing.T, check contract.Check) {
		check.Timeout = short
		blamed := New(Options{DialContext: dialHangs, APIReachable: yes}).Look(t.Context(), check)
		requireVerdict(t, contract.VerdictFailed, "no connection in time", blamed)
		spared := New(Options{DialContext: dialHangs, APIReachable: no}).Look(t.Context(), check)
		requireVerdict(t, contract.VerdictInconclusive, "no connection in time", spared)
	})
}

func TestAnUnreachableHostIsJudgedByTheAPI(t *testing.T) {
	for _, number := range []syscall.Errno{syscall.EHOSTUNREACH, syscall.ENETUNREACH} {
		bothKinds(t, func(t *testing.T, check contract.Check) {
			dial := dialFails(errno("connect", number))
			blamed := New(Options{DialContext: dial, APIReachable: yes}).Look(t.Context(), check)
			requireVerdict(t, contract.VerdictFailed, "cannot be reached", blamed)
			spared := New(Options{DialContext: dial, APIReachable: no}).Look(t.Context(), check)
			requireVerdict(t, contract.VerdictInconclusive, "cannot be reached", spared)
		})
	}
}

func TestANameThatDoesNotResolveIsInconclusive(t *testing.T) {
	// resolver is Go's own, with a name server that only this test reaches.
	resolver := func(dial func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
		return (&net.Dialer{Resolver: &net.Resolver{PreferGo: true, StrictErrors: true, Dial: dial}}).DialContext
	}
	for name, dial := range map[string]func(context.Context, string, string) (net.Conn, error){
		"no such host":          dialFails(&net.DNSError{Err: "no such host", Name: "web.example.com", IsNotFound: true}),
		"name server refuses":   resolver(dialFails(errno("connect", syscall.ECONNREFUSED))),
		"name server is silent": resolver(dialHangs),
	} {
		t.Run(name, func(t *testing.T) {
			bothKinds(t, func(t *testing.T, check contract.Check) {
				t.Parallel()
				check.Timeout = untilSilent // the look must first come to the name
				got := New(Options{DialContext: dial, APIReachable: yes}).Look(t.Context(), check)
				requireVerdict(t, contract.VerdictInconclusive, "could not resolve the name", got)
			})
		})
	}
}

func TestTroubleOfTheWorkerItselfIsInconclusive(t *testing.T) {
	for name, err := range map[string]error{
		"out of files": errno("socket", syscall.EMFILE), "no local address": errno("connect", syscall.EADDRNOTAVAIL),
		"not permitted": errno("connect", syscall.EACCES), "unforeseen": errors.New("surprise"),
	} {
		t.Run(name, func(t *testing.T) {
			bothKinds(t, func(t *testing.T, check contract.Check) {
				got := New(Options{DialContext: dialFails(err), APIReachable: yes}).Look(t.Context(), check)
				requireVerdict(t, contract.VerdictInconclusive, "this worker", got)
			})
		})
	}
}

func TestACheckThatCannotBeUnderstoodIsInconclusiveAndDialsNobody(t *testing.T) {
	dial := func(context.Context, string, string) (net.Conn, error) {
		t.Error("a check that makes no sense was dialled")
		return nil, errors.New("not reached")
	}
	prober := New(Options{DialContext: dial, APIReachable: yes})
	for _, url := range []string{"", "web", "/healthz", "ftp://web/", "http://", "http://:80/", "http://web:port/", "http://a b/", "://", "http://\x7f/"} {
		requireVerdict(t, contract.VerdictInconclusive, "url of the check is not valid", prober.Look(t.Context(), httpCheck(url)))
	}
	for _, address := range []string{"", "web", ":80", "web:", "web:0", "web:65536", "web:ssh", "web:-1", "a:b:c", "[::1]"} {
		requireVerdict(t, contract.VerdictInconclusive, "address of the check is not valid", prober.Look(t.Context(), tcpCheck(address)))
	}
	for _, kind := range []contract.CheckKind{"", "icmp", "HTTP"} {
		check := contract.Check{Kind: kind, URL: "http://web/", Address: "web:80"}
		requireVerdict(t, contract.VerdictInconclusive, "does not know the check kind", prober.Look(t.Context(), check))
	}
	require.False(t, t.Failed())
}

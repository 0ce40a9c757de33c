package probe

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

const (
	// defaultTimeout bounds one look when the check does not: contract.Check.Timeout documents the same 10s.
	defaultTimeout = 10 * time.Second
	// roundWidth is how many looks of one round run at a time: enough for a server's usual handful of checks, few
	// enough that a long list does not look like an attack or use up the worker's sockets.
	roundWidth = 8
	// reachableTimeout bounds the question to the API, so that a dead network cannot hold a look for ever.
	reachableTimeout = 10 * time.Second
)

// Options is what a Prober needs from its surroundings. The zero value works: it never blames a server for silence.
type Options struct {
	// APIReachable says whether this worker can reach the VPS.org API at this moment (any HTTP answer counts).
	// Time-outs and unreachable hosts are failed only if it says yes. Nil means no.
	APIReachable func(ctx context.Context) bool
	// Now is the clock of the results; default time.Now.
	Now func() time.Time
	// DialContext opens the connections of tcp checks; default a net.Dialer. It must end when its context ends. What it
	// refuses with an *egress.Refusal is inconclusive, in the words of the refusal.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	// DialURL does the same for the http check of a URL; default DialContext.
	DialURL func(ctx context.Context, target *url.URL, network, address string) (net.Conn, error)
	// RootCAs are the authorities that https checks trust; nil means the machine's own.
	RootCAs *x509.CertPool
	// SSH runs the commands of ssh checks; nil means that ssh is not set up on this worker.
	SSH SSH
}

// Prober makes looks. It is safe for use by many goroutines at once.
type Prober struct {
	apiReachable func(ctx context.Context) bool
	now          func() time.Time
	dial         func(ctx context.Context, network, address string) (net.Conn, error)
	dialURL      func(ctx context.Context, target *url.URL, network, address string) (net.Conn, error)
	roots        *x509.CertPool
	ssh          SSH
}

// New makes a Prober.
func New(o Options) *Prober {
	p := &Prober{apiReachable: o.APIReachable, now: o.Now, dial: o.DialContext, dialURL: o.DialURL, roots: o.RootCAs, ssh: o.SSH}
	if p.now == nil {
		p.now = time.Now
	}
	if p.dial == nil {
		// The look's context holds the deadline, so the dialer needs none of its own. No TCP keep-alives: the
		// connection is gone before the first one would be sent.
		p.dial = (&net.Dialer{KeepAlive: -1}).DialContext
	}
	if p.dialURL == nil {
		p.dialURL = func(ctx context.Context, _ *url.URL, network, address string) (net.Conn, error) {
			return p.dial(ctx, network, address)
		}
	}
	return p
}

// Look makes one look of one check. It never returns later than the check's timeout plus the time the API is asked.
func (p *Prober) Look(ctx context.Context, check contract.Check) contract.CheckResult {
	return p.look(ctx, check, p.reachableOnce(ctx))
}

// Round looks at every check once, a few at a time, and returns the results in the order of the checks. The API is
// asked at most once, by the first look that met silence.
func (p *Prober) Round(ctx context.Context, checks []contract.Check) []contract.CheckResult {
	var (
		results   = make([]contract.CheckResult, len(checks))
		reachable = p.reachableOnce(ctx)
		slots     = make(chan struct{}, roundWidth)
		looks     sync.WaitGroup
	)
	for i, check := range checks {
		if check.Name == "" {
			check.Name = fmt.Sprintf("check-%d", i+1)
		}
		slots <- struct{}{} // looks end with ctx or their own timeout, so a slot always comes free
		looks.Go(func() {
			defer func() { <-slots }()
			results[i] = p.look(ctx, check, reachable)
		})
	}
	looks.Wait()
	return results
}

// RoundVerdict joins the verdicts of one round: any failed check fails it, else any inconclusive one leaves it open.
// A round that looked at nothing proves nothing.
func RoundVerdict(results []contract.CheckResult) contract.Verdict {
	if len(results) == 0 {
		return contract.VerdictInconclusive
	}
	round := contract.VerdictPassed
	for _, r := range results {
		switch r.Verdict {
		case contract.VerdictFailed:
			return contract.VerdictFailed
		case contract.VerdictPassed:
		default: // inconclusive, and any word we do not know: neither a pass nor a reason to restore
			round = contract.VerdictInconclusive
		}
	}
	return round
}

// reachableOnce asks the API when first called and remembers the answer.
func (p *Prober) reachableOnce(ctx context.Context) func() bool {
	return sync.OnceValue(func() bool {
		if p.apiReachable == nil {
			return false
		}
		ctx, cancel := context.WithTimeout(ctx, reachableTimeout)
		defer cancel()
		return p.apiReachable(ctx)
	})
}

// look makes the look and turns what was found into a verdict.
func (p *Prober) look(ctx context.Context, check contract.Check, reachable func() bool) contract.CheckResult {
	began := p.now()
	found := p.find(ctx, check)
	verdict, words := found.judge(ctx, reachable)
	return contract.CheckResult{
		Name: check.Name, Verdict: verdict, Detail: bounded(words, detailLimit),
		At: began, Took: contract.Duration(p.now().Sub(began)),
	}
}

// find makes the look under its own deadline, which covers dial, answer and body.
func (p *Prober) find(parent context.Context, check contract.Check) finding {
	timeout := check.Timeout.Std()
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	own := time.Now().Add(timeout)
	ctx, cancel := context.WithDeadline(parent, own)
	defer cancel()

	var found finding
	switch check.Kind {
	case contract.CheckHTTP:
		found = p.lookHTTP(ctx, check)
	case contract.CheckTCP:
		found = p.lookTCP(ctx, check)
	case contract.CheckSSH:
		found = p.lookSSH(ctx, check)
	default: // an input from a newer version, or one that was not validated: no reason to blame the server
		return finding{unsure, fmt.Sprintf("this worker does not know the check kind %q: use %q, %q or %q",
			bounded(string(check.Kind), 32), contract.CheckHTTP, contract.CheckTCP, contract.CheckSSH)}
	}
	// The caller's deadline came before ours: the silence was too short to mean anything.
	if deadline, ok := parent.Deadline(); ok && deadline.Before(own) && found.blame == silent {
		return interrupted
	}
	return found
}

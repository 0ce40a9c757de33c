package activities

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

const mendURL = "check VPS_API_URL of the worker (the vendor's is https://admin.vps.org/api/v1), then start the worker again"

// api judges whether the API can be reached and answers as the API does. A no of its own to the token is such an answer.
func (c *checkup) api() {
	where := "the API at " + c.a.facts.APIURL
	var e *vpsorg.Error
	known := errors.As(c.meErr, &e)
	switch {
	case c.meErr == nil:
		c.usable = true
		c.ok(contract.FindingAPI, where+" answers")
	case !known:
		c.bad(contract.FindingAPI, where+" could not be asked: "+c.meErr.Error(), "look at the worker's log")
	case e.Status == http.StatusUnauthorized, e.Status == http.StatusForbidden:
		c.usable = true
		c.ok(contract.FindingAPI, where+" answers")
	case e.Status == http.StatusTooManyRequests:
		c.bad(contract.FindingAPI, where+" has had too many requests: "+e.Error(), "wait, and lower VPS_RATE_LIMIT of the worker if it comes again")
	case e.Status >= 500:
		c.bad(contract.FindingAPI, where+" is in trouble: "+e.Error(), "look at VPS.org's status and run this again")
	case e.Status != 0: // a redirect, a 404, or a 200 that is not the API's
		c.bad(contract.FindingAPI, where+" answers, but not as the API does: "+e.Error(), mendURL)
	case e.NotSent:
		c.bad(contract.FindingAPI, where+" cannot be reached: "+e.Error(), mendURL+"; if it is right, look at the name resolution, the proxy and the firewall of the worker's machine")
	default: // no answer, or a cut one
		c.bad(contract.FindingAPI, where+" does not answer: "+e.Error(), "look at VPS.org's status and at the network of the worker's machine, and run this again")
	}
}

// token judges the token, and what it may do.
func (c *checkup) token() {
	switch {
	case !c.usable:
		c.unchecked(contract.FindingToken, "api")
		c.unchecked(contract.FindingPermissions, "api")
		return
	case vpsorg.IsStatus(c.meErr, http.StatusUnauthorized):
		c.bad(contract.FindingToken, "the API refuses the token: "+c.meErr.Error(),
			"make a new token on the account's Developers page, put it into VPS_API_TOKEN or the file of VPS_API_TOKEN_FILE, and start the worker again")
		c.unchecked(contract.FindingPermissions, "token")
		return
	case c.meErr != nil: // 403
		c.bad(contract.FindingToken, "the API does not let the token read its own account: "+c.meErr.Error(),
			"any active token may do so: make a new one on the account's Developers page, and start the worker again with it")
		c.unchecked(contract.FindingPermissions, "token")
		return
	}
	c.ok(contract.FindingToken, fmt.Sprintf("works: token %s of the account %s", shownName(c.account.TokenName), shownName(c.account.Email)))
	c.permissions()
}

func shownName(text string) string {
	if text = fit(text, maxAuditText); text != "" {
		return text
	}
	return "(without a name)"
}

// permissions says what the API tells of them, which is not documented. Only words that leave no doubt are judged; what
// the token may read was tried.
func (c *checkup) permissions() {
	const mend = "give the token of VPS_API_TOKEN the right on the account's Developers page"
	var denied []string
	for what, err := range map[string]error{"servers": c.serversErr, "snapshots": c.snapshotsErr} {
		if vpsorg.IsStatus(err, http.StatusForbidden, http.StatusUnauthorized) {
			denied = append(denied, what)
		}
	}
	slices.Sort(denied)
	says := "the API does not say whether it may write"
	if len(c.account.Permissions) > 0 {
		says = "the API says " + fit(strings.Join(c.account.Permissions, ", "), maxInventoryWhy)
	}
	switch {
	case len(denied) > 0:
		c.bad(contract.FindingPermissions, "the token may not list "+strings.Join(denied, " and "), mend)
	case onlyReads(c.account.Permissions):
		c.bad(contract.FindingPermissions, "the token may only read: "+says, mend+": runbooks create, restore and delete snapshots")
	case c.snapshotsErr != nil:
		c.unseen(says, contract.FindingQuota)
	case c.serversErr != nil:
		c.unseen(says, contract.FindingServers)
	case withoutSnapshots(c.account.Permissions):
		c.warn(contract.FindingPermissions, "the token seems not to be allowed to write snapshots: "+says, mend+": runbooks create, restore and delete snapshots")
	default: // what the words allow is not documented
		c.ok(contract.FindingPermissions, "the token lists servers and snapshots; "+says)
	}
}

// unseen says that a list was not refused and yet not read: what the token may do is not known before it is.
func (c *checkup) unseen(says, first string) {
	c.say(contract.FindingPermissions, contract.FindingUnchecked, "what the token may list could not be seen; "+says, "mend "+first+" first")
}

// workerClock compares the worker's clock with Temporal's, which says when this attempt began.
func (c *checkup) workerClock() {
	began := c.info.StartedTime
	if began.IsZero() {
		c.ok(contract.FindingWorkerClock, "Temporal does not say what time it is")
		return
	}
	off := c.now.Sub(began)
	if off.Abs() <= workerClockTolerance {
		c.ok(contract.FindingWorkerClock, "goes with Temporal's")
		return
	}
	c.workerOff = true
	c.bad(contract.FindingWorkerClock, fmt.Sprintf("the worker's clock is %s Temporal's, and the deadlines of writes are measured by both", offText(off)),
		"set the clocks of the worker's machine and of the Temporal server by NTP")
}

// apiClock compares the API's Date with the worker's clock. Nothing is decided by that difference; but a person who reads
// times of both must know it.
func (c *checkup) apiClock(ctx context.Context) {
	now, known := c.a.api.Now()
	switch {
	case !vpsorg.Answered(c.meErr):
		c.unchecked(contract.FindingAPIClock, "api")
		return
	case !known:
		c.warn(contract.FindingAPIClock, "the API's answers bear no Date: ages of snapshots are measured by the worker's clock",
			"look whether VPS_API_URL points at a proxy that drops it or caches")
		return
	}
	local := c.a.pace.now()
	off := now.Sub(local)
	if off.Abs() <= apiClockTolerance {
		c.ok(contract.FindingAPIClock, "goes with the worker's")
		return
	}
	if speed := c.apiSpeed(ctx, now, local); speed >= scaledClock {
		c.ok(contract.FindingAPIClock, fmt.Sprintf("runs about %.0f times as fast as the worker's: a stand-in for the API, such as that of safepoint dev", speed))
		return
	}
	mend := "the worker's clock goes with Temporal's, so it is the API's: tell VPS.org. Ages of snapshots are measured by the API's own clock and stay right"
	if c.workerOff {
		mend = "mend " + contract.FindingWorkerClock + " first"
	}
	c.bad(contract.FindingAPIClock, fmt.Sprintf("the API's clock is %s the worker's", offText(off)), mend)
}

// apiSpeed is how much faster than the worker's the API's clock runs, seen by a second look; 0 when nobody knows.
func (c *checkup) apiSpeed(ctx context.Context, first, local time.Time) float64 {
	gap := time.NewTimer(c.a.pace.clockGap)
	defer gap.Stop()
	select {
	case <-ctx.Done():
		return 0
	case <-gap.C:
	}
	if _, err := c.me(ctx); !vpsorg.Answered(err) {
		return 0
	}
	now, known := c.a.api.Now()
	passed := c.a.pace.now().Sub(local)
	if !known || passed <= 0 {
		return 0
	}
	return now.Sub(first).Seconds() / passed.Seconds()
}

func offText(off time.Duration) string {
	side := "ahead of"
	if off < 0 {
		side = "behind"
	}
	return contract.Duration(off.Abs().Truncate(time.Second)).String() + " " + side
}

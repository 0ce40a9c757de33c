package activities

import (
	"fmt"
	"slices"
	"strings"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
)

// settings says what this worker is set to.
func (c *checkup) settings() {
	f := c.a.facts
	build := shownName(f.Version)
	if f.Build != "" {
		build += fmt.Sprintf(" (deployment %s, build %s)", fit(f.Deployment, maxAuditText), fit(f.Build, maxAuditText))
	}
	queue := fit(c.info.TaskQueue, maxAuditText)
	detail := fmt.Sprintf("safepoint-worker %s, task queues %s and %s, VPS_SETTLE %s, VPS_POLL_INTERVAL %s, VPS_REQUEST_TIMEOUT %s, VPS_RATE_LIMIT %g",
		build, queue, contract.WaitTaskQueue(queue), contract.Duration(c.a.settle), contract.Duration(c.a.poll), f.RequestTimeout, f.RateLimit)
	switch {
	case len(f.Warnings) > 0:
		c.warn(contract.FindingSettings, detail, strings.Join(f.Warnings, "; "))
	case c.a.settle == 0:
		c.warn(contract.FindingSettings, detail, "set VPS_SETTLE to how far the API's lists may lag (30s): without it a snapshot whose answer was lost may be made twice")
	default: // nothing that the worker's start would not have refused
		c.ok(contract.FindingSettings, detail)
	}
}

// egress says what the runbooks of this worker may reach.
func (c *checkup) egress() {
	f := c.a.facts
	urls, ssh, servers := "checks, webhooks and notifications reach public addresses only", "ssh is off", "all servers of the account"
	if f.AllowURLs > 0 {
		urls = fmt.Sprintf("checks, webhooks and notifications reach what SAFEPOINT_ALLOW_URLS names (%s)", counted(f.AllowURLs, "entry", "entries"))
	}
	if f.AllowSSH > 0 {
		ssh = fmt.Sprintf("ssh reaches what SAFEPOINT_ALLOW_SSH names (%s)", counted(f.AllowSSH, "entry", "entries"))
	}
	if f.AllowServers > 0 {
		servers = fmt.Sprintf("the servers that SAFEPOINT_ALLOW_SERVERS names (%s)", counted(f.AllowServers, "entry", "entries"))
	}
	c.ok(contract.FindingEgress, strings.Join([]string{servers, urls, ssh}, "; "))
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// unread says whether a list could not be read, and adds the finding that says so.
func (c *checkup) unread(name, what string, err error) bool {
	switch {
	case !c.usable:
		c.unchecked(name, contract.FindingAPI)
	case c.meErr != nil:
		c.unchecked(name, contract.FindingToken)
	case err != nil:
		c.bad(name, "the list of "+what+" cannot be read: "+err.Error(), "mend the permissions if they are named above; else look at VPS.org's status and run this again")
	default:
		return false
	}
	return true
}

// servers judges the server that is meant, or says how many there are.
func (c *checkup) servers() {
	id := c.in.ServerID
	if id != 0 && c.a.servers != nil && !c.a.servers.Allows(id) {
		c.bad(contract.FindingServers, fmt.Sprintf("the worker may not touch server %d", id), fmt.Sprintf("add %d to SAFEPOINT_ALLOW_SERVERS of the worker and start it again", id))
		return
	}
	if c.unread(contract.FindingServers, "servers", c.serversErr) {
		return
	}
	if id != 0 {
		c.oneServer(id)
		return
	}
	if len(c.list) == 0 {
		c.warn(contract.FindingServers, "the worker sees no server", "check that the token is of the right account, and that SAFEPOINT_ALLOW_SERVERS, if it is set, names its servers")
		return
	}
	c.ok(contract.FindingServers, counted(len(c.list), "server", "servers"))
}

func (c *checkup) oneServer(id int64) {
	at := slices.IndexFunc(c.list, func(s contract.Server) bool { return s.ID == id })
	if at < 0 {
		c.bad(contract.FindingServers, fmt.Sprintf("the account has no server %d", id), "check the number at VPS.org, and that the token is of the right account")
		return
	}
	s := c.list[at]
	detail := fmt.Sprintf("server %d %s is %s", s.ID, fit(s.Name, maxAuditText), fit(string(s.Status), maxAuditText))
	switch s.Status {
	case contract.ServerActive:
		c.ok(contract.FindingServers, detail)
	case contract.ServerSuspended:
		c.bad(contract.FindingServers, detail, "a suspended server cannot be snapshotted or restored: settle that with VPS.org first")
	default: // stopped, restoring, or a word that is not known
		c.warn(contract.FindingServers, detail, "checks of it fail until it is active")
	}
}

// quota names the servers on which no further snapshot fits, or only one.
func (c *checkup) quota() {
	if c.unread(contract.FindingQuota, "snapshots", c.snapshotsErr) {
		return
	}
	if id := c.in.ServerID; id != 0 && c.gone(id) {
		c.unchecked(contract.FindingQuota, contract.FindingServers)
		return
	}
	of, orphans := c.byServer()
	var full, own, nearly []int64
	for id, list := range of {
		switch n := len(list); {
		case n >= retention.QuotaPerServer && slices.ContainsFunc(list, mayGo):
			own = append(own, id)
		case n >= retention.QuotaPerServer:
			full = append(full, id)
		case n == retention.QuotaPerServer-1:
			nearly = append(nearly, id)
		default: // room enough
		}
	}
	c.sayQuota(full, own, nearly, orphans)
}

// gone says that a server is known not to be in the account. Where the servers could not be read, nobody knows.
func (c *checkup) gone(id int64) bool {
	return c.serversErr == nil && !slices.ContainsFunc(c.list, func(s contract.Server) bool { return s.ID == id })
}

// byServer are the snapshots of each server that is asked about, and how many belong to servers that are gone: nobody can
// snapshot one of those any more, so that no room on it is missed.
func (c *checkup) byServer() (of map[int64][]contract.Snapshot, orphans int) {
	there := map[int64]bool{}
	for _, s := range c.list {
		there[s.ID] = true
	}
	of = map[int64][]contract.Snapshot{}
	for _, s := range c.snapshots {
		switch {
		case c.in.ServerID != 0 && s.ServerID != c.in.ServerID:
		case c.serversErr == nil && !there[s.ServerID]:
			orphans++
		default: // of a server that is there, as far as anybody knows
			of[s.ServerID] = append(of[s.ServerID], s)
		}
	}
	return of, orphans
}

func (c *checkup) sayQuota(full, own, nearly []int64, orphans int) {
	var found []string
	for _, list := range []struct {
		what string
		ids  []int64
	}{
		{"no room for one more, and nothing that Safepoint may remove: ", full},
		{"no room for one more unless retention makes it: ", own},
		{"room for one more: ", nearly},
	} {
		if len(list.ids) > 0 {
			found = append(found, list.what+idsText(list.ids))
		}
	}
	if len(found) == 0 {
		found = append(found, fmt.Sprintf("room for two snapshots or more everywhere (at most %d a server)", retention.QuotaPerServer))
	}
	if orphans > 0 { // allowed, and possibly wanted: what is left of a server is not to be mended
		found = append(found, counted(orphans, "snapshot", "snapshots")+" of servers that are not in the account any more")
	}
	detail := strings.Join(found, "; ")
	look := "safepoint snapshots --all"
	if c.in.ServerID != 0 {
		look = fmt.Sprintf("safepoint snapshots --server %d", c.in.ServerID)
	}
	switch {
	case len(full) > 0:
		c.say(contract.FindingQuota, contract.FindingBad, detail, "delete a snapshot at VPS.org that nobody needs; what there is:", look)
	case len(own) > 0:
		c.say(contract.FindingQuota, contract.FindingWarn, detail, "a run under the policy that made them makes room by its rules, another one is refused; what there is:", look)
	case len(nearly) > 0:
		c.say(contract.FindingQuota, contract.FindingWarn, detail, "nothing yet; what there is:", look)
	default: // room everywhere
		c.ok(contract.FindingQuota, detail)
	}
}

// mayGo says whether a policy could remove the snapshot at all.
func mayGo(s contract.Snapshot) bool {
	marker := contract.ParseMarker(s.Description)
	return marker.Managed && !marker.Protected && s.Finished()
}

// idsText names the first servers of a list.
func idsText(ids []int64) string {
	slices.Sort(ids)
	texts := make([]string, 0, contract.MaxCheckupServers)
	for _, id := range ids[:min(len(ids), contract.MaxCheckupServers)] {
		texts = append(texts, fmt.Sprint(id))
	}
	text := "server " + strings.Join(texts, ", ")
	if len(ids) > 1 {
		text = "servers " + strings.Join(texts, ", ")
	}
	if more := len(ids) - len(texts); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

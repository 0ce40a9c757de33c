package devstack

import (
	"maps"
	"slices"
	"strings"
)

// ownPrefixes start the variables that a user may have set for real servers. None of them reaches a process here.
var ownPrefixes = []string{"VPS_", "SAFEPOINT_", "TEMPORAL_"}

// allowURLs names loopback, where the stand-in's sites and their webhooks are: no worker reaches it otherwise.
const allowURLs = "127.0.0.1"

// environment is what is left of environ without the user's own settings, then set.
func environment(environ []string, set map[string]string) []string {
	kept := slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		if _, ok := set[name]; ok {
			return true
		}
		return slices.ContainsFunc(ownPrefixes, func(p string) bool { return strings.HasPrefix(name, p) })
	})
	return append(kept, list(set)...)
}

// list writes variables as name=value, by name.
func list(set map[string]string) []string {
	entries := make([]string, 0, len(set))
	for _, name := range slices.Sorted(maps.Keys(set)) {
		entries = append(entries, name+"="+set[name])
	}
	return entries
}

// temporalEnv points a client at this stack's Temporal and at nothing else: the empty file keeps a temporal.toml of
// the user, which may hold an address and an API key, from being read.
func (s *Stack) temporalEnv() map[string]string {
	return map[string]string{
		"TEMPORAL_ADDRESS":     s.TemporalAddress,
		"TEMPORAL_NAMESPACE":   "default",
		"TEMPORAL_CONFIG_FILE": s.emptyConfig,
	}
}

// workerEnv are the settings of a worker. The API's pace is scaled, so the worker's is too.
func (s *Stack) workerEnv(queue, listen string, own map[string]string) map[string]string {
	set := s.temporalEnv()
	maps.Copy(set, map[string]string{
		"VPS_API_URL":          s.APIURL,
		"VPS_API_TOKEN":        s.token,
		"VPS_POLL_INTERVAL":    "500ms",
		"VPS_SETTLE":           "2s",
		"VPS_RATE_LIMIT":       "50",
		"SAFEPOINT_TASK_QUEUE": queue,
		"SAFEPOINT_LISTEN":     listen,
		"SAFEPOINT_ALLOW_URLS": allowURLs,
	})
	maps.Copy(set, s.opts.WorkerEnv)
	maps.Copy(set, own)
	return set
}

// Env is what another terminal needs to talk to this stack, or to run a worker of its own in it, as name=value.
func (s *Stack) Env() []string {
	set := s.temporalEnv()
	set["SAFEPOINT_TASK_QUEUE"] = s.opts.TaskQueue
	set["VPS_API_URL"] = s.APIURL
	set["VPS_API_TOKEN"] = s.token
	set["SAFEPOINT_ALLOW_URLS"] = allowURLs
	return list(set)
}

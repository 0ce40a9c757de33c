// Package retention decides which snapshots of a server stay and which go, whether one more fits the quota, and which
// snapshots of a policy never got ready.
//
// It is pure: the same list, policy and moment give the same answer, with no clock, no I/O and no state, because it runs
// inside workflow code. Times are the API's own: a snapshot's creation time is compared with those of other snapshots and
// with Options.Now, which is the API's clock too, never with a clock of ours. It must never name for removal what
// Safepoint did not make under the very same policy, what is protected or unfinished, what a runbook may roll back to, or
// the newest completed snapshot of a server (law 4). Every decision carries its reason in plain words.
//
// # The keep rules
//
// They mean what restic's documentation says of its own: a snapshot stays when at least one rule keeps it.
//   - keep_last n: the newest n.
//   - keep_hourly, keep_daily, keep_weekly, keep_monthly n: of the last n hours, days, weeks (Monday to Sunday) and months
//     that have a snapshot at all, the newest one each. Empty ones are not counted. While fewer than n were found, the
//     oldest snapshot stays as well, so that the history reaches as far back as it can.
//   - keep_within d: all that are less than d older than the newest snapshot (not than now: a server whose rotation
//     stopped does not lose its history by it).
//
// Only completed snapshots of the policy count. Protected ones and restore points stay whatever the rules say, but they
// count too, as a tagged snapshot does with restic: a protected one may be the daily of its day. A snapshot dated after
// now by more than Skew, or with no time at all, has no place in the calendar: it stays, and leaves its hour, day, week and
// month to others; for keep_last and min_count it counts at its place in the order.
//
// # Beyond restic
//
//   - expire_after d: what is older than d by now goes even where a keep rule would hold it. Alone, it keeps all the rest.
//   - min_count n: the newest n completed of the policy stay, whatever the keep rules and expire_after say.
//   - Snapshots about to be made count for all of these as if they were there at Now, completed.
//   - Failed snapshots of the policy go, whatever their date: they cannot be restored. Where room is made they go first.
//   - While snapshots hang in progress, no completed one goes for the sake of one more: see PlanQuota.
//
// # Applied twice
//
// What the first pass keeps, a second pass with the same policy and moment keeps too. A bucket's newest snapshot and the
// oldest one stay just that when others go; what expires is the old end of the list, which the rules read last; and a
// snapshot that decides how the list is ordered (one without a time) is never removed under a rule by time. The one
// exception is a policy of keep_last alone on a list where a time is missing: such a list is ordered by id, and once the
// one without a time is gone it is ordered by time.
package retention

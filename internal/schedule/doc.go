// Package schedule turns a schedule file into a Temporal Schedule that starts a runbook, and keeps the two the same.
//
// What it must never do: undo a person's pause, take over a schedule that somebody else made without being told to, or
// write when nothing differs. It holds no cron or calendar code: the server's own decides when a schedule runs, and is
// asked for the times that are shown.
//
// The schedule's requests are made by their protobuf types instead of the SDK's ScheduleClient, for two things that one
// leaves out: calendars as text ("mon-fri"), and the conflict token, without which an update could undo a pause that came
// between its look and its write.
package schedule

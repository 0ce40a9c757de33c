// Package temporalfake is a stand-in for the Temporal service inside one process: workflow ids, histories, task queues,
// timers, activity attempts, children, signals, updates, cancels, terminations and resets. The workers and clients that
// use it are the SDK's own: their requests are answered before they reach a network, see Service.Connect. With
// testing/synctest its time is virtual, and a day of waits takes milliseconds.
//
// It exists for what Temporal's test environment cannot do: two runbooks that want one server, an attempt that still
// runs while the next one has begun, workers that die or are cut off, and resets. What it does was read off histories of
// a real server; conformance_test.go holds them against each other.
//
// Differences from a real server that were left, and why they do not matter to the runbooks:
//   - A workflow task that fails for the fourth time is tried again without a growing pause: no runbook's code fails.
//   - An update survives a failed workflow task; a real server forgets it, and its client's next request brings it back.
//   - A run that continues as new within a second of its begin does so at once; a real server waits for the second to
//     end. Runs that continue as new here take minutes.
//   - A workflow's retry policy is known for failures that are not retryable only, as every failed end of a runbook is.
//   - A repeated request id of a start or a reset is not noticed: the SDK makes a new one each time, and so do people.
//   - An id that is in use is an error or joined; that its run be terminated instead is never asked for.
//   - Names of search attributes, sizes, counts and run ids that are not UUIDs are not checked: the end-to-end tests
//     meet those limits.
//   - A poll waits for ever instead of a minute, and an update's client asks again after 20 seconds: both cost nothing
//     but time, which is virtual.
//
// It must never be used by a program that does real work: it keeps nothing when its process ends. It knows no
// namespaces, schedules, queries, versions of workers or workflow time-outs, and says so when it is asked for one.
package temporalfake

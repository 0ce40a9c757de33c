// Package temporalfake is a stand-in for the Temporal service inside one process: workflow ids, histories, task queues,
// timers, activity attempts, children, signals, updates, cancels, terminations and resets. The workers and clients that
// use it are the SDK's own: their requests are answered before they reach a network, see Service.Connect. With
// testing/synctest its time is virtual, and a day of waits takes milliseconds.
//
// It exists for what Temporal's test environment cannot do: two runbooks that want one server, an attempt that still
// runs while the next one has begun, workers that die or are cut off, and resets. What it does was read off histories of
// a real server; conformance_test.go holds them against each other.
//
// It must never be used by a program that does real work: it keeps nothing when its process ends. It knows no
// namespaces, schedules, queries, versions of workers or workflow time-outs, and says so when it is asked for one.
package temporalfake

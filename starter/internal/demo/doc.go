// Package demo is `safepoint demo`: four runs side by side on a local stack, two of them with the worker killed under
// them. It judges the runs by what the servers serve afterwards, not only by what the runs say.
//
// It must never touch anything but the stack that it started itself.
package demo

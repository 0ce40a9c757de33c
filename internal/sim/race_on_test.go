//go:build race

package sim

// shuffled says that the race detector shuffles goroutines that run in the same moment.
const shuffled = true

package sim

import "runtime"

const (
	// parkedStacks are many more than a world's own idle goroutines: they make the average.
	parkedStacks = 500
	// usedStack is in bytes. New goroutines begin with the next power of two, 64 KiB.
	usedStack = 48 << 10
)

// startWithDeepStacks makes goroutines begin with the stack that most of them come to need. With
// GODEBUG=adaptivestackstart=1 Go gives a new one as much as those in use have on average, and counts at each collection:
// parked ones with deep stacks raise that average. Growing the stacks of the SDK's tasks, each in a goroutine of its
// own, took a third of the simulation's time. The goroutines stay for as long as the process.
func startWithDeepStacks() {
	parked := make(chan struct{})
	for range parkedStacks {
		go park(parked)
		<-parked
	}
	runtime.GC()
}

//go:noinline
func park(parked chan<- struct{}) byte {
	var used [usedStack]byte
	parked <- struct{}{}
	<-forEver
	return used[len(used)-1]
}

var forEver = make(chan struct{})

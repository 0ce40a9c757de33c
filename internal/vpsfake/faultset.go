package vpsfake

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// faultSet holds the faults in the order they were set. It is guarded by Fake.mu.
type faultSet struct {
	faults []*Fault
	nextID int
	random *rand.Rand // made at the first fault with a chance
	// gates are what held requests wait for, by the fault's id. They outlive a fault that is used up, until it is removed.
	gates map[string]chan struct{}
}

// SetFault sets a fault and answers its id. It panics when the fault is not valid, because a fault that never happens
// makes a test that proves nothing.
func (f *Fake) SetFault(t Fault) (id string) {
	if err := t.Validate(); err != nil {
		panic(fmt.Sprintf("vpsfake: %v", err))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if t.Kind == ForeignRestore && t.Op == "" {
		f.beginForeignRestore(f.clock.now(), f.mustServer(t.ServerID))
		return ""
	}
	return f.faults.add(t)
}

// ClearFaults removes every fault and lets every held request go. What has begun otherwise goes on as it began.
func (f *Fake) ClearFaults() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults.faults = nil
	for id := range f.faults.gates {
		f.faults.open(id)
	}
}

// RemoveFault removes one fault and lets the requests go that it holds; an id that is not there is no matter.
func (f *Fake) RemoveFault(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults.faults = slices.DeleteFunc(f.faults.faults, func(t *Fault) bool { return t.ID == id })
	f.faults.open(id)
}

// Faults are the faults that are still set, with how often each has happened.
func (f *Fake) Faults() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := []Fault{}
	for _, t := range f.faults.faults {
		all = append(all, *t)
	}
	return all
}

func (s *faultSet) add(t Fault) string {
	s.nextID++
	t.ID, t.Hits = fmt.Sprintf("f%d", s.nextID), 0
	s.faults = append(s.faults, &t)
	if t.Kind == Held {
		if s.gates == nil {
			s.gates = map[string]chan struct{}{}
		}
		s.gates[t.ID] = make(chan struct{})
	}
	return t.ID
}

// open lets the requests go that a held fault holds; any other id is no matter.
func (s *faultSet) open(id string) {
	if gate, ok := s.gates[id]; ok {
		close(gate)
		delete(s.gates, id)
	}
}

// takeForRequest uses up the first fault that happens to the request itself.
func (s *faultSet) takeForRequest(e *record) (Fault, bool) {
	return s.take(e, FaultKind.ofRequest)
}

// takeKind uses up the first fault of one kind.
func (s *faultSet) takeKind(e *record, kind FaultKind) (Fault, bool) {
	return s.take(e, func(k FaultKind) bool { return k == kind })
}

func (s *faultSet) take(e *record, wanted func(FaultKind) bool) (Fault, bool) {
	for i, t := range s.faults {
		if !wanted(t.Kind) || !t.matches(e) {
			continue
		}
		if t.Skip > 0 {
			t.Skip--
			continue
		}
		if t.Chance > 0 && s.dice() >= t.Chance {
			continue
		}
		t.Hits++
		if t.Times > 0 && t.Hits >= t.Times {
			s.faults = slices.Delete(s.faults, i, i+1)
		}
		e.Faults = append(e.Faults, t.Kind)
		return *t, true
	}
	return Fault{}, false
}

// dice throws the set's own dice, always the same sequence.
func (s *faultSet) dice() float64 {
	if s.random == nil {
		s.random = rand.New(rand.NewPCG(1, 2))
	}
	return s.random.Float64()
}

func (t *Fault) matches(e *record) bool {
	if !t.Op.covers(e.Op) || !slices.Contains(kindOps[t.Kind], e.Op) {
		return false
	}
	wholeAccount := e.ServerID == 0 && slices.Contains(listOps, e.Op) && t.Kind != Held
	return t.ServerID == 0 || t.ServerID == e.ServerID || wholeAccount
}

func (s *faultSet) clockOffset() time.Duration {
	var sum time.Duration
	for _, t := range s.faults {
		if t.Kind == ClockOff {
			sum += t.Duration
		}
	}
	return sum
}

//go:build !race

package sim

// shuffled: see race_on_test.go.
const shuffled = false

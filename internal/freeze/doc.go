// Package freeze knows the windows of time in which a server must not be changed.
//
// It is pure but for one thing: time zones come from the machine's own database (time.LoadLocation), which two workers
// may have in different versions. Workflow code that asks it must therefore keep the answer in its history, in a side
// effect or an activity's result. Whatever can be read in two ways is read as frozen: a window that is too wide costs an
// hour, one that is too narrow a change in the night of the sale.
package freeze

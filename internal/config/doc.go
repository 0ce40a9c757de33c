// Package config reads the worker's settings from environment variables.
//
// A person who mends a setting should have to start the worker once, not once for every mistake: every problem is
// reported together, by the name of its variable and with what to write instead.
//
// It must never contact anything, and never show the API token: not in an error, not in a printed Config. Temporal's
// own settings (TEMPORAL_*) are not its business; internal/temporalclient reads those as the temporal CLI does.
package config

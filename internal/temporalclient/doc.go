// Package temporalclient connects to Temporal: settings as the temporal CLI reads them, a dial that waits for a server
// which is not there yet, and the search attributes that the runbooks need.
//
// It must never show an API key or a private key, and never change a search attribute that exists: somebody else's
// workflows may use it.
package temporalclient

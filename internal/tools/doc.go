// Package tools holds nested modules that pin the programs the project is built and tested with: the Temporal CLI and
// the linters. They are modules of their own so that none of their dependencies reach the worker.
package tools

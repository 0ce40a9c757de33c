// Package render turns reports and statuses into text for people. It knows no Temporal client and no clock, and never
// lets text that came from outside (names, answers of a web server) move the cursor or colour the terminal.
package render

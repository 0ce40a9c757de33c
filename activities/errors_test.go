package activities

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

// apiSays is the client's error for a clear answer.
func apiSays(status int) *vpsorg.Error {
	return &vpsorg.Error{Op: "test", Method: "POST", Path: "/x/", Status: status, Message: http.StatusText(status)}
}

// mayHave is the client's error for a write that may have taken effect.
func mayHave(status int) *vpsorg.Error {
	e := apiSays(status)
	e.Ambiguous = true
	return e
}

func TestAnswerSaysNoMoreThanIsKnownAboutAWrite(t *testing.T) {
	limited := apiSays(429)
	limited.RetryAfter = 7 * time.Second
	busy := mayHave(503)
	busy.RetryAfter = 3 * time.Second
	for name, c := range map[string]struct {
		err  error
		want contract.WriteAnswer
	}{
		"yes":                   {nil, contract.WriteAnswer{Outcome: contract.WriteAccepted}},
		"nothing left":          {&vpsorg.Error{NotSent: true}, contract.WriteAnswer{Outcome: contract.WriteNotSent}},
		"rate limit":            {limited, contract.WriteAnswer{Outcome: contract.WriteNotSent, Status: 429, RetryAfter: contract.Duration(7 * time.Second)}},
		"token refused":         {apiSays(401), contract.WriteAnswer{Outcome: contract.WriteUnauthorized, Status: 401}},
		"not permitted":         {apiSays(403), contract.WriteAnswer{Outcome: contract.WriteUnauthorized, Status: 403}},
		"bad request":           {apiSays(400), contract.WriteAnswer{Outcome: contract.WriteRefused, Status: 400}},
		"not found":             {apiSays(404), contract.WriteAnswer{Outcome: contract.WriteRefused, Status: 404}},
		"refused by client":     {&vpsorg.Error{NotSent: true, Err: vpsorg.ErrInvalidArgument}, contract.WriteAnswer{Outcome: contract.WriteRefused}},
		"server error":          {mayHave(500), contract.WriteAnswer{Outcome: contract.WriteAmbiguous, Status: 500}},
		"busy with a wish":      {busy, contract.WriteAnswer{Outcome: contract.WriteAmbiguous, Status: 503, RetryAfter: contract.Duration(3 * time.Second)}},
		"proxy time-out":        {mayHave(408), contract.WriteAnswer{Outcome: contract.WriteAmbiguous, Status: 408}},
		"cut":                   {mayHave(0), contract.WriteAnswer{Outcome: contract.WriteAmbiguous}},
		"redirect":              {apiSays(302), contract.WriteAnswer{Outcome: contract.WriteAmbiguous, Status: 302}},
		"server error unmarked": {apiSays(500), contract.WriteAnswer{Outcome: contract.WriteAmbiguous, Status: 500}},
		"unknown error":         {errors.New("surprise"), contract.WriteAnswer{Outcome: contract.WriteAmbiguous}},
		"bare deadline":         {context.DeadlineExceeded, contract.WriteAnswer{Outcome: contract.WriteAmbiguous}},
	} {
		t.Run(name, func(t *testing.T) {
			got := answer(c.err)
			assert.Equal(t, c.err == nil, got.Detail == "", "every other answer than yes is explained")
			got.Detail = ""
			assert.Equal(t, c.want, got)
		})
	}
}

func TestReadErrorsAreRetriedOnlyWhereAskingAgainCanHelp(t *testing.T) {
	limited := apiSays(429)
	limited.RetryAfter = 9 * time.Second
	for name, c := range map[string]struct {
		err   error
		class string
		final bool
		delay time.Duration
	}{
		"401":         {apiSays(401), contract.ErrUnauthorized, true, 0},
		"403":         {apiSays(403), contract.ErrUnauthorized, true, 0},
		"404":         {apiSays(404), contract.ErrNotFound, true, 0},
		"400":         {apiSays(400), contract.ErrRefused, true, 0},
		"bad call":    {&vpsorg.Error{NotSent: true, Err: vpsorg.ErrInvalidArgument}, contract.ErrRefused, true, 0},
		"429":         {limited, contract.ErrUnavailable, false, 9 * time.Second},
		"500":         {apiSays(500), contract.ErrUnavailable, false, 0},
		"no answer":   {&vpsorg.Error{NotSent: true}, contract.ErrUnavailable, false, 0},
		"not whole":   {&vpsorg.Error{Status: 200, Err: vpsorg.ErrNotWhole}, contract.ErrUnavailable, false, 0},
		"not of ours": {errors.New("surprise"), contract.ErrUnavailable, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var app *temporal.ApplicationError
			require.ErrorAs(t, readError(context.Background(), c.err), &app)
			assert.Equal(t, c.class, app.Type())
			assert.Equal(t, c.final, app.NonRetryable())
			assert.Equal(t, c.delay, app.NextRetryDelay())
			assert.Equal(t, c.final, hopeless(app))
		})
	}
	assert.NoError(t, readError(context.Background(), nil))
}

func TestACancelledReadSaysNothingAboutTheAPI(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	assert.Equal(t, context.Canceled, readError(ctx, apiSays(404)))
}

func TestDetailsAreOneShortPrintableLine(t *testing.T) {
	got := short("a\x00b\nc\u202e" + strings.Repeat("ä", 1000) + "\xff")
	assert.LessOrEqual(t, len(got), longestDetail)
	assert.True(t, utf8.ValidString(got))
	assert.True(t, strings.HasPrefix(got, "a b c "), got)
	assert.Equal(t, "fine", short("fine"))
}

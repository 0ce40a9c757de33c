package vpsorg

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestACreateIsReadBareOrInsideAnEnvelope(t *testing.T) {
	for _, reply := range []string{
		`{"id":9,"server":{"id":5,"name":"web"},"name":"snap","status":"in_progress","size_mb":null,"message":"3-10 minutes"}`,
		`{"status":"success","message":"3-10 minutes","snapshot":{"id":9,"server":{"id":5},"name":"snap","status":"in_progress","size_mb":null}}`,
		`{"message":"3-10 minutes","snapshot":{"id":9,"name":"snap","status":"in_progress"},"server":{"id":5,"name":"web"}}`,
	} {
		s := newScript(t, step{want: "POST /snapshots/", body: `{"server_id":5,"name":"snap"}`, status: 201, reply: reply})
		got, err := s.client().CreateSnapshot(t.Context(), CreateSnapshotOpts{ServerID: 5, Name: "snap"})
		require.NoError(t, err, reply)
		assert.Equal(t, []any{int64(9), int64(5), "in_progress"}, []any{got.ID, got.ServerID, got.Status}, reply)
	}
}

func TestAnEnvelopeOfAnotherServerIsStillAmbiguous(t *testing.T) {
	s := newScript(t, step{want: "POST /snapshots/", body: `{"server_id":5,"name":"snap"}`, status: 201,
		reply: `{"snapshot":{"id":9,"name":"snap","status":"in_progress"},"server":{"id":6}}`})
	_, err := s.client().CreateSnapshot(t.Context(), CreateSnapshotOpts{ServerID: 5, Name: "snap"})
	assert.True(t, IsAmbiguous(err), "%v", err)
}

func TestAServerIsReadBareOrInsideAnEnvelope(t *testing.T) {
	for _, reply := range []string{`{"id":5,"name":"web","status":"active"}`, `{"server":{"id":5,"name":"web","status":"active"}}`} {
		s := newScript(t, step{want: "GET /servers/5/", status: 200, reply: reply})
		got, err := s.client().GetServer(t.Context(), 5)
		require.NoError(t, err, reply)
		assert.Equal(t, "active", got.Status)
	}
}

func TestAnEnvelopeWithoutItsObjectIsMalformed(t *testing.T) {
	for _, reply := range []string{`{"server":null}`, `{"server":7}`, `{"server":{}}`, `{}`} {
		s := newScript(t, step{want: "GET /servers/5/", status: 200, reply: reply})
		_, err := s.client().GetServer(t.Context(), 5)
		assert.ErrorIs(t, err, ErrMalformed, reply)
	}
}

package vpsfake

import "net/http"

func (f *Fake) callMe() call {
	return always(OpMe, answer{status: http.StatusOK, body: map[string]any{
		"account": map[string]any{"email": "operator@example.com"},
		"token":   map[string]any{"name": "safepoint", "permissions": "read_write"},
	}})
}

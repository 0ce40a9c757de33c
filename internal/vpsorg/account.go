package vpsorg

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
)

// Account is whose account the token opens, and what the token may do. Its texts are cleaned and cut: they are for people.
type Account struct {
	Email     string
	TokenName string
	// Permissions of the token in the API's words; their shape is not documented. Empty when the API did not say.
	Permissions []string
}

// Me asks who the token belongs to. Any active token may ask: it is the first check of a new setup.
func (c *Client) Me(ctx context.Context) (Account, error) {
	k := call{op: "read account", method: http.MethodGet, path: "/account/me/", maxBytes: maxBodyBytes}
	a, err := c.read(ctx, k, c.endpoint(k.path, nil))
	if err != nil {
		return Account{}, err
	}
	var w struct {
		Account *struct {
			Email string `json:"email"`
		} `json:"account"`
		Token struct {
			Name        string          `json:"name"`
			Permissions json.RawMessage `json:"permissions"`
		} `json:"token"`
	}
	err = decodeObject(a.body, &w)
	if err == nil && w.Account == nil {
		err = missing("account")
	}
	if err != nil {
		return Account{}, c.malformed(k, a.status, err)
	}
	permissions := permissionsOf(w.Token.Permissions)
	for i, p := range permissions {
		permissions[i] = c.cleanText(p)
	}
	return Account{Email: c.cleanText(w.Account.Email), TokenName: c.cleanText(w.Token.Name), Permissions: permissions}, nil
}

// permissionsOf reads a word, a list of words, or an object whose true keys are the words. Anything else is shown as it
// came rather than dropped: a person may still learn from it.
func permissionsOf(raw json.RawMessage) []string {
	if !isJSON(raw) {
		return nil
	}
	var word string
	if json.Unmarshal(raw, &word) == nil {
		return []string{word}
	}
	var words []string
	if json.Unmarshal(raw, &words) == nil {
		return words
	}
	var granted map[string]bool
	if json.Unmarshal(raw, &granted) == nil {
		maps.DeleteFunc(granted, func(_ string, yes bool) bool { return !yes })
		return slices.Sorted(maps.Keys(granted))
	}
	return []string{string(raw)}
}

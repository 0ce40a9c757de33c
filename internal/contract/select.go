package contract

// Selector says which servers of the account are meant. A server is chosen when every condition that is given holds for
// it and no exclusion does. Package target matches it.
//
// An empty selector chooses nothing and is refused: a field that was forgotten must never mean the whole account.
type Selector struct {
	// All chooses every server of the account. It must be said, and stands without servers, name, location and status.
	All bool `json:"all,omitempty"`
	// Servers are ids.
	Servers []int64 `json:"servers,omitempty"`
	// NameGlob is a pattern for the whole name, such as "web-*"; * is any text, ? one character, [a-c] one of a set.
	NameGlob string `json:"name,omitempty"`
	// Location is the server's location as the API shows it; upper and lower case are the same.
	Location string `json:"location,omitempty"`
	// Status is active, stopped or suspended; empty means any.
	Status ServerStatus `json:"status,omitempty"`
	// Exclude are ids that are never chosen, ExcludeNames patterns of such names. These ignore upper and lower case: an
	// exclusion that misses does more harm than one that hits.
	Exclude      []int64  `json:"exclude,omitempty"`
	ExcludeNames []string `json:"exclude_names,omitempty"`
}

// Bounds of what goes into a history about servers.
const (
	// MaxServerText is how many bytes of a server's name, hostname, address, location or status are kept. A longer text
	// ends with "…", so that what is left of it is never taken for a whole name.
	MaxServerText = 253
	// MaxSelectPage is how many servers one SelectServers returns at most.
	MaxSelectPage = 500
	// MaxSelected is how many servers may be selected for their ids to be told.
	MaxSelected = 10_000
)

// SelectServersInput asks for the servers that are meant.
type SelectServersInput struct {
	Selector Selector `json:"selector"`
	// Limit is how many servers the answer may have; 0 and more than MaxSelectPage mean MaxSelectPage.
	Limit int `json:"limit,omitempty"`
}

// SelectServersResult is the first of the servers that are meant, and the ids of the rest, as one read of the account
// showed them. Ask for the rest by id: the same selector may choose other servers a minute later, because one was
// restarting, and would drop some without a word.
type SelectServersResult struct {
	// Servers are ordered by id. With long texts they are fewer than the limit, but one at the least.
	Servers []Server `json:"servers"`
	// Rest are the ids of those that follow, in order; none when more than MaxSelected are selected.
	Rest []int64 `json:"rest,omitempty"`
	// Total is how many servers the selector chooses in the whole account.
	Total int `json:"total"`
	// Missing are the selector's own ids that the account does not have.
	Missing []int64 `json:"missing,omitempty"`
}

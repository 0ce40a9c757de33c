package main

var law10 = []Mutant{
	{
		Name: "token-follows-a-redirect", Law: Law10,
		Does:    "A read follows a redirect to another host and takes the token along.",
		File:    "internal/vpsorg/exchange.go",
		Find:    `if err != nil || !c.sameOrigin(next) {`,
		Replace: `if err != nil {`,
		Kill:    by("internal/vpsorg", "TestTheTokenNeverGoesToAnotherOrigin"),
	},
	{
		Name: "token-follows-the-next-page", Law: Law10,
		Does: "The link to the next page of a list is followed to any host.",
		File: "internal/vpsorg/list.go",
		Find: `	if !c.sameOrigin(next) {
		return nil, errors.New("the link to the next page leads to another origin, which must not get the token; check VPS_API_URL")
	}
`,
		Kill: by("internal/vpsorg", "TestTheTokenNeverGoesToAnotherOrigin"),
	},
	{
		Name: "another-port-is-the-same-origin", Law: Law10,
		Does:    "The token is sent to another port of the API's host.",
		File:    "internal/vpsorg/client.go",
		Find:    `strings.EqualFold(u.Hostname(), c.base.Hostname()) && portOf(u) == portOf(c.base)`,
		Replace: `strings.EqualFold(u.Hostname(), c.base.Hostname())`,
		Kill:    by("internal/vpsorg", "TestDefaultPortsAreTheSameOrigin"),
	},
	{
		Name: "token-in-clear-text", Law: Law10,
		Does: "Plain http is taken for any host.",
		File: "internal/vpsorg/options.go",
		Find: `	case !isLoopback(u.Hostname()):
		problems = append(problems, errors.New("API base URL: plain http would send the token in clear text; use https (http is for a loopback host only)"))
`,
		Kill: by("internal/vpsorg", "TestTheBaseURLIsHTTPSUnlessTheHostIsLoopback"),
	},
	{
		Name: "token-through-a-proxy-in-clear-text", Law: Law10,
		Does: "A plain http request goes through the environment's proxy.",
		File: "internal/vpsorg/client.go",
		Find: `		if r.URL.Scheme != "https" {
			return nil, nil
		}
`,
		Kill: by("internal/vpsorg", "TestATokenInClearTextNeverGoesThroughAProxy"),
	},
	{
		Name: "echoed-token-in-an-error", Law: Law10,
		Does:    "A token that the API repeats in its answer stands in the error, the log and the history.",
		File:    "internal/vpsorg/redact.go",
		Find:    `s = c.redact(strings.Join(strings.Fields(s), " "))`,
		Replace: `s = strings.Join(strings.Fields(s), " ")`,
		Kill:    by("internal/vpsorg", "TestATokenThatTheAPIEchoesIsBlanked"),
	},
	{
		Name: "token-split-by-invisible-characters", Law: Law10,
		Does: "The token is looked for before invisible characters are taken out, and so hidden by one in its middle.",
		File: "internal/vpsorg/redact.go",
		Find: `	s = strings.Map(func(r rune) rune {
`,
		Replace: `	s = strings.Map(func(r rune) rune {
		if r == '\u200b' {
			return r
		}
`,
		Kill: by("internal/vpsorg", "TestATokenThatTheAPIEchoesIsBlanked"),
	},
}

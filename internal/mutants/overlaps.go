package main

// overlaps are the guards that were found to cover each other.
var overlaps = []Overlap{
	{"`begin` looks whether the change is open and not yet granted before it grants it (workflows/external.go)",
		"`grant` looks at both again"},
	{"a prune asks whether the lock is held before its first delete (workflows/commit.go)",
		"a commit asks before it prunes, a lost lock ends a rotation, and the fence asks before each delete"},
	{"a delete that found the lock gone waits for it before the next try (workflows/commit.go)",
		"the next try names the lock that the run holds by then, and the fence asks for it"},
}

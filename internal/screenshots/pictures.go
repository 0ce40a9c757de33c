package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"os"
	"path/filepath"

	"github.com/safepoint-dev/safepoint/workflows"
)

// runsOnly leaves the locks and other helpers out of the list: only runs have a phase.
const runsOnly = "`" + workflows.SearchAttributePhase + "` is not null"

// picture is one file and how it comes about.
type picture struct {
	file string
	// path is what to open, below the list of workflows.
	path string
	// width and height are the window's, in pixels: large enough that nothing scrolls.
	width, height int
	// hide is a CSS selector of what would push the rest out of the picture; empty for nothing.
	hide string
	// ready is a JavaScript condition: what the picture is about is on the page.
	ready string
	// act does what a person would do on the page; nil for nothing. It must never send anything.
	act func(ctx context.Context, tab *page) error
	// bottom is a JavaScript expression: how far down the picture goes. It always begins below the UI's top bar and to
	// the right of its menu.
	bottom string
}

func pictures() []picture {
	return []picture{
		{
			file: "ui-list.png", path: "?query=" + url.QueryEscape(runsOnly), width: 1400, height: 760,
			ready:  shows("table", heldRun) + " && " + shows("table", "rotated"),
			bottom: `document.querySelector("table").parentElement.getBoundingClientRect().bottom`,
		},
		{
			file: "ui-timeline.png", path: "/" + rolledBackRun, width: 1400, height: 1400,
			hide:  "[data-testid=input-and-result]", // the two boxes of JSON between the head and the timeline
			ready: shows("svg", "verify the restore") + " && " + shows("h1", rolledBackRun),
			// The axis is the last of the timeline; below it the UI leaves room for more, and lists the events.
			bottom: `Math.max(...[...document.querySelectorAll("svg text")].filter(e => /^\d+m?s$/.test(e.textContent.trim())).map(e => e.getBoundingClientRect().bottom))`,
		},
		{
			file: "ui-held.png", path: "/" + heldRun, width: 1500, height: 1720,
			ready: shows("a", "User Metadata") + " && " + shows("h1", heldRun),
			act:   decide, bottom: `document.querySelector("dialog:modal").getBoundingClientRect().bottom`,
		},
	}
}

// decision is what a person would type: a workflows.DecideRequest.
const decision = `{"decision": "rollback", "by": "ana", "note": "the shop answers 500"}`

// decide opens the page with the question and fills in the update that answers it.
func decide(ctx context.Context, tab *page) error {
	if err := tab.click(ctx, "a", "User Metadata"); err != nil {
		return err
	}
	// The details are Markdown in a frame of its own, as the summary is.
	if err := tab.until(ctx, "the question", `[...document.querySelectorAll("iframe")].some(f => f.contentDocument?.body?.innerText.includes("must decide"))`); err != nil {
		return err
	}
	for _, step := range []struct{ selector, text string }{
		{"button", "More Actions"}, {"[role=menuitem]", "Send an Update"},
		{"dialog:modal [aria-haspopup]", ""}, {"dialog:modal [role=option]", workflows.UpdateDecide},
	} {
		if err := tab.click(ctx, step.selector, step.text); err != nil {
			return err
		}
	}
	return tab.typeInto(ctx, "dialog:modal [contenteditable=true]", decision)
}

// columns are those that make the list readable. The UI keeps a person's choice in the browser.
var columns = []string{
	"Status", "Workflow ID", "Type", workflows.SearchAttributeServerID, workflows.SearchAttributePhase, workflows.SearchAttributeOutcome,
}

// settings is a script that sets the UI as a person would by its menus, before it looks at what was set.
func settings() (string, error) {
	type column struct {
		Label string `json:"label"`
	}
	chosen := make([]column, len(columns))
	for i, label := range columns {
		chosen[i] = column{label}
	}
	set := map[string]any{
		"namespace-workflow-table-columns": map[string]any{"default": chosen},
		"savedQueryNavOpen":                false,       // the table needs the room
		"eventFilterSort":                  "ascending", // a timeline reads downwards
		"minimizeEventView":                false,
		"timeFormat":                       "UTC",
	}
	text, err := json.Marshal(set)
	if err != nil {
		return "", fmt.Errorf("write the UI's settings: %w", err)
	}
	return "for (const [name, value] of Object.entries(" + string(text) + ")) try { localStorage.setItem(name, JSON.stringify(value)); } catch {}", nil
}

// shoot takes every picture of a UI and writes it into dir.
func shoot(ctx context.Context, b *browser, ui, dir string, say func(format string, args ...any)) error {
	prepare, err := settings()
	if err != nil {
		return err
	}
	for _, pic := range pictures() {
		data, err := pic.take(ctx, b, ui+"/namespaces/default/workflows", prepare)
		if err != nil {
			return fmt.Errorf("%s: %w", pic.file, err)
		}
		if err := os.WriteFile(filepath.Join(dir, pic.file), data, 0o644); err != nil {
			return fmt.Errorf("write the picture: %w", err)
		}
		say("wrote %s (%d KB)", filepath.Join(dir, pic.file), len(data)/1000)
	}
	return nil
}

// below is the room between what a picture shows last and its edge, in pixels.
const below = 24

func (pic picture) take(ctx context.Context, b *browser, base, prepare string) ([]byte, error) {
	tab, err := b.newPage(ctx, pic.width, pic.height, prepare)
	if err != nil {
		return nil, err
	}
	if err := tab.open(ctx, base+pic.path); err != nil {
		return nil, err
	}
	if err := tab.until(ctx, "what the picture is about", pic.ready); err != nil {
		return nil, err
	}
	if pic.hide != "" {
		if err := tab.hide(ctx, pic.hide); err != nil {
			return nil, err
		}
	}
	if pic.act != nil {
		if err := pic.act(ctx, tab); err != nil {
			return nil, err
		}
	}
	return tab.capture(ctx, func(ctx context.Context) (box, error) {
		var main box
		if err := tab.eval(ctx, `document.querySelector("main").getBoundingClientRect().toJSON()`, &main); err != nil {
			return main, err
		}
		var bottom float64
		err := tab.eval(ctx, pic.bottom, &bottom)
		main.Height = math.Ceil(bottom) + below - main.Y
		return main, err
	})
}

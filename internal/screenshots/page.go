package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

const (
	// readyWithin bounds the wait for one page; it takes 2 s on an idle machine.
	readyWithin = time.Minute
	pollEvery   = 200 * time.Millisecond
	// restFor is how long a page must stay as it is. The UI draws in several steps with an answer of Temporal between them.
	restFor = 2 * time.Second
)

// page is one tab of the browser.
type page struct {
	browser *browser
	session string
}

// box is a part of a page, in pixels.
type box struct {
	X      float64 `json:"x"`
	Y      float64 `json:"y"`
	Width  float64 `json:"width"`
	Height float64 `json:"height"`
}

// still stops what moves, so that two pictures of the same page are the same.
const still = `addEventListener("DOMContentLoaded", () => {
	const style = document.createElement("style");
	style.textContent = "*, *::before, *::after { animation: none !important; transition: none !important; caret-color: transparent !important; }";
	document.head.append(style);
});
`

// quote writes a text as a JavaScript string.
func quote(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always has a JSON form
	}
	return string(quoted)
}

// newPage opens a tab of this size, in pixels, in which prepare runs before any script of a site.
func (b *browser) newPage(ctx context.Context, width, height int, prepare string) (*page, error) {
	var made struct {
		TargetID  string `json:"targetId"`
		SessionID string `json:"sessionId"`
	}
	if err := b.call(ctx, "", "Target.createTarget", map[string]any{"url": "about:blank"}, &made); err != nil {
		return nil, err
	}
	if err := b.call(ctx, "", "Target.attachToTarget", map[string]any{"targetId": made.TargetID, "flatten": true}, &made); err != nil {
		return nil, err
	}
	p := &page{browser: b, session: made.SessionID}
	features := []map[string]string{{"name": "prefers-color-scheme", "value": "light"}, {"name": "prefers-reduced-motion", "value": "reduce"}}
	return p, errors.Join(
		p.call(ctx, "Page.enable", nil, nil),
		p.call(ctx, "Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}, nil),
		p.call(ctx, "Emulation.setEmulatedMedia", map[string]any{"features": features}, nil),
		p.call(ctx, "Page.addScriptToEvaluateOnNewDocument", map[string]any{"source": still + prepare}, nil),
	)
}

func (p *page) call(ctx context.Context, method string, params, result any) error {
	return p.browser.call(ctx, p.session, method, params, result)
}

// open goes to an address. What it answers is for until to find out.
func (p *page) open(ctx context.Context, url string) error {
	var went struct {
		ErrorText string `json:"errorText"`
	}
	if err := p.call(ctx, "Page.navigate", map[string]any{"url": url}, &went); err != nil {
		return err
	}
	if went.ErrorText != "" {
		return fmt.Errorf("open %s: %s", url, went.ErrorText)
	}
	return nil
}

// eval runs a JavaScript expression and reads its value.
func (p *page) eval(ctx context.Context, expression string, value any) error {
	var got struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		Exception *struct {
			Text      string `json:"text"`
			Exception struct {
				Description string `json:"description"`
			} `json:"exception"`
		} `json:"exceptionDetails"`
	}
	params := map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}
	if err := p.call(ctx, "Runtime.evaluate", params, &got); err != nil {
		return err
	}
	if got.Exception != nil {
		return fmt.Errorf("the page: %s %s", got.Exception.Text, got.Exception.Exception.Description)
	}
	if value == nil || len(got.Result.Value) == 0 {
		return nil
	}
	return json.Unmarshal(got.Result.Value, value)
}

// until waits for a JavaScript condition. One that throws, because the page is not there yet, is not met.
func (p *page) until(ctx context.Context, what, condition string) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	for {
		var met bool
		err := p.eval(ctx, "Boolean("+condition+")", &met)
		if met && err == nil {
			return nil
		}
		if waited := pause(ctx, pollEvery); waited != nil {
			return fmt.Errorf("the page never showed %s: %w", what, errors.Join(waited, err))
		}
	}
}

// shows is a JavaScript condition: one of the elements that the selector names has the text. textContent, because the
// parts of an SVG have no innerText.
func shows(selector, text string) string {
	return fmt.Sprintf("[...document.querySelectorAll(%s)].some(e => e.textContent.includes(%s))", quote(selector), quote(text))
}

// visible is a JavaScript expression: the first element that takes room on the page and begins with the text. The UI
// keeps its menus and dialogs twice, once for narrow windows.
func visible(selector, text string) string {
	return fmt.Sprintf("[...document.querySelectorAll(%s)].find(e => e.textContent.trim().startsWith(%s) && e.getBoundingClientRect().width > 0)",
		quote(selector), quote(text))
}

// hide takes what the selector names off the page; it is an error when there is nothing.
func (p *page) hide(ctx context.Context, selector string) error {
	if err := p.until(ctx, selector, visible(selector, "")); err != nil {
		return err
	}
	return p.eval(ctx, fmt.Sprintf(`document.querySelectorAll(%s).forEach(e => e.style.display = "none")`, quote(selector)), nil)
}

// click waits for an element and clicks it.
func (p *page) click(ctx context.Context, selector, text string) error {
	element := visible(selector, text)
	if err := p.until(ctx, fmt.Sprintf("%s %q", selector, text), element); err != nil {
		return err
	}
	return p.eval(ctx, "void "+element+".click()", nil)
}

// typeInto waits for a field and types a text into it.
func (p *page) typeInto(ctx context.Context, selector, text string) error {
	element := visible(selector, "")
	if err := p.until(ctx, selector, element); err != nil {
		return err
	}
	if err := p.eval(ctx, "void "+element+".focus()", nil); err != nil {
		return err
	}
	if err := p.call(ctx, "Input.insertText", map[string]any{"text": text}, nil); err != nil {
		return err
	}
	return p.until(ctx, "what was typed", visible(selector, text))
}

// capture takes a PNG of a part of the page, once the page has come to rest: two pictures in a row are the same.
func (p *page) capture(ctx context.Context, part func(ctx context.Context) (box, error)) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	var last []byte
	for {
		clip, err := part(ctx)
		if err != nil {
			return nil, fmt.Errorf("find the part to show: %w", err)
		}
		var shot struct {
			Data []byte `json:"data"` // base64 in JSON
		}
		params := map[string]any{"format": "png", "clip": map[string]any{"x": clip.X, "y": clip.Y, "width": clip.Width, "height": clip.Height, "scale": 1}}
		if err := p.call(ctx, "Page.captureScreenshot", params, &shot); err != nil {
			return nil, err
		}
		if len(shot.Data) > 0 && bytes.Equal(shot.Data, last) {
			return shot.Data, nil
		}
		last = shot.Data
		if err := pause(ctx, restFor); err != nil {
			return nil, fmt.Errorf("the page did not come to rest: %w", err)
		}
	}
}

// pause waits, or ends with the context.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

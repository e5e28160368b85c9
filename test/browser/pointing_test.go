package browser

import (
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// pointedAt is the name of what the mouse points at, or nothing.
const pointedAt = `(document.querySelector("#picture .pointed")?.getAttribute("aria-label") ?? "")`

// What the mouse moves to is pointed at. What comes to lie under a mouse that rests is not.
func TestPointing(t *testing.T) {
	t.Parallel()
	p := open(t, mapPage(t, "-f", "examples/shop/base"), 1280, 700)
	move := func(x, y float64) { p.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x, y)) }
	var at []float64
	onto := func(name string) {
		t.Helper()
		at = ask[[]float64](p, "("+mouse+")("+thing(name)+")")
		move(at[0]-4, at[1])
		move(at[0], at[1])
		p.until(pointedAt + ` !== ""`)
		if got := ask[string](p, pointedAt); got != name {
			t.Fatalf("the mouse is on %q and points at %q", name, got)
		}
	}
	rests := func(after string) {
		t.Helper()
		move(at[0], at[1]) // as browsers do when something else comes under the mouse
		if got := ask[string](p, pointedAt); got != "" {
			t.Errorf("after %s a mouse that rests points at %q", after, got)
		}
	}
	const box = "production/deploy/order"
	for _, then := range []struct{ what, script string }{
		{"drawing anew", `document.getElementById("common").click()`},
		{"zooming", `document.getElementById("zoom-in").click()`},
		{"showing everything", `document.getElementById("fit").click()`},
		{"scrolling", `scrollTo(0, 20)`},
		{"opening", `document.getElementById("expand").click()`},
	} {
		onto(box)
		p.do(chromedp.Evaluate[chromedp.Void](then.script))
		rests(then.what)
	}
	onto(box)
	move(2, 2)
	p.until(pointedAt + ` === ""`)
}

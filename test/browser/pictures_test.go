package browser

import (
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// TestPictures makes the pictures of the README, where they are wanted.
func TestPictures(t *testing.T) {
	if *images == "" {
		t.Skip("no -images")
	}
	file := mapPage(t, "-f", "examples/shop/base")
	p := open(t, file, 1280, 930)
	p.picture("map")
	p.prefer("dark")
	p.press("production/deploy/payment", mouse)
	p.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, 5, 5))
	p.picture("map-workload")
}

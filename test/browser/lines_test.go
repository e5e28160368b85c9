package browser

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// crossings lists the lines that run through a box, as "line through box", where lines are looked at in
// steps of some pixels. A namespace that is open is a box for lines that neither come from it nor go
// into it. The ends of lines lie on the edges of their boxes.
const crossings = `((step) => {
	const things = (kind) => [...document.querySelectorAll("#picture .thing." + kind)];
	const boxes = [...things("end"), ...things("group")].map((n) => {
		const r = n.querySelector("rect"), [x, y, w, h] = ["x", "y", "width", "height"].map((a) => Number(r.getAttribute(a)));
		return { key: n.dataset.key, name: n.getAttribute("aria-label"), open: n.classList.contains("opened"), x, y, w, h };
	});
	const holds = (box, x, y) => x > box.x + 1 && x < box.x + box.w - 1 && y > box.y + 1 && y < box.y + box.h - 1;
	const out = [];
	for (const link of things("link")) {
		const ends = link.dataset.key.split(">").map((key) => boxes.find((b) => b.key === key));
		const foreign = boxes.filter((b) => !b.open || !ends.some((e) => holds(b, e.x + 5, e.y + 5)));
		const line = link.querySelector(".line"), length = line.getTotalLength(), through = new Set();
		for (let at = 0; at <= length; at += step) {
			const p = line.getPointAtLength(at);
			for (const b of foreign) if (holds(b, p.x, p.y)) through.add(b);
		}
		for (const b of through) out.push(link.getAttribute("aria-label") + " through " + b.name);
	}
	return out;
})`

// No line of the shop runs through a box that it does not belong to, however the picture is opened.
func TestLinesGoAroundBoxes(t *testing.T) {
	t.Parallel()
	p := open(t, mapPage(t, "-f", "examples/shop/base"), 1280, 1000)
	for _, press := range []string{"fit", "common", "expand", "collapse"} {
		p.click("#" + press)
		if through := ask[[]string](p, crossings+"(1)"); len(through) > 0 {
			t.Errorf("%s: of %d lines %d run through boxes: %.2000q", press, p.things("link"), len(through), through)
		}
	}
	p.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#picture .line").setAttribute("d", "M-1000 100H5000")`))
	if len(ask[[]string](p, crossings+"(1)")) == 0 {
		t.Error("a line through everything is not noticed")
	}
}

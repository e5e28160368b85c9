package browser

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const (
	mouse = `(n) => { const b = n.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; }`
	// onLine finds a point of the screen that is on a line of the picture and that nothing covers.
	onLine = `(n) => {
		const line = n.querySelector(".line"), m = line.getScreenCTM(), length = line.getTotalLength();
		for (let i = 1; i < 40; i++) {
			const p = line.getPointAtLength(length * i / 40).matrixTransform(m);
			if (n.contains(document.elementFromPoint(p.x, p.y))) return [p.x, p.y];
		}
		return [];
	}`
)

// thing is the expression for the box of a name, or for the line "from to to".
func thing(name string) string {
	return `[...document.querySelectorAll("#picture .thing")].find((n) => /^` + strings.ReplaceAll(name, "/", `\/`) + `(:|,|$)/.test(n.getAttribute("aria-label")))`
}

// press clicks with the mouse in the middle of a box, or on a line.
func (p *page) press(name, where string) {
	p.Helper()
	p.until(thing(name) + ` !== undefined`)
	at := ask[[]float64](p, "("+where+")("+thing(name)+")")
	if len(at) != 2 {
		p.Fatalf("nothing of %s can be clicked on", name)
	}
	p.do(chromedp.MouseClickXY(at[0], at[1]))
}

// details are the lines of what is shown of what is selected.
func (p *page) details() []string {
	p.Helper()
	if ask[bool](p, `document.getElementById("details").hidden`) {
		return nil
	}
	return strings.Split(ask[string](p, `document.getElementById("details").innerText`), "\n")
}

func (p *page) says(want ...string) {
	p.Helper()
	lines := p.details()
	for _, w := range want {
		if !slices.Contains(lines, w) {
			p.Errorf("the details do not say %q but %q", w, lines)
		}
	}
}

// rows counts the rows of the table that are shown.
func (p *page) rows() int {
	p.Helper()
	return ask[int](p, `[...document.querySelectorAll("#table tbody tr")].filter((r) => !r.hidden).length`)
}

func (p *page) things(kind string) int {
	p.Helper()
	return ask[int](p, `document.querySelectorAll("#picture .`+kind+`").length`)
}

func TestShopByMouse(t *testing.T) {
	t.Parallel()
	p := open(t, mapPage(t, "-f", "examples/shop/base", "--network-plugin", "cilium"), 1280, 1000)
	if p.rows() != 118 || p.things("group") != 11 || p.things("end.entry") != 5 || p.things("end.from") != 1 || p.things("end.to") != 4 {
		t.Errorf("%d rows, %d namespaces, %d ways in", p.rows(), p.things("group"), p.things("end.entry"))
	}

	// A workload, then a flow of it, in the details and in the picture.
	p.press("production/deploy/payment", mouse)
	p.says("production/deploy/payment", "Isolated by production/allow-metrics, production/default-deny, production/payment-ingress: only what their rules admit is let in.", "Who reaches it (4)", "monitoring/deploy/prometheus", "9090/TCP")
	p.press("production/deploy/order to production/deploy/payment", onLine)
	p.says("production/deploy/order → production/deploy/payment", "✔ allowed 8443/TCP", "Out of production/deploy/order", "production/order-egress spec.egress[0].to[0]", "Into production/deploy/payment", "production/payment-ingress spec.ingress[0].from[2]")
	if !ask[bool](p, `document.querySelector("#table tr.selected") !== null`) {
		t.Error("the flow is not marked in the table")
	}
	p.do(chromedp.Click(chromedp.CSS("#details .close")), chromedp.Click(chromedp.CSS("#fit")))
	if p.details() != nil {
		t.Error("the details stay open")
	}

	// What comes in from outside, and what nothing isolates.
	p.press("LoadBalancer svc ingress-nginx/ingress-nginx-controller to ingress-nginx/deploy/ingress-nginx-controller", onLine)
	p.says("Comes in by svc ingress-nginx/ingress-nginx-controller (LoadBalancer): 80/TCP, 443/TCP.")
	p.press("kube-system/deploy/coredns", mouse)
	p.says("Not isolated: no policy for ingress selects it, so everything is let in.")

	// A namespace closes and opens.
	ends := p.things("end")
	at := ask[[]float64](p, `((n) => { const b = n.getBoundingClientRect(); return [b.x + 30, b.y + 12]; })(`+thing("namespace production")+`)`)
	p.do(chromedp.MouseClickXY(at[0], at[1]))
	p.says("Namespace, 16 workloads")
	if p.things("end") != ends-16 {
		t.Errorf("%d boxes of %d are left of a namespace of 16 workloads", p.things("end"), ends)
	}
	p.press("namespace production", mouse)
	if p.things("end") != ends {
		t.Error("the namespace does not open again")
	}

	// The table selects, too, and the empty part of the picture clears.
	p.do(chromedp.Click(chromedp.CSS(`#table tbody tr:nth-child(2)`)))
	if len(p.details()) == 0 {
		t.Error("a row of the table selects nothing")
	}

	// The picture is zoomed and dragged, which selects nothing; a mouse that only moves does not drag.
	look := func() string { return ask[string](p, `document.getElementById("picture").getAttribute("viewBox")`) }
	p.do(chromedp.Click(chromedp.CSS("#details .close")))
	before := look()
	p.do(chromedp.Click(chromedp.CSS("#zoom-in")))
	near := look()
	if near == before {
		t.Error("zooming changes nothing")
	}
	p.do(chromedp.ScrollIntoView(chromedp.CSS("#picture")))
	at = ask[[]float64](p, "("+mouse+")(document.getElementById('picture'))")
	p.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMousePressed, at[0], at[1], chromedp.ButtonLeft, chromedp.ClickCount(1)),
		chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, at[0]+60, at[1]+40, chromedp.ButtonLeft, func(e *input.DispatchMouseEventParams) { e.Buttons = 1 }),
		chromedp.MouseEvent(input.DispatchMouseEventTypeMouseReleased, at[0]+60, at[1]+40, chromedp.ButtonLeft, chromedp.ClickCount(1)))
	dragged := look()
	if dragged == near || p.details() != nil {
		t.Errorf("dragging moves %q to %q, and selects %q", near, dragged, p.details())
	}
	p.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, at[0]-60, at[1]-40))
	if look() != dragged {
		t.Error("it moves without being dragged")
	}
}

func TestShopFilters(t *testing.T) {
	t.Parallel()
	p := open(t, mapPage(t, "-f", "examples/shop/base"), 1280, 1000)
	all := p.rows()
	choose := func(id, value string) {
		t.Helper()
		p.do(chromedp.Evaluate[chromedp.Void](`{ const s = document.getElementById("` + id + `"); s.value = "` + value + `"; s.dispatchEvent(new Event("change", { bubbles: true })); }`))
	}
	status := func(want string) {
		t.Helper()
		if got := ask[string](p, `document.getElementById("shown").textContent`); got != want {
			t.Errorf("it is said %q, not %q", got, want)
		}
	}
	choose("namespace", "staging")
	status("9 of 123 flows and 5 of 38 workloads shown")
	if p.rows() != 9 || p.things("group") != 3 {
		t.Errorf("%d rows and %d namespaces of staging", p.rows(), p.things("group"))
	}
	choose("direction", "in")
	status("3 of 123 flows and 4 of 38 workloads shown")
	choose("direction", "out")
	status("3 of 123 flows and 4 of 38 workloads shown")
	choose("direction", "within")
	status("3 of 123 flows and 3 of 38 workloads shown")
	p.do(chromedp.Click(chromedp.CSS("#clear")))
	if p.rows() != all {
		t.Errorf("%d of %d rows after clearing", p.rows(), all)
	}
	p.do(chromedp.SendKeys(chromedp.CSS("#port"), "6379"))
	status("5 of 123 flows and 4 of 38 workloads shown")
	p.do(chromedp.SendKeys(chromedp.CSS("#port"), "/udp"))
	if p.rows() == 5 || ask[string](p, `document.getElementById("port").getAttribute("aria-invalid")`) != "false" {
		t.Error("a port of TCP is one of UDP")
	}
	p.do(chromedp.SendKeys(chromedp.CSS("#port"), "x"))
	if ask[string](p, `document.getElementById("port").getAttribute("aria-invalid")`) != "true" {
		t.Error("what is no port is not told")
	}
	p.do(chromedp.Click(chromedp.CSS("#clear")), chromedp.Click(chromedp.CSS(`#verdicts input[value="Allowed"]`)))
	status("5 of 123 flows and 4 of 38 workloads shown")
	p.press("production/deploy/payment to ingress-nginx/deploy/ingress-nginx-controller", onLine)
	if text := strings.Join(p.details(), "\n"); !strings.Contains(text, "It is not known whether this rule admits it:") || !strings.Contains(text, "What is not known\n") {
		t.Errorf("of what is not known it is said %s", text)
	}
}

func TestKeyboardAlone(t *testing.T) {
	t.Parallel()
	p := open(t, mapPage(t, "-f", "examples/shop/base", "--network-plugin", "cilium"), 1280, 1000)
	typed := func(keys string) {
		t.Helper()
		p.do(chromedp.KeyEvent(keys))
	}
	focus := func(expression string) string {
		t.Helper()
		return ask[string](p, "String(document.activeElement"+expression+")")
	}

	// The search, and out of it.
	typed("/")
	if focus(".id") != "search" {
		t.Fatalf("/ goes to %s", focus(".id"))
	}
	typed("redis inventory")
	p.until(`document.getElementById("shown").textContent.startsWith("1 of 118 flows")`)
	if p.rows() != 1 || p.things("link") != 1 {
		t.Errorf("%d rows, %d lines", p.rows(), p.things("link"))
	}
	typed(kb.Escape)
	p.until(`document.getElementById("shown").textContent === ""`)
	if p.rows() != 118 {
		t.Error("Esc does not clear the search")
	}

	// Tab reaches the picture. From there every box and every line is reached.
	for range 30 {
		if strings.Contains(focus(`.getAttribute("class")`), "thing") {
			break
		}
		typed(kb.Tab)
	}
	if !strings.Contains(focus(`.getAttribute("class")`), "thing") {
		t.Fatal("Tab does not reach the picture")
	}
	if width := ask[string](p, `getComputedStyle(document.activeElement.querySelector("rect")).strokeWidth`); width != "3px" {
		t.Errorf("the focus is not seen: %s", width)
	}
	reached := map[string]bool{}
	typed(kb.Home)
	for last := ""; focus(".dataset.key") != last; typed(kb.ArrowDown) {
		last = focus(".dataset.key")
		reached[last] = true
		for {
			typed(kb.ArrowRight)
			key := focus(".dataset.key")
			if reached[last+" "+key] || key == last {
				break
			}
			reached[key], reached[last+" "+key] = true, true
		}
	}
	for _, key := range ask[[]string](p, `[...document.querySelectorAll("#picture .thing")].map((n) => n.dataset.key)`) {
		if !reached[key] {
			t.Errorf("the keyboard does not reach %s", key)
		}
	}

	// Enter opens a line; Esc closes it.
	typed(kb.Home + kb.ArrowRight + kb.Enter)
	p.says("Flow")
	typed(kb.Escape)
	if p.details() != nil {
		t.Error("Esc does not close the details")
	}
	// A namespace closes, and the focus stays on it.
	for range 20 {
		if strings.HasPrefix(focus(`.getAttribute("aria-label")`), "namespace") {
			break
		}
		typed(kb.ArrowDown)
	}
	before := focus(`.getAttribute("aria-label")`)
	typed(kb.Enter)
	if after := focus(`.getAttribute("aria-label")`); !strings.HasSuffix(before, ", open") || after != strings.TrimSuffix(before, "open")+"closed" || p.details() == nil {
		t.Errorf("%q became %q", before, after)
	}

	// The table: rows by the arrows, Enter opens.
	p.do(chromedp.Focus(chromedp.CSS(`#table tr[tabindex="0"]`)))
	typed(kb.ArrowDown + kb.ArrowDown + kb.Enter)
	if focus(".id") != "details" || ask[int](p, `[...document.querySelectorAll("#table tbody tr")].findIndex((r) => r.classList.contains("selected"))`) != 2 {
		t.Errorf("the third row does not open: %s has the focus", focus(".id"))
	}
}

func TestTheme(t *testing.T) {
	t.Parallel()
	p := open(t, mapPage(t, "-f", "examples/shop/base", "-n", "staging"), 800, 900)
	dark := func() bool {
		return ask[bool](p, `getComputedStyle(document.body).backgroundColor === "rgb(18, 22, 28)"`)
	}
	if dark() {
		t.Error("dark although the system is not")
	}
	p.prefer("dark")
	if !dark() {
		t.Error("light although the system is dark")
	}
	p.do(chromedp.Click(chromedp.CSS("#theme")))
	if dark() {
		t.Error("the choice does not count")
	}
	p.do(chromedp.Click(chromedp.CSS("#theme")))
	if !dark() || ask[int](p, "document.documentElement.scrollWidth") > 800 {
		t.Error("it does not come back, or the page is wider than the screen")
	}
}

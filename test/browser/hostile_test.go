package browser

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// Whatever things are called, it is shown as text and nothing of it runs.
func TestHostileNamesAreText(t *testing.T) {
	t.Parallel()
	command := exec.Command("go", "run", "./test/hostile")
	command.Dir = root
	text, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "hostile.html")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	p := open(t, file, 1280, 900)
	// Everything that can be selected is.
	n := ask[int](p, `document.querySelectorAll("#picture .thing").length`)
	for i := range n {
		p.do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("#picture .thing")[` + itoa(i) + `]?.dispatchEvent(new MouseEvent("click", { bubbles: true }))`))
	}
	rows := ask[int](p, `document.querySelectorAll("#table tbody tr").length`)
	for i := range rows {
		p.do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("#table tbody tr")[` + itoa(i) + `].click()`))
	}
	if n < 20 || rows < 18 {
		t.Errorf("only %d things and %d rows", n, rows)
	}
	if ask[string](p, "typeof window.x") != "undefined" {
		t.Error("a name was run as a script")
	}
	if ask[int](p, `document.querySelectorAll("img, iframe, object, a[href^='javascript'], body script:not(#data)").length`) != 2 {
		t.Error("a name became an element") // two scripts are the page's own
	}
	if ask[bool](p, `/[\p{Cf}]/u.test([...document.querySelectorAll("body, body *:not(script)")].flatMap((n) => [...n.childNodes].filter((c) => c.nodeType === 3 && n.tagName !== "SCRIPT").map((c) => c.data)).join(""))`) {
		t.Error("a character that is not seen is not made visible")
	}
	whole := ask[string](p, "document.body.innerText")
	for _, name := range []string{`<script>window.x=1</script>`, `"><img src=x onerror="window.x=1">`, `javascript:window.x=1`, `🦊\u{202e}x=1.tpircs\u{202c} עברית x`, `a\u{0}b\u{1b}[31mx\u{200b}`} {
		if !strings.Contains(whole, name) {
			t.Errorf("%q is not shown", name)
		}
	}
}

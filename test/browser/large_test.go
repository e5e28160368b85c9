package browser

import (
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

func itoa(i int) string { return strconv.Itoa(i) }

// largeTown writes the manifests of 50 namespaces with 300 workloads.
func largeTown(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	command := exec.Command("go", "run", "./test/generate", "-namespaces", "50", "-pods", "3000", "-policies", "400", folder)
	command.Dir = root
	if text, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, text)
	}
	return folder
}

// A large cluster begins with closed namespaces, and what is searched for is opened.
func TestLargeCluster(t *testing.T) {
	t.Parallel()
	file := mapPage(t, "-f", largeTown(t))
	start := time.Now()
	p := open(t, file, 1280, 900)
	t.Logf("shown after %s", time.Since(start))
	if p.things("group.closed") != 51 || p.things("group.opened") != 0 {
		t.Errorf("%d namespaces are closed, %d open", p.things("group.closed"), p.things("group.opened"))
	}
	if scale := ask[float64](p, `document.getElementById("picture").getScreenCTM().a`); scale < 0.6 {
		t.Errorf("it is drawn %.2f as large as it is meant to be", scale)
	}
	p.press("namespace ns-0031", mouse)
	if p.things("group.opened") != 1 {
		t.Error("a namespace does not open")
	}
	p.do(chromedp.Evaluate[chromedp.Void](`{ const s = document.getElementById("namespace"); s.value = "ns-0007"; s.dispatchEvent(new Event("change", { bubbles: true })); }`))
	if p.things("group.opened") < 1 || p.things("group") > 10 {
		t.Errorf("of one namespace %d are shown", p.things("group"))
	}

	// Lines go around boxes, with every workload shown, too.
	p.click("#clear")
	for _, press := range []string{"expand", "collapse"} {
		start := time.Now()
		p.click("#" + press)
		took := time.Since(start)
		through := ask[[]string](p, crossings+"(8)")
		t.Logf("%s: %d lines of %d workloads drawn in %s; %d run through boxes", press, p.things("link"), p.things("end"), took, len(through))
		if len(through) > 0 {
			t.Errorf("lines run through boxes: %.1000q", through)
		}
	}
}

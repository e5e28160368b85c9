package browser

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

var images = flag.String("images", "", "write pictures of the pages into this `directory`")

const root = "../.."

// doctor is the program, built once; browser is the Chromium that all tests share.
var (
	doctor  string
	browser context.Context
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(within(m))
}

func within(m *testing.M) int {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		fmt.Println("SKIPPED: there is no chromium") // make browser says so where nobody reads this
		return 0
	}
	folder, err := os.MkdirTemp("", "browser")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	doctor = filepath.Join(folder, "doctor")
	build := exec.Command("go", "build", "-o", doctor, "./cmd/kubectl-netpol_doctor")
	build.Dir = root
	if text, err := build.CombinedOutput(); err != nil {
		fmt.Printf("building the program: %v\n%s", err, text)
		return 1
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(chromium), chromedp.UserDataDir(filepath.Join(folder, "profile")), chromedp.Headless, chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.NoFirstRun,
	}
	for _, name := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync"} {
		options = append(options, chromedp.Flag(name, true))
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	defer stop()
	var end context.CancelFunc
	browser, end = chromedp.NewContext(allocator)
	defer end()
	if err := chromedp.Do(browser); err != nil {
		fmt.Println("starting chromium:", err)
		return 1
	}
	return m.Run()
}

// page is a tab in which a map is open.
type page struct {
	*testing.T
	tab context.Context

	mutex sync.Mutex
	wrong []string // errors on the console, scripts that failed, requests
}

// mapPage writes the page of a map to a file.
func mapPage(t *testing.T, args ...string) string {
	t.Helper()
	command := exec.Command(doctor, append([]string{"map", "-o", "html"}, args...)...)
	command.Dir = root
	var errs strings.Builder
	command.Stderr = &errs
	text, err := command.Output()
	if err != nil || errs.Len() > 0 {
		t.Fatalf("%v %s", err, errs.String())
	}
	file := filepath.Join(t.TempDir(), "map.html")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// open opens a page in a tab of its own. When the test ends, nothing may have been wrong with it.
func open(t *testing.T, file string, width, height int64) *page {
	t.Helper()
	tab, end := chromedp.NewContext(browser)
	t.Cleanup(end)
	tab, late := context.WithTimeout(tab, 2*time.Minute)
	t.Cleanup(late)
	p := &page{T: t, tab: tab}
	address := (&url.URL{Scheme: "file", Path: file}).String()
	p.do() // the tab is there
	if err := chromedp.Listen(tab, func(event any) {
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			p.note("exception: " + e.ExceptionDetails.Text + " " + e.ExceptionDetails.Exception.Description)
		case *runtime.EventConsoleAPICalled:
			p.note("console: " + string(e.Type))
		case *log.EventEntryAdded:
			p.note("log: " + e.Entry.Text)
		case *network.EventRequestWillBeSent:
			if e.Request.URL != address {
				p.note("request: " + e.Request.URL)
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(tab, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	p.do(chromedp.EmulateViewport(width, height), chromedp.Navigate(address), chromedp.WaitReady(chromedp.CSS("#picture .thing")))
	t.Cleanup(func() {
		p.mutex.Lock()
		defer p.mutex.Unlock()
		if len(p.wrong) > 0 {
			t.Errorf("%s: %q", filepath.Base(file), p.wrong)
		}
	})
	return p
}

func (p *page) note(text string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.wrong = append(p.wrong, text)
}

func (p *page) do(actions ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	if err := chromedp.Do(p.tab, actions...); err != nil {
		p.Fatal(err)
	}
}

// ask returns what an expression of the page's world is.
func ask[T any](p *page, expression string) T {
	p.Helper()
	out, err := chromedp.Run(p.tab, chromedp.Evaluate[T](expression))
	if err != nil {
		p.Fatalf("%s: %v", expression, err)
	}
	return out
}

// until waits for an expression to be true.
func (p *page) until(expression string) {
	p.Helper()
	if _, err := chromedp.Run(p.tab, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(20*time.Second))); err != nil {
		p.Fatalf("%s: %v", expression, err)
	}
}

// prefer makes the system's colour scheme dark or light, and without motion, so that a picture shows
// how it ends.
func (p *page) prefer(scheme string) {
	p.Helper()
	if _, err := chromedp.Call(p.tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	}); err != nil {
		p.Fatal(err)
	}
}

// picture writes what is on the screen to a file, where pictures are wanted.
func (p *page) picture(name string) {
	p.Helper()
	if *images == "" {
		return
	}
	png, err := chromedp.Run(p.tab, chromedp.CaptureScreenshot())
	if err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*images, name+".png"), png, 0o600); err != nil {
		p.Fatal(err)
	}
}

// click presses a button, however it is drawn.
func (p *page) click(css string) {
	p.Helper()
	p.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("` + css + `").click()`))
}

package plugin

import (
	"fmt"
	"strings"
	"time"

	"github.com/briandowns/spinner"
)

// spin shows on Err that something is going on, if Err is a terminal that takes escape sequences:
// the spinner cannot do without. The function it returns ends that and leaves nothing behind on
// the screen.
func (s Streams) spin(what string) (stop func()) {
	_, stop = s.progress(what, 0)
	return stop
}

// progress is spin with a bar that shows how much of all is done, once done was told of some. Done
// is to be called by one goroutine at a time.
func (s Streams) progress(what string, all int) (done func(more int), stop func()) {
	file, ok := terminal(s.Err)
	if !ok || s.plain() {
		return func(int) {}, func() {}
	}
	sp := spinner.New(spinner.CharSets[14], 100*time.Millisecond, spinner.WithWriterFile(file))
	sp.Suffix = " " + what
	sp.Start()
	so := 0
	return func(more int) {
		so += more
		sp.Lock()
		sp.Suffix = " " + what + " " + bar(so, all)
		sp.Unlock()
	}, sp.Stop
}

// bar draws how much of all is done, as [####......] 4 of 10.
func bar(so, all int) string {
	const width = 20
	full := width * so / max(all, 1)
	return fmt.Sprintf("[%s%s] %d of %d", strings.Repeat("#", full), strings.Repeat(".", width-full), so, all)
}

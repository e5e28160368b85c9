package plugin

import (
	"time"

	"github.com/briandowns/spinner"
)

// spin shows on Err that something is going on, if Err is a terminal that takes escape sequences:
// the spinner cannot do without. The function it returns ends that and leaves nothing behind on
// the screen.
func (s Streams) spin(what string) (stop func()) {
	file, ok := terminal(s.Err)
	if !ok || s.plain() {
		return func() {}
	}
	sp := spinner.New(spinner.CharSets[14], 100*time.Millisecond, spinner.WithWriterFile(file))
	sp.Suffix = " " + what
	sp.Start()
	return sp.Stop
}

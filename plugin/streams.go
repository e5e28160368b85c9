package plugin

import (
	"io"
	"os"
	"strconv"
	"time"

	"golang.org/x/term"

	"github.com/netpol-doctor/netpol-doctor/report"
)

// Streams are what a run reads and writes, and the environment it does so in. The report goes to
// Out, everything else to Err.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	Getenv   func(string) string
	// Now tells the time; nil: nobody knows it.
	Now func() time.Time
	// Patience is how long somebody who pressed TAB waits for a cluster; 0: two seconds.
	Patience time.Duration
}

// style finds out how Out is to be written to: the width and whether it shows colours. Anything
// that is not a terminal gets plain text in 80 columns, or as many as COLUMNS says.
func (s Streams) style() report.Style {
	columns, _ := strconv.Atoi(s.Getenv("COLUMNS"))
	style := report.Style{Width: columns}
	if file, ok := terminal(s.Out); ok {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && columns == 0 {
			style.Width = width
		}
		style.Color = !s.plain()
	}
	return style
}

// plain tells whether the user wants no escape sequences, or the terminal cannot take them.
// Source of NO_COLOR: https://no-color.org
func (s Streams) plain() bool { return s.Getenv("NO_COLOR") != "" || s.Getenv("TERM") == "dumb" }

// terminal returns the file behind a stream if it is a terminal.
func terminal(stream any) (*os.File, bool) {
	file, ok := stream.(*os.File)
	return file, ok && term.IsTerminal(int(file.Fd()))
}

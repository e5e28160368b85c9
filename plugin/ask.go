package plugin

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/report"
)

// errUnconfirmed: the user did not want it.
var errUnconfirmed = errors.New("nothing was changed and nothing tested: you did not say yes")

// interactive tells whether somebody sits at the other end.
func (s Streams) interactive() bool {
	in := s.In
	if i, ok := in.(interruptible); ok {
		in = i.Reader
	}
	_, reads := terminal(in)
	_, sees := terminal(s.Err)
	return reads && sees
}

// ask says what is about to be done and asks whether it is to be; anything but yes is no.
func ask(streams Streams, what string) error {
	if _, err := io.WriteString(streams.Err, report.Wrapped(what, streams.style())+"\nGo on? [y/N] "); err != nil {
		return err
	}
	line, err := bufio.NewReader(streams.In).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return nil
	}
	return errUnconfirmed
}

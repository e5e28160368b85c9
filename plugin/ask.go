package plugin

import (
	"bufio"
	"errors"
	"io"
	"strings"
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

// ask asks a question, and takes anything but yes for no.
func ask(streams Streams, question string) error {
	if _, err := io.WriteString(streams.Err, question); err != nil {
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

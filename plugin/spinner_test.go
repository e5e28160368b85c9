//go:build linux

package plugin

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// openTerminal opens a pseudo-terminal: what is written to the terminal can be read from screen.
// Source: pty(7), ptmx(4).
func openTerminal(t *testing.T) (screen, terminal *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	var number, locked int32
	ioctl := func(request uintptr, value *int32) {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, screen.Fd(), request, uintptr(unsafe.Pointer(value))); errno != 0 {
			t.Fatalf("setting up a pseudo-terminal: %v", errno)
		}
	}
	ioctl(syscall.TIOCSPTLCK, &locked)
	ioctl(syscall.TIOCGPTN, &number)
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return screen, terminal
}

// onTerminal runs a command with the report and everything else on one terminal, and returns what
// was written to it.
func onTerminal(t *testing.T, environment map[string]string, args ...string) string {
	t.Helper()
	screen, terminal := openTerminal(t)
	var written bytes.Buffer
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(&written, screen) // ends with an error when the terminal is closed
	}()
	code := Main(t.Context(), args, Streams{In: strings.NewReader(""), Out: terminal, Err: terminal, Getenv: func(key string) string { return environment[key] }})
	if err := terminal.Close(); err != nil {
		t.Fatal(err)
	}
	<-read
	_ = screen.Close()
	if code != exitWorks || !strings.Contains(written.String(), "Pod labels") {
		t.Fatalf("exit code %d, on the terminal: %q", code, written.String())
	}
	return written.String()
}

// TestEscapeSequences: a terminal gets a spinner and colours, unless the user or the terminal wants
// none; then it gets no escape sequence at all, and neither does anything that is no terminal.
func TestEscapeSequences(t *testing.T) {
	t.Parallel()
	args := []string{"labels", "deploy/payment", "-n", "production", "-f", "../examples/shop/base"}
	const hideCursor = "\x1b[?25l" // the spinner's first
	if got := onTerminal(t, nil, args...); !strings.Contains(got, hideCursor) || !strings.Contains(got, "\x1b[32m") {
		t.Errorf("a terminal shows no spinner or no colours: %q", got)
	}
	for name, environment := range map[string]map[string]string{"NO_COLOR": {"NO_COLOR": "1"}, "TERM=dumb": {"TERM": "dumb"}} {
		if got := onTerminal(t, environment, args...); strings.Contains(got, "\x1b") {
			t.Errorf("with %s there are escape sequences: %q", name, got)
		}
	}
	var out, errs bytes.Buffer
	if Main(t.Context(), args, Streams{In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: func(string) string { return "" }}) != exitWorks {
		t.Error(errs.String())
	}
	if strings.Contains(out.String()+errs.String(), "\x1b") {
		t.Errorf("what is no terminal gets escape sequences: %q %q", out.String(), errs.String())
	}
}

// TestProgress: a terminal sees how much is done, and what is none or wants no escape sequences sees
// nothing.
func TestProgress(t *testing.T) {
	t.Parallel()
	screen, terminal := openTerminal(t)
	done, stop := Streams{Err: terminal, Getenv: func(string) string { return "" }}.progress("testing", 8)
	done(1)
	done(3)
	written, piece := "", make([]byte, 256)
	for !strings.Contains(written, "testing [##########..........] 4 of 8") {
		n, err := screen.Read(piece)
		if err != nil {
			t.Fatalf("%v; on the terminal: %q", err, written)
		}
		written += string(piece[:n])
	}
	stop()
	var errs bytes.Buffer
	for _, s := range []Streams{{Err: &errs, Getenv: func(string) string { return "" }}, {Err: terminal, Getenv: func(string) string { return "1" }}} {
		done, stop := s.progress("testing", 8)
		done(8)
		stop()
	}
	if _, err := terminal.WriteString("end"); err != nil {
		t.Fatal(err)
	}
	rest := ""
	for !strings.HasSuffix(rest, "end") {
		n, err := screen.Read(piece)
		if err != nil {
			t.Fatal(err)
		}
		rest += string(piece[:n])
	}
	if errs.Len() != 0 || strings.Contains(rest, "8 of 8") {
		t.Errorf("a bar where none is wanted: %q %q", errs.String(), rest)
	}
	_ = terminal.Close()
	_ = screen.Close()
}

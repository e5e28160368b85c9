//go:build linux

package completion

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// patience is how long a shell may take for all that it is told. It keeps one that waits for ever from
// keeping the tests.
const patience = 2 * time.Minute

// shell is an interactive shell on a terminal of its own.
type shell struct {
	t      *testing.T
	screen *os.File
	seen   string // since the last prompt
}

// ready is the prompt.
const ready = "READY> "

// start starts a shell and waits for its prompt.
func start(t *testing.T, env []string, name string, args ...string) *shell {
	t.Helper()
	screen, terminal := openTerminal(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	c := exec.CommandContext(ctx, name, args...)
	c.Env, c.Dir = env, t.TempDir()
	c.Stdin, c.Stdout, c.Stderr = terminal, terminal, terminal
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	_ = terminal.Close()
	t.Cleanup(func() {
		cancel()
		_ = c.Wait()
		_ = screen.Close()
	})
	s := &shell{t: t, screen: screen}
	s.await(ready)
	return s
}

// openTerminal opens a pseudo-terminal. Source: pty(7), ptmx(4).
func openTerminal(t *testing.T) (screen, terminal *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("!!!! SKIPPED: no pseudo-terminals here: %v !!!!", err)
	}
	var number, locked int32
	ioctl := func(request uintptr, value *int32) {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, screen.Fd(), request, uintptr(unsafe.Pointer(value))); errno != 0 {
			t.Fatalf("setting up a pseudo-terminal: %v", errno)
		}
	}
	ioctl(syscall.TIOCSPTLCK, &locked)
	ioctl(syscall.TIOCGPTN, &number)
	size := [4]uint16{50, 500, 0, 0} // wide enough that no line is wrapped
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, screen.Fd(), syscall.TIOCSWINSZ, uintptr(unsafe.Pointer(&size))); errno != 0 {
		t.Fatalf("setting the size of a pseudo-terminal: %v", errno)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return screen, terminal
}

// await reads the screen until a text is on it.
func (s *shell) await(text string) {
	s.t.Helper()
	buffer := make([]byte, 4096)
	for !strings.Contains(s.seen, text) {
		n, err := s.screen.Read(buffer)
		s.seen += string(buffer[:n])
		if err != nil {
			s.t.Fatalf("waiting for %q: %v, on the screen: %q", text, err, s.seen)
		}
	}
}

// run types a line, with TABs in it, and returns what is on the screen until the next prompt.
func (s *shell) run(line string) string {
	s.t.Helper()
	s.seen = ""
	if _, err := s.screen.WriteString(line + "\r"); err != nil {
		s.t.Fatal(err)
	}
	s.await("\n" + ready)
	return s.seen
}

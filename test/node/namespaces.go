package node

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/netpol-doctor/netpol-doctor/test/internal/process"
)

// namespaces are where the programs of the node run. They last as long as their
// first process; when that ends, the kernel ends all others.
type namespaces struct{ first *process.Process }

// enclose makes the namespaces, with directories of the node in the places
// where its programs are used to write.
func (n *Node) enclose(ctx context.Context) error {
	pause := exec.Command(filepath.Join(n.programs, "pause"))
	pause.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET}
	first, err := n.launch("pause", pause)
	if err != nil {
		return err
	}
	n.inside = &namespaces{first: first}

	// From here on no mount shows outside.
	commands := []string{
		"mount --make-rprivate /",
		"mount -t proc proc /proc",
		"mount -t tmpfs tmpfs /run",
	}
	for _, place := range []string{"/var/lib", "/var/log", "/opt"} {
		if err := os.MkdirAll(n.path(place), 0o755); err != nil {
			return err
		}
		commands = append(commands, "mount --bind "+n.path(place)+" "+place)
	}
	return n.run(ctx, commands...)
}

// command is one that runs in the namespaces. Its working directory is the root.
func (s *namespaces) command(ctx context.Context, program string, arguments ...string) *exec.Cmd {
	enter := []string{"--target", s.id(), "--pid", "--mount", "--net", "--", program}
	return exec.CommandContext(ctx, "nsenter", append(enter, arguments...)...)
}

// id is by what programs outside know the namespaces.
func (s *namespaces) id() string { return strconv.Itoa(s.first.ID()) }

// run runs short commands in the namespaces, one after the other. They are
// words between spaces.
func (n *Node) run(ctx context.Context, commands ...string) error {
	for _, command := range commands {
		words := strings.Fields(command)
		if err := finish(n.inside.command(ctx, words[0], words[1:]...)); err != nil {
			return err
		}
	}
	return nil
}

// finish runs a command to its end.
func finish(command *exec.Cmd) error {
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("running %s: %w\n%s", strings.Join(command.Args, " "), err, output)
	}
	return nil
}

// launch starts one of the node's programs, which runs until the node ends.
func (n *Node) launch(name string, command *exec.Cmd) (*process.Process, error) {
	p, err := process.Start(name, command, filepath.Join(n.logs, name+".log"))
	if err == nil {
		n.processes = append(n.processes, p)
	}
	return p, err
}

// launchInside starts a program in the namespaces.
func (n *Node) launchInside(name, program string, arguments ...string) error {
	_, err := n.launch(name, n.inside.command(context.Background(), program, arguments...))
	return err
}

// Package process runs the programs that tests need beside them: etcd, the
// parts of Kubernetes, a container runtime. Each writes to a log of its own and
// ends with the test, even with one that is killed.
package process

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// Process is a running child of the test. Its output goes to a file.
type Process struct {
	name    string
	command *exec.Cmd
	log     string
	ended   chan struct{} // closed once the process is gone and waited for
}

// Start runs the command under a name for messages, with what it prints going
// to the file named log. The process does not outlive the test, even where the
// operating system has to see to that.
func Start(name string, command *exec.Cmd, log string) (*Process, error) {
	p := &Process{name: name, command: command, log: log, ended: make(chan struct{})}
	output, err := os.Create(log)
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	defer output.Close() // the child has its own
	command.Stdout, command.Stderr = output, output
	bindToParent(command)

	started := make(chan error)
	go func() {
		// What bindToParent asks for is bound to the thread that starts the
		// process: Linux takes the end of that thread for the end of the parent.
		// Waiting on it, never unlocked, keeps it alive for long enough.
		runtime.LockOSThread()
		err := command.Start()
		started <- err
		if err == nil {
			_ = command.Wait() // the exit status is in ProcessState
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	return p, nil
}

// ID returns the number of the process.
func (p *Process) ID() int { return p.command.Process.Pid }

// Kill ends the process at once and returns when it is gone.
func (p *Process) Kill() {
	_ = p.command.Process.Kill() // fails only on a process that is gone already
	<-p.ended
}

// Exited is the error of a process that ended although nobody asked it to, nil
// while it runs.
func (p *Process) Exited() error {
	select {
	case <-p.ended:
		return fmt.Errorf("running %s: ended by itself (%s)\n%s", p.name, p.command.ProcessState, p.LastWords())
	default:
		return nil
	}
}

// LastWords returns the end of the log under a heading.
func (p *Process) LastWords() string {
	const most = 30
	content, err := os.ReadFile(p.log)
	if err != nil {
		return fmt.Sprintf("reading the log of %s: %v", p.name, err)
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	lines = lines[max(0, len(lines)-most):]
	return fmt.Sprintf("--- the last lines of %s:\n%s", p.name, strings.Join(lines, "\n"))
}

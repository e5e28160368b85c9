package process

import (
	"os/exec"
	"syscall"
)

// bindToParent has the kernel kill the command with its parent. The group of
// its own keeps the terminal's Ctrl-C from it, which would have it end, and
// report that as a failure, before the test does.
func bindToParent(command *exec.Cmd) {
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
	command.SysProcAttr.Setpgid = true
	command.SysProcAttr.Pdeathsig = syscall.SIGKILL
}

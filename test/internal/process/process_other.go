//go:build !linux

package process

import "os/exec"

// bindToParent does nothing: only Linux can be asked to kill a child with its
// parent. Elsewhere a test that is killed itself leaves its server running.
func bindToParent(*exec.Cmd) {}

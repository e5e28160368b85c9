package plugin

import (
	"context"
	"errors"

	"github.com/netpol-doctor/netpol-doctor/cluster/live"
	"github.com/netpol-doctor/netpol-doctor/explain"
)

// The exit codes. They are in every help text, see exitHelp.
const (
	exitWorks       = 0
	exitFails       = 1
	exitUsage       = 2
	exitUnclear     = 3
	exitInterrupted = 130
)

// outcome carries the result of a run that did what it was asked to through cobra's error.
type outcome struct{ result explain.Result }

// Error is never shown.
func (o outcome) Error() string { return string(o.result) }

// codeOf turns what a run ended with into an exit code, and tells whether the error is to be
// shown. Whatever is neither a result nor the cluster's fault is the input's.
func codeOf(ctx context.Context, err error) (code int, show bool) {
	var o outcome
	var unreachable *live.Unreachable
	switch {
	case err == nil:
		return exitWorks, false
	case errors.As(err, &o):
		switch o.result {
		case explain.Works:
			return exitWorks, false
		case explain.Fails:
			return exitFails, false
		}
		return exitUnclear, false
	case ctx.Err() != nil || errors.Is(err, context.Canceled):
		return exitInterrupted, false
	case errors.As(err, &unreachable), untestable(err):
		return exitUnclear, true
	}
	return exitUsage, true
}

package plugin

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// Set by the linker when a release is built, or by make build. The time is that of the commit, since a
// release is the same bytes whenever it is built.
var (
	version   = ""
	commit    = ""
	committed = ""
)

func newVersion(streams Streams) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  kubectl netpol-doctor version",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return printVersion(streams.Out) },
	}
}

func printVersion(out io.Writer) error {
	return thisBuild().print(out)
}

// Version returns the version of this program: that of the release, or of the module that
// `go install` built.
func Version() string { return thisBuild().version }

func thisBuild() build {
	info, _ := debug.ReadBuildInfo()
	return buildOf(info)
}

// A build is what this program was made of. What is not known is empty, but for the version.
type build struct {
	version   string
	commit    string
	committed string
	// modified says that files differed from the commit.
	modified bool
}

// buildOf prefers what the linker set to what the go command recorded: the module's version, and in a
// clone the commit. `go install MODULE@VERSION` has no clone, so a commit only as part of the version.
func buildOf(info *debug.BuildInfo) build {
	b := build{version: version, commit: commit, committed: committed}
	if info != nil {
		if b.version == "" {
			b.version = info.Main.Version
		}
		if b.commit == "" {
			settings := map[string]string{}
			for _, s := range info.Settings {
				settings[s.Key] = s.Value
			}
			b.commit, b.committed = settings["vcs.revision"], settings["vcs.time"]
			b.modified = settings["vcs.modified"] == "true"
		}
	}
	if b.version == "" {
		b.version = "(devel)"
	}
	return b
}

// source is the commit, and whether files differed from it.
func (b build) source() string {
	switch {
	case b.commit == "":
		return "not recorded"
	case b.modified:
		return b.commit + ", with changes"
	}
	return b.commit
}

func (b build) print(out io.Writer) error {
	when := b.committed
	if when == "" {
		when = "not recorded"
	}
	_, err := fmt.Fprintf(out, "netpol-doctor %s\n  commit     %s\n  committed  %s\n  built by   %s, for %s/%s\n",
		b.version, b.source(), when, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

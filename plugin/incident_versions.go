package plugin

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/report"
)

// versions says which program was asked what, with which flags, of which server.
func (o *options) versions(c *cobra.Command, d *explain.Diagnosis, server string) []byte {
	var b bytes.Buffer
	line := func(what, is string) { fmt.Fprintf(&b, "%-15s %s\n", what, report.Plain(is)) }
	line("netpol-doctor", Version())
	line("commit", thisBuild().source())
	line("go", runtime.Version())
	line("os", runtime.GOOS+"/"+runtime.GOARCH)
	line("API server", server)
	line("basis", d.Basis())
	if at := o.observedFor(); !at.IsZero() {
		line("read at", at.UTC().Format(time.RFC3339))
	}
	line("asked", "diagnose "+strings.Join(c.Flags().Args(), " "))
	c.Flags().Visit(func(f *pflag.Flag) {
		for _, text := range shownFlag(f) {
			line("flag", text)
		}
	})
	line("answer", inAWord(d))
	return b.Bytes()
}

// shownFlags are the flags whose value can be shown to anybody who may see the answer. How somebody logs
// in, as whom and where is in none of them; of every other flag only that it was given is shown.
var shownFlags = map[string]bool{
	"namespace": true, "context": true, "network-plugin": true, "all-namespaces": true, "filename": true, "with": true, "without": true,
	"output": true, "since": true, "show-requests": true, "request-timeout": true,
	"probe": true, "from-pod": true, "exec": true, "probe-destination": true,
}

// shownFlag is a flag as it was given, a text for each of its values. Where the file itself is says
// nothing.
func shownFlag(f *pflag.Flag) (out []string) {
	if f.Name == "incident" {
		return nil
	}
	if !shownFlags[f.Name] {
		return []string{"--" + f.Name + " (its value is left out)"}
	}
	values := []string{f.Value.String()}
	if list, ok := f.Value.(pflag.SliceValue); ok {
		values = list.GetSlice()
	}
	for _, value := range values {
		out = append(out, "--"+f.Name+" "+value)
	}
	return out
}

// serverVersion asks the API server for its version. It is told, not relied on: where it is not had, the
// answer stands.
func (o *options) serverVersion(ctx context.Context) string {
	if o.version == nil {
		return "none: read from files"
	}
	version, err := o.version(ctx)
	if err != nil || version == "" {
		return "its version could not be read"
	}
	return version
}

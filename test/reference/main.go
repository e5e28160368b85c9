// Command reference prints the reference of the command line, docs/cli.md, from the commands. With
// "man DIR" it writes a manual page for each command into a directory.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/netpol-doctor/netpol-doctor/plugin"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "writing the reference:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 0:
		_, err := os.Stdout.WriteString(markdown(plugin.Reference()))
		return err
	case len(args) == 2 && args[0] == "man":
		date, err := today()
		if err != nil {
			return err
		}
		return writePages(args[1], date)
	}
	return errors.New("it takes nothing, or man DIR")
}

// today is the date that pages bear: that of SOURCE_DATE_EPOCH where it is set, so that the same source
// makes the same bytes. Source: https://reproducible-builds.org/specs/source-date-epoch
func today() (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		return time.Now().UTC(), nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading SOURCE_DATE_EPOCH: %w", err)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

func writePages(dir string, date time.Time) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root := plugin.Reference()
	for _, c := range append([]*cobra.Command{root}, described(root)...) {
		if err := os.WriteFile(filepath.Join(dir, pageName(c)+".1"), []byte(page(c, date)), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// described are the commands below one that are told of, as its help lists them.
func described(c *cobra.Command) []*cobra.Command {
	var all []*cobra.Command
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			all = append(all, sub)
		}
	}
	return all
}

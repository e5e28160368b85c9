package plugin

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/netpol-doctor/netpol-doctor/report"
)

// patience is how long somebody who pressed TAB waits for a cluster, where nothing else is said.
const patience = 2 * time.Second

// word is what a word of the command line may become, and what is said beside it.
type word struct{ text, about string }

// tab is one press of TAB.
type tab struct {
	ctx     context.Context
	command *cobra.Command // with the flags before the word
	args    []string       // before the word
	typed   string         // of the word
	streams Streams
	opened  known // once it was needed
}

// words lists what the word may become. It may leave out what does not begin with what was typed.
type words func(*tab) []word

// complete makes a tree of commands complete its words: arguments by argumentWords, values of flags by
// flagWords. What is in neither is completed with nothing. A word comes from the code, the files of
// -f and --with, or the cluster; what cannot be read, or not in time, is left out without a word, since
// a shell would show it in the middle of the command line.
func complete(root *cobra.Command, streams Streams) {
	for _, c := range root.Commands() {
		of := argumentWords[c.Name()]
		if c.ValidArgsFunction == nil && len(c.ValidArgs) == 0 && !c.HasSubCommands() {
			c.ValidArgsFunction = completion(streams, func(t *tab) words { return of.at(t) })
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.NoOptDefVal != "" || takesPath(f) { // needs no value, or a file: shells know those
				return
			}
			of := flagWords[f.Name]
			// It can only fail for a flag that is not there, or has its words already.
			_ = c.RegisterFlagCompletionFunc(f.Name, completion(streams, func(*tab) words { return of }))
		})
	}
}

// completion makes of words what cobra calls. Its answer has a space behind the only word that is left,
// unless more may follow there: after "svc/", and after a destination, whose port may.
func completion(streams Streams, of func(*tab) words) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(c.Context(), cmp.Or(streams.Patience, patience))
		defer cancel()
		quiet := Streams{In: strings.NewReader(""), Out: nowhereToWrite{}, Err: nowhereToWrite{}, Getenv: streams.Getenv}
		t := &tab{ctx: ctx, command: c, args: args, typed: typed, streams: quiet}
		directive := cobra.ShellCompDirectiveNoFileComp
		list := of(t)
		if list == nil {
			return nil, directive
		}
		var out []cobra.Completion
		for _, w := range t.within(list) {
			if w == files {
				directive &^= cobra.ShellCompDirectiveNoFileComp
				continue
			}
			if !strings.HasPrefix(w.text, typed) || strings.ContainsFunc(w.text, unicode.IsControl) {
				continue
			}
			text, more := strings.CutSuffix(w.text, andMore)
			if more || strings.HasSuffix(text, "/") {
				directive |= cobra.ShellCompDirectiveNoSpace
			}
			out = append(out, cobra.CompletionWithDesc(text, report.Plain(w.about)))
		}
		slices.Sort(out)
		return slices.Compact(out), directive
	}
}

// files is the word that stands for a file's name, where there is no other.
var files = word{about: "files"}

// andMore ends the text of a word behind which more of the same word may follow.
const andMore = "…"

// within lists words in time. Who lists them may not hear of it, as a program that kubeconfig names
// for credentials does not.
func (t *tab) within(list words) []word {
	done := make(chan []word, 1)
	go func() { done <- list(t) }()
	select {
	case found := <-done:
		return found
	case <-t.ctx.Done():
		return nil
	}
}

// nowhereToWrite is a stream for what nobody is to see.
type nowhereToWrite struct{}

// Write implements io.Writer.
func (nowhereToWrite) Write(p []byte) (int, error) { return len(p), nil }

// fixed are words that are always the same.
func fixed(texts ...string) words {
	var all []word
	for _, text := range texts {
		text, about, _ := strings.Cut(text, ": ")
		all = append(all, word{text, about})
	}
	return func(*tab) []word { return all }
}

package catalogue

import (
	"slices"
	"strings"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/cluster/live/livetest"
)

// TestServerAnswersLikeFiles: a dump of a cluster and the cluster itself give the same answer.
func TestServerAnswersLikeFiles(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"", "traps", "field"} {
		for _, a := range archives(t, folder) {
			if a.live || !slices.Contains(a.with, "dns-dump") {
				continue
			}
			t.Run(a.name, func(t *testing.T) {
				t.Parallel()
				for _, q := range a.questions {
					objects := a.objects(t, q)
					server := livetest.New(t, typed(t, objects)...)
					got := ask(t, q.text, "--kubeconfig", server.Kubeconfig())
					want := a.askAbout(t, q, objects)
					if w, g := want.found(t), got.found(t); w != g {
						t.Errorf("line %d: %s\nfiles  %s\nserver %s", q.line, q.text, strings.TrimSpace(w), strings.TrimSpace(g))
					}
				}
			})
		}
	}
}

package live

import (
	"slices"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// A snapshot in a file counts as whole what a reading does.
func TestWholeResources(t *testing.T) {
	t.Parallel()
	var names []string
	for _, k := range wholeKinds {
		names = append(names, k.name())
	}
	if !slices.Equal(names, cluster.WholeResources) {
		t.Errorf("%q, want %q", names, cluster.WholeResources)
	}
}

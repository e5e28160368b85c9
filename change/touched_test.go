package change_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/flows"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// TestTouchedIsEverything: what edits change is among the flows that begin or end where they are said
// to matter, and none of it is in a namespace that they are said not to reach.
func TestTouchedIsEverything(t *testing.T) {
	t.Parallel()
	changed, spared := 0, 0
	for seed := range uint64(100) {
		s := randomCluster(rand.New(rand.NewPCG(seed, 7)))
		set := policy.Compile(s, toTheLetter)
		denied := slices.DeleteFunc(everyFlow(s), func(f policy.Flow) bool { return set.Evaluate(f).Verdict != policy.Denied })
		for _, f := range denied[:min(len(denied), 5)] {
			_, w := change.Search(change.Start(set), []policy.Decision{set.Evaluate(f)})
			touches := w.Touches()
			whole := changesOf(t, flows.Compile(w.Before()), flows.Compile(w.After()))
			about := changesOf(t, flows.CompileAbout(w.Before(), flows.ByWorkload, touches), flows.CompileAbout(w.After(), flows.ByWorkload, touches))
			if want, got := fmt.Sprintf("%+v", whole), fmt.Sprintf("%+v", about); want != got {
				t.Fatalf("seed %d, %s: %s\nwhole\n%s\nabout\n%s%s", seed, flowText(f), editText(w.Edits()), want, got, clusterText(s))
			}
			changed += len(whole)
			for _, namespace := range []string{"lab", "shop"} {
				if w.Reaches(namespace) {
					continue
				}
				spared++
				for _, c := range whole {
					if c.Source.Ref.Namespace == namespace || c.Destination.Ref.Namespace == namespace {
						t.Fatalf("seed %d, %s: %s\nis said not to reach %s, and changes %+v%s", seed, flowText(f), editText(w.Edits()), namespace, c, clusterText(s))
					}
				}
			}
			if len(whole) > 0 && len(w.Edits()) == 0 {
				t.Fatalf("seed %d: flows change, and no edit is noted", seed)
			}
		}
	}
	if changed < 100 || spared < 20 {
		t.Errorf("only %d flows changed, and %d namespaces were not reached", changed, spared)
	}
}

func changesOf(t *testing.T, before, after *flows.Sets) []flows.Change {
	t.Helper()
	changes, err := flows.Compare(before, after, flows.ByWorkload).Changes(flows.Wanted{}, flows.Wanted{})
	if err != nil {
		t.Fatal(err)
	}
	// Of flows that are Unknown before and after, only those that are asked about are looked at closely.
	return slices.DeleteFunc(changes, func(c flows.Change) bool { return c.Before == policy.Unknown && c.After == policy.Unknown })
}

// An edit of labels can matter to any policy, so it reaches everything; where what a port name means
// hangs on other pods, so does what it touches.
func TestLabelsReachEverything(t *testing.T) {
	t.Parallel()
	s := randomCluster(rand.New(rand.NewPCG(1, 7)))
	kubeRouter, _ := policy.ProfileNamed("kube-router")
	for _, profile := range []policy.Profile{toTheLetter, kubeRouter} {
		w, made := change.Start(policy.Compile(s, profile)).Make([]change.Edit{{
			Kind: change.NamespaceLabelAdded, Object: cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: s.Namespaces[0].Name}, Clause: &policy.Mismatch{Key: "access", Want: []string{"true"}},
		}})
		if !made {
			t.Fatal("the edit could not be made")
		}
		if !w.Reaches("any") || !w.ReachesUnlisted() {
			t.Errorf("%s: a label is said to reach some namespaces only", profile.Name)
		}
		touches := w.Touches()
		for _, p := range s.Pods {
			if want := p.Namespace == s.Namespaces[0].Name || profile.Name == kubeRouter.Name; touches(p) != want {
				t.Errorf("%s: touches %s: %v, want %v", profile.Name, p.Ref(), !want, want)
			}
		}
	}
}

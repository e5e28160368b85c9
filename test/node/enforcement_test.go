package node_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/netpol-doctor/netpol-doctor/plugin"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/probe"
	"github.com/netpol-doctor/netpol-doctor/probe/live"
	"github.com/netpol-doctor/netpol-doctor/report"
	"github.com/netpol-doctor/netpol-doctor/test/apiserver"
	"github.com/netpol-doctor/netpol-doctor/test/node"
)

// checked is what one run of the doctor's check of enforcement came to.
type checked struct {
	report.EnforcementReport
	code           int
	stdout, stderr string
}

// checkEnforcement runs a check as a user does.
func (c cluster) checkEnforcement(ctx context.Context, t *testing.T, arguments ...string) checked {
	t.Helper()
	var out, complaints bytes.Buffer
	line := append([]string{"probe", "--check-enforcement", "--yes", "-o", "json", "--kubeconfig", apiserver.Kubeconfig(t, c.Admin(), namespace)}, arguments...)
	got := checked{code: plugin.Main(ctx, line, plugin.Streams{
		In: strings.NewReader(""), Out: &out, Err: &complaints, Getenv: func(string) string { return "" },
	})}
	got.stdout, got.stderr = out.String(), complaints.String()
	if got.stdout == "" {
		return got
	}
	if err := json.Unmarshal(out.Bytes(), &got.EnforcementReport); err != nil {
		t.Fatalf("%v\n%s", err, got.stdout)
	}
	return got
}

// answer is that of one trial.
func (c checked) answer(name string) report.TrialAnswer {
	for _, a := range c.Trials {
		if a.Name == name {
			return a
		}
	}
	return report.TrialAnswer{}
}

// nothingLeft fails the test when something of ours is still there. All of it is in namespaces.
func (c cluster) nothingLeft(t *testing.T) {
	t.Helper()
	list, err := c.client.CoreV1().Namespaces().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range list.Items {
		if n.Annotations[live.Annotation] != "" {
			t.Errorf("namespace %s is still there: %s", n.Name, n.Status.Phase)
		}
	}
}

// testNothingEnforces: on a node without an enforcer the check says so, and leaves nothing behind.
func (c cluster) testNothingEnforces(t *testing.T) {
	got := c.checkEnforcement(t.Context(), t)
	if got.code != 1 || got.Result != "Fails" || !strings.Contains(got.Summary, "nothing enforces NetworkPolicies") || got.Profile.Enforces.String() != "no" || got.stderr != "" {
		t.Errorf("code %d, %s: %s\n%s%s", got.code, got.Result, got.Summary, got.stdout, got.stderr)
	}
	for _, name := range []string{"ingress", "egress"} {
		if a := got.answer(name); a.Answer != "no" {
			t.Errorf("%s: %+v", name, a)
		}
	}
	if len(got.Profile.Behaviours) > 0 {
		t.Errorf("where nothing is enforced, no behaviour can be measured: %v", got.Profile.Behaviours)
	}
	c.nothingLeft(t)
}

// testEnforcement: what the check measures on Cilium is what the profile says that ships.
func (c cluster) testEnforcement(t *testing.T) {
	t.Run("interrupted", c.testEnforcementInterrupted)
	t.Run("an image that is not there", c.testEnforcementWithoutImage)
	t.Run("opened by another layer", c.testEnforcementOpened)
	got := c.checkEnforcement(t.Context(), t, "--outside", node.OutsideAddresses()[0]+":80")
	c.nothingLeft(t)
	if got.Profile == nil {
		t.Fatalf("no profile: %d %s", got.code, got.stderr)
	}
	shipped, _ := policy.ProfileNamed("cilium")
	// What ships leaves these open: other versions and settings, and other ways to balance load, differ.
	open := map[policy.Behaviour]policy.Truth{policy.UnlistedSectionsEnforced: policy.Yes, policy.PodLabelsIgnored: policy.Yes, policy.HairpinExempt: policy.Yes}
	for _, b := range policy.Behaviours {
		e, measured := got.Profile.Behaviours[b]
		want := cmp.Or(shipped.Of(b).Answer, open[b])
		if measured && policy.Truth(e.Answer) != want {
			t.Errorf("%s: measured %s (%s), but the profile that ships says %s", b, e.Answer, e.Verified, want)
		}
		if cannot := cannotMeasure(b); measured == cannot {
			t.Errorf("%s: measured %v", b, measured)
		}
	}
	if got.Profile.Enforces.String() != "yes" || got.Profile.Rejects.String() != "no" {
		t.Errorf("enforces %s, rejects %s", got.Profile.Enforces, got.Profile.Rejects)
	}
	m := got.Profile.Measured
	if m == nil || m.DeniedIngress != "TimedOut" || m.DeniedEgress != "TimedOut" || m.OpenConnections != "Cut" || m.BitesMilliseconds < 1 || m.BitesMilliseconds > 10_000 || m.OpensMilliseconds < 1 {
		t.Errorf("measured %+v", m)
	}
	var deviates []string
	for _, a := range got.Trials {
		if a.Specification == "yes" && a.Answer == "no" {
			deviates = append(deviates, a.Name)
		}
		if a.Answer == "unknown" && !a.Skipped {
			t.Errorf("%s shows nothing: %s", a.Name, a.Why)
		}
	}
	if want := "named-ports-of-sidecars stamped-labels unlisted-sections"; strings.Join(deviates, " ") != want || got.code != 1 || got.stderr != "" {
		t.Errorf("code %d, deviates in %v, want %s\n%s", got.code, deviates, want, got.stderr)
	}
}

// cannotMeasure tells of which behaviours one node with Cilium shows nothing: what no trial measures,
// and what hangs on blocks that match pods, or on a hairpin that is kept out.
func cannotMeasure(b policy.Behaviour) bool {
	unmeasured := slices.ContainsFunc(probe.Unmeasured, func(u probe.Unmeasurable) bool { return u.Behaviour == b })
	return unmeasured || b == policy.NamedEgressSkipsBlocks || b == policy.HairpinNeedsBoth
}

// testEnforcementWithoutImage: an image that cannot be pulled says nothing of the network plugin.
func (c cluster) testEnforcementWithoutImage(t *testing.T) {
	got := c.checkEnforcement(t.Context(), t, "--probe-image", "registry.example/nothing:1")
	if got.code != 3 || got.stdout != "" || !strings.Contains(got.stderr, "ErrImagePull") && !strings.Contains(got.stderr, "ImagePullBackOff") {
		t.Errorf("code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	c.nothingLeft(t)
}

// testEnforcementOpened: a policy of Cilium's own that opens everything makes nothing look as if nothing
// were enforced.
func (c cluster) testEnforcementOpened(t *testing.T) {
	open := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "cilium.io/v2", "kind": "CiliumClusterwideNetworkPolicy", "metadata": map[string]any{"name": "open-all"},
		"spec": map[string]any{
			"endpointSelector": map[string]any{},
			"ingress":          []any{map[string]any{"fromEntities": []any{"all"}}}, "egress": []any{map[string]any{"toEntities": []any{"all"}}},
		},
	}}
	policies := dynamic.NewForConfigOrDie(c.Admin()).Resource(schema.GroupVersionResource{Group: "cilium.io", Version: "v2", Resource: "ciliumclusterwidenetworkpolicies"})
	if _, err := policies.Create(t.Context(), open, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := policies.Delete(t.Context(), "open-all", metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	}()
	got := c.checkEnforcement(t.Context(), t)
	if got.code != 3 || len(got.Facts) != 1 || got.Facts[0].Object.Name != "open-all" || got.Profile == nil || got.Profile.Enforces != nil {
		t.Fatalf("code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	for _, name := range []string{"ingress", "egress"} {
		if a := got.answer(name); a.Answer != "unknown" || !strings.Contains(a.Why, "open-all") {
			t.Errorf("%+v", a)
		}
	}
	c.nothingLeft(t)
}

// testEnforcementInterrupted: an interruption in the middle of the trials leaves nothing behind, too.
func (c cluster) testEnforcementInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	done := make(chan checked)
	go func() { done <- c.checkEnforcement(ctx, t) }()
	c.await(t, "the first policy", func(ctx context.Context) error {
		list, err := c.client.NetworkingV1().NetworkPolicies(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		for _, p := range list.Items {
			if p.Annotations[live.Annotation] != "" {
				return nil
			}
		}
		return errors.New("there is none")
	})
	interrupt()
	if got := <-done; got.code != 130 || got.stdout != "" || !strings.HasPrefix(got.stderr, "interrupted: deleting what was created") {
		t.Errorf("code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	c.nothingLeft(t)
}

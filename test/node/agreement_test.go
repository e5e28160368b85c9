package node_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"

	doctor "github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/cluster/live"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/test/internal/agreement"
	"github.com/netpol-doctor/netpol-doctor/test/node"
)

var update = flag.Bool("update", false, "rewrite docs/agreement.md")

const agreementPage = "../../docs/agreement.md"

// TestAgreement: what the engine predicts of the shop, of each way to break it and of generated
// policies is what happens on the network, in every case that it predicts. docs/agreement.md is made
// of what was counted. In short, it is some of the overlays and one batch of policies, and no page.
func TestAgreement(t *testing.T) {
	c := cluster{Node: node.Start(t, node.Options{Enforcer: node.Cilium})}
	client, err := kubernetes.NewForConfig(c.Admin())
	if err != nil {
		t.Fatal(err)
	}
	c.client = client
	c.Apply(t, giveAway())
	c.Apply(t, shopWithoutPolicies(t)...)
	c.Apply(t, town()...)

	page := agreement.Page{Plugin: ciliumVersion(t), Kubernetes: kubernetesVersion(t, client)}
	shop := &measured{cluster: c, world: shopWorld(t), namespaces: shopNamespaces(t), containers: c.awaitPods(t, append(shopNamespaces(t), townNamespaces()...)...)}
	base, overlays := shopPolicies(t)
	batches := townBatches
	if testing.Short() {
		overlays, batches = overlays[:2], 1
	}
	shop.measure(t, "[the shop](../examples/shop), without policies")
	shop.measure(t, "the shop", objectsOf(base)...)
	for _, o := range overlays {
		shop.measure(t, fmt.Sprintf("the shop with [%s](../examples/shop/broken/%s)", o.name, o.name), objectsOf(o.policies)...)
		c.Apply(t, objectsOf(o.replaced(base))...)
	}
	page.Rows = append(page.Rows, shop.rows...)

	random := &measured{cluster: c, world: townWorld(), namespaces: townNamespaces(), containers: shop.containers}
	random.measure(t, "generated, none yet")
	generator := agreement.NewGenerator(townSeed, townWords())
	for i := range batches {
		name := fmt.Sprintf("batch-%d", i+1)
		policies := generator.Batch(name, townNamespaces(), townPolicies)
		t.Run(name, func(t *testing.T) {
			random.measure(t, "generated, "+name, objectsOf(policies)...)
			if i == batches-1 {
				t.Run("a flipped prediction is reported", random.testFlipped)
			}
		})
	}
	page.Rows = append(page.Rows, merged(random.rows)...)

	total := page.Total()
	t.Logf("seed %d: %d flows, %d predicted, %d excluded, %d differ, %d were tried again, %d of them are denied and connected at first\n%s", townSeed, total.Flows, total.Judged(), total.Left(), len(total.Differences), total.Repeated, len(total.Slipped), page)
	for _, r := range agreement.Reasons {
		t.Logf("%d excluded, %d of them connected: %s", total.Excluded[r], total.ExcludedConnected[r], r.Text)
	}
	if !testing.Short() {
		checkPage(t, page)
	}
}

// checkPage holds the page against the one that is stored, or stores it.
func checkPage(t *testing.T, page agreement.Page) {
	t.Helper()
	if *update && !t.Failed() {
		if err := os.WriteFile(agreementPage, []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if stored, err := os.ReadFile(agreementPage); err != nil || string(stored) != page.String() {
		t.Errorf("%s is not what was measured (%v); run make agreement and read the diff", agreementPage, err)
	}
}

// merged makes one row of those that are of one sort.
func merged(rows []agreement.Row) []agreement.Row {
	out := rows[:1:1]
	all := agreement.Row{What: fmt.Sprintf("generated, %d batches", len(rows)-1)}
	for _, r := range rows[1:] {
		all.Policies += r.Policies
		all.Result = all.Plus(r.Result)
	}
	return append(out, all)
}

// giveAway is what the plugin is recognised by. Here its agent is a process of the node.
func giveAway() runtime.Object {
	labels := map[string]string{"k8s-app": "cilium"}
	return &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Name: "cilium", Namespace: metav1.NamespaceSystem},
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					NodeSelector: map[string]string{"kubernetes.io/hostname": "nowhere"},
					Containers:   []corev1.Container{{Name: "cilium-agent", Image: "quay.io/cilium/cilium:v1.20.2"}},
				},
			},
		},
	}
}

// ciliumVersion asks the agent, which says "Cilium: 1.20.2 REVISION ...".
func ciliumVersion(t *testing.T) string {
	t.Helper()
	said, err := exec.CommandContext(t.Context(), filepath.Join(os.Getenv(node.ProgramsVariable), "cilium-agent"), "--version").Output()
	words := strings.Fields(string(said))
	if err != nil || len(words) < 2 {
		t.Fatalf("asking Cilium for its version: %q, %v", said, err)
	}
	return "Cilium " + words[1]
}

func kubernetesVersion(t *testing.T, client *kubernetes.Clientset) string {
	t.Helper()
	version, err := client.Discovery().ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	return "Kubernetes " + version.GitVersion
}

// measured is a part of the cluster, in which one set of policies after the other is measured.
type measured struct {
	cluster
	world      agreement.World
	namespaces []string // of its policies
	// containers are those of its pods.
	containers map[agreement.Place]string
	last       []agreement.Probe // what was predicted before
	rows       []agreement.Row
}

// measure applies policies and tries every connection of the world.
func (m *measured) measure(t *testing.T, what string, policies ...runtime.Object) {
	t.Helper()
	begin := time.Now()
	m.Apply(t, policies...)
	probes, n := m.predict(t)
	turned := agreement.Turned(m.last, probes)
	if m.last == nil {
		turned = probes // servers may still be starting
	}
	m.awaitInForce(t, turned)
	r := agreement.Compare(probes, m.try(t))
	m.last = probes
	m.rows = append(m.rows, agreement.Row{What: what, Policies: n, Result: r})
	t.Logf("%s: %d policies, %d flows, %d turned, %d allowed, %d denied, %d excluded, %d tried again, %s",
		what, n, r.Flows, len(turned), r.Allowed, r.Denied, r.Left(), r.Repeated, time.Since(begin).Round(100*time.Millisecond))
	for _, p := range r.Slipped {
		t.Logf("it connected at first: %s", p)
	}
	for i, d := range r.Differences {
		if i == 30 {
			t.Errorf("and %d more", len(r.Differences)-i)
			break
		}
		t.Errorf("differs: %s", d)
	}
	for _, p := range r.Unexcused {
		t.Errorf("nothing is predicted: %s", p)
	}
}

// awaitInForce returns when what other policies turned is as predicted: then they are in force. If
// that does not come to pass the comparison tells.
func (m *measured) awaitInForce(t *testing.T, turned []agreement.Probe) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); len(turned) > 0 && time.Now().Before(end); {
		turned = agreement.Otherwise(turned, m.try(t))
	}
}

// predict reads the cluster as the doctor does and judges every connection of the world. It returns
// how many policies there are in the namespaces of the world, too.
func (m *measured) predict(t *testing.T) (probes []agreement.Probe, policies int) {
	t.Helper()
	m.await(t, "the doctor to see the cluster as it is", func(ctx context.Context) error {
		set, err := m.read(ctx)
		if err != nil {
			return err
		}
		probes, err = agreement.Predict(set, m.world)
		policies = 0
		for _, p := range set.Snapshot().Policies {
			if slices.Contains(m.namespaces, p.Namespace) {
				policies++
			}
		}
		return err
	})
	return probes, policies
}

// read reads the whole cluster. What is written last may be missing in what the API server answers
// from its cache, which is an error.
func (m *measured) read(ctx context.Context) (*policy.Set, error) {
	options := live.Options{}
	for _, k := range policy.LayerKinds {
		options.Foreign = append(options.Foreign, live.ForeignKind{Group: k.Group, Resource: k.Resource, Kind: k.Kind, Namespaced: k.Namespaced})
	}
	source, err := live.Open(m.Admin(), options)
	if err != nil {
		return nil, err
	}
	s, err := source.Read(ctx, doctor.Scope{All: true, Nodes: true})
	if err != nil {
		return nil, err
	}
	if len(s.Gaps) > 0 {
		return nil, fmt.Errorf("not everything was read: %v", s.Gaps)
	}
	stored, err := m.client.NetworkingV1().NetworkPolicies("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, p := range stored.Items {
		same := func(o *doctor.Policy) bool {
			return o.Namespace == p.Namespace && o.Name == p.Name && equality.Semantic.DeepEqual(o.Spec, p.Spec)
		}
		if !slices.ContainsFunc(s.Policies, same) {
			return nil, fmt.Errorf("the policy %s/%s was not read as it is", p.Namespace, p.Name)
		}
	}
	if len(s.Policies) != len(stored.Items) {
		return nil, fmt.Errorf("%d policies were read, and there are %d", len(s.Policies), len(stored.Items))
	}
	plugin, profile := policy.Recognise(s, nil)
	if plugin.Name != "cilium" || plugin.Enforces != policy.Yes {
		return nil, fmt.Errorf("the network plugin is recognised as %+v", plugin)
	}
	return policy.Compile(s, profile), nil
}

// testFlipped is the negative control: of predictions that are turned into their opposites every
// one is reported, so what agrees was really seen.
func (m *measured) testFlipped(t *testing.T) {
	probes, _ := m.predict(t)
	flip := map[policy.Verdict]policy.Verdict{policy.Allowed: policy.Denied, policy.Denied: policy.Allowed}
	var flipped []agreement.Probe
	for i := 0; i < len(probes); i += 29 {
		p := probes[i]
		if opposite, ok := flip[p.Decision.Verdict]; ok {
			p.Decision.Verdict = opposite
			flipped = append(flipped, p)
		}
	}
	r := agreement.Compare(flipped, m.try(t))
	if len(r.Differences) != len(flipped) || r.Allowed+r.Denied > 0 || r.Flows < 50 {
		t.Errorf("%d of %d flipped predictions were reported", len(r.Differences), len(flipped))
	}
}

func objectsOf(policies []*networkingv1.NetworkPolicy) []runtime.Object {
	var objects []runtime.Object
	for _, p := range policies {
		objects = append(objects, p)
	}
	return objects
}

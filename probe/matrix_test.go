package probe_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/plugin"
	"github.com/netpol-doctor/netpol-doctor/probe"
)

// matrixOf plans a matrix of targets in the namespace shop.
func matrixOf(t *testing.T, manifests, targets string, force bool) (*probe.Matrix, error) {
	t.Helper()
	q := explain.Question{Snapshot: diagnosed(t, manifests, "pod/client", "pod/api-a:8080").Snapshot, Plugin: declared("cilium")}
	var list []ends.Target
	for _, text := range strings.Fields(targets) {
		target, err := plugin.ParseDestination(text, "shop")
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, target)
	}
	return probe.NewMatrix(q, list, force)
}

// open makes every pod ready for a world.
func (w world) open(context.Context, *cluster.Pod) (probe.Runner, error) { return w.run, nil }

func nothingDone(int) {}

// cellLines prints a matrix, a cell in a line.
func cellLines(m *probe.Matrix) string {
	var b strings.Builder
	for _, c := range m.Cells {
		fmt.Fprintf(&b, "%s -> %s:%d", c.Source.End.Ref.Name, c.Destination.Ref.Name, c.Route.Port)
		for _, a := range c.Plan.Attempts {
			fmt.Fprintf(&b, " %s %s %s", a.Hop, a.Target(), a.Verdict)
		}
		for _, cut := range c.Plan.Cut {
			fmt.Fprintf(&b, " cut %s", cut)
		}
		fmt.Fprintln(&b, c.Source.Unable)
	}
	for _, c := range m.Cut {
		fmt.Fprintln(&b, "cut", c)
	}
	for _, n := range m.Notes {
		fmt.Fprintln(&b, "note", n)
	}
	return b.String()
}

// workload is a Deployment in the town with two pods, of which policies deny one.
const workload = `
{apiVersion: apps/v1, kind: Deployment, metadata: {name: api, namespace: shop, uid: d1}, spec: {selector: {matchLabels: {app: api}}, template: {metadata: {labels: {app: api}}, spec: {containers: [{name: c, image: i}]}}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: zero, namespace: shop}, spec: {replicas: 0, selector: {matchLabels: {app: zero}}, template: {metadata: {labels: {app: zero}}, spec: {containers: [{name: c, image: i, ports: [{containerPort: 7}]}]}}}}
---
`

// withDeployment is the town in which a Deployment has the pods of the Service api.
func withDeployment() string {
	owned := strings.ReplaceAll(town, "namespace: shop, labels: {app: api", "namespace: shop, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: api-1, uid: r1, controller: true}], labels: {app: api")
	return owned + workload + `
{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: api-1, namespace: shop, uid: r1, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: api, uid: d1, controller: true}]}, spec: {selector: {matchLabels: {app: api}}, template: {metadata: {labels: {app: api}}, spec: {containers: [{name: c, image: i}]}}}}
---
`
}

const alias = `
{apiVersion: v1, kind: Service, metadata: {name: alias, namespace: shop}, spec: {type: ExternalName, externalName: api.example.com}}
---
`

// TestMatrixPlan: every ordered pair but a target and itself; of a Service its address, of a workload
// one pod; nothing that is left out is left unsaid.
func TestMatrixPlan(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, targets, want string }{
		{
			"pods and a Service", "pod/client pod/api-a pod/api-b svc/api:80", `
client -> api-a:8080 Backend 10.0.0.2:8080/TCP Allowed
client -> api-b:8080 Backend 10.0.0.3:8080/TCP Denied
client -> api:80 Service 10.96.0.7:80/TCP Unknown
api-a -> api-b:8080 Backend 10.0.0.3:8080/TCP Denied
api-a -> api:80 Service 10.96.0.7:80/TCP Unknown
api-b -> api-a:8080 Backend 10.0.0.2:8080/TCP Allowed
api-b -> api:80 Service 10.96.0.7:80/TCP Allowed
note shop/pod/client declares no port, so it is only a source
`,
		},
		{
			"of a workload the pod that policies deny, and never the source's own", "pod/client deploy/api pod/api-b", `
client -> api:8080 Backend 10.0.0.3:8080/TCP Denied
client -> api-b:8080 Backend 10.0.0.3:8080/TCP Denied
api -> api-b:8080 Backend 10.0.0.3:8080/TCP Denied
api-b -> api:8080 Backend 10.0.0.2:8080/TCP Allowed
note shop/pod/client declares no port, so it is only a source
`,
		},
		{
			"a headless Service has no address: one pod of it", "pod/client svc/peers:8080", `
client -> peers:8080 Backend 10.0.0.3:8080/TCP Denied
`,
		},
		{
			"the same twice, and a port that is declared anyway", "pod/client pod/api-a pod/api-a pod/api-a:8080 pod/api-a:9", `
client -> api-a:8080 Backend 10.0.0.2:8080/TCP Allowed
client -> api-a:9 Backend 10.0.0.2:9/TCP Allowed
note shop/pod/client declares no port, so it is only a source
`,
		},
		{
			"outside", "pod/client 192.0.2.1:443 api.example.com:443 192.0.2.0/24:443", `
client -> 192.0.2.1/32:443 Backend 192.0.2.1:443/TCP Allowed
client -> api.example.com:443 Name api.example.com Allowed Backend api.example.com:443/TCP Allowed
client -> 192.0.2.0/24:443 cut 192.0.2.0/24 (CIDR): no object tells an address of it
`,
		},
		{
			"an alias", "pod/client svc/alias:443", `
client -> api.example.com:443 Name api.example.com Allowed Backend api.example.com:443/TCP Allowed
`,
		},
		{
			"no sweep over ports", "pod/client svc/many", `
client -> many:1 Service 10.96.0.9:1/TCP Allowed
client -> many:2 Service 10.96.0.9:2/TCP Allowed
client -> many:3 Service 10.96.0.9:3/TCP Allowed
cut 1 of 4 ports of shop/svc/many: a matrix tests 3 at most, so name the one that matters
`,
		},
		{
			"what does not run is a row that says so; what has no pods is none", "pod/client pod/done deploy/zero pod/api-a", `
client -> zero:7 cut shop/zero (Deployment): no object tells an address of it
client -> api-a:8080 Backend 10.0.0.2:8080/TCP Allowed
done -> zero:7none of its pods is running
done -> api-a:8080none of its pods is running
api-a -> zero:7 cut shop/zero (Deployment): no object tells an address of it
cut from shop/deploy/zero: it has no pod
note shop/pod/done declares no port, so it is only a source
note shop/pod/client declares no port, so it is only a source
`,
		},
	} {
		m, err := matrixOf(t, withDeployment()+alias+many("many", 2), row.targets, false)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if diff := cmp.Diff(strings.TrimPrefix(row.want, "\n"), cellLines(m)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
}

// TestMatrixRefused: what cannot be a matrix is refused with what to name instead.
func TestMatrixRefused(t *testing.T) {
	t.Parallel()
	crowd, targets := town, ""
	for i := range 22 {
		crowd += fmt.Sprintf(`{apiVersion: v1, kind: Pod, metadata: {name: p-%02d, namespace: shop}, spec: {containers: [{name: c, image: i, ports: [{containerPort: 80}]}]}, status: {phase: Running, podIP: 10.0.2.%d}}
---
`, i, i+1)
		targets += fmt.Sprintf(" pod/p-%02d", i)
	}
	for _, row := range []struct{ name, targets, says string }{
		{"no source", "svc/api svc/peers", "none of the targets can open a connection"},
		{"one target", "pod/api-a pod/api-a:8080", "needs two targets"},
		{"no port", "pod/client pod/done", "declares no port"},
		{"a port is needed", "pod/client 192.0.2.1", "a port is needed"},
		{"it is not there", "pod/client pod/nobody", "no Pod named"},
		{"too many", targets, "22 targets tests about 462 connections, more than 400, and each takes up to 6s"},
	} {
		if _, err := matrixOf(t, crowd, row.targets, false); err == nil || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: %v, want %q", row.name, err, row.says)
		}
	}
	m, err := matrixOf(t, crowd, targets, true)
	if err != nil || m.Attempts() != 22*21 {
		t.Errorf("forced: %v", err)
	}
	// Ports count, too.
	_, err = matrixOf(t, crowd, targets[:len(" pod/p-00")*21]+" pod/p-00:1 pod/p-01:1", false)
	var tooMany *probe.TooManyError
	if !errors.As(err, &tooMany) {
		t.Errorf("more ports: %v", err)
	}
}

// TestMatrixRun: what each cell comes to, and what the whole does.
func TestMatrixRun(t *testing.T) {
	t.Parallel()
	const b = "Backend 10.0.0.3:8080/TCP"
	other := `
{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: maybe, namespace: shop}, spec: {endpointSelector: {}, ingress: [{}]}}
---
`
	for _, row := range []struct {
		name, manifests, targets string
		world                    world
		result                   explain.Result
		want                     string // the first cell
	}{
		{"allowed, and it works", open, "pod/client pod/api-b", nil, explain.Works, "Allowed Connected Agrees"},
		{"denied, and blocked", town, "pod/client pod/api-b", world{b: timedOut}, explain.Works, "Denied TimedOut Agrees"},
		{"denied, and it gets through", town, "pod/client pod/api-b", nil, explain.Fails, "Denied Connected Contradicts NPD801"},
		{"allowed, and nothing comes back", open, "pod/client pod/api-b", world{b: timedOut}, explain.Fails, "Allowed TimedOut Contradicts NPD802"},
		{"allowed, and refused", open, "pod/client pod/api-b", world{b: refused}, explain.Fails, "Allowed Refused SaysNothing NPD803"},
		{"denied, and refused by nobody knows whom", town, "pod/client pod/api-b", world{b: refused}, explain.Unclear, "Denied Refused SaysNothing"},
		{"nothing is learnt", open, "pod/client pod/api-b", world{b: lost}, explain.Unclear, "Allowed Inconclusive SaysNothing: the stream was cut off"},
		{"it is not known, and works", town + other, "pod/client pod/api-b", nil, explain.Unclear, "Unknown Connected SaysNothing"},
		{"it is not known, and fails", town + other, "pod/client pod/api-b", world{b: timedOut}, explain.Unclear, "Unknown TimedOut SaysNothing NPD809"},
		{"a datagram without an answer", open, "pod/client pod/api-b:9/udp", world{"Backend": timedOut}, explain.Unclear, "Allowed TimedOut SaysNothing"},
		{"one contradiction is enough", open, "pod/client pod/api-a pod/api-b", world{b: timedOut}, explain.Fails, "Allowed Connected Agrees"},
		{"nothing behind the Service", open, "pod/client svc/nobody:80", world{"Service": refused}, explain.Unclear, "Unknown Refused SaysNothing: nothing is behind Service nobody"},
		{"not every port", open, "pod/client svc/many", nil, explain.Unclear, "Allowed Connected Agrees"},
		{"nothing to dial", open, "pod/client 192.0.2.0/24:443", nil, explain.Unclear, "Allowed Inconclusive SaysNothing: 192.0.2.0/24 (CIDR): no object tells an address of it"},
		{"a name outside", open, "pod/client api.example.com:443", world{"Name": stands("192.0.2.7")}, explain.Works, "Allowed Connected Agrees"},
		{"a name that is not there", open, "pod/client api.example.com:443", world{"Name": noName}, explain.Unclear, "Allowed Inconclusive SaysNothing NPD805: looking up api.example.com: NameNotFound"},
		{"it does not run", open, "pod/done pod/api-a", nil, explain.Unclear, "Unknown Inconclusive SaysNothing: none of its pods is running"},
	} {
		m, err := matrixOf(t, row.manifests+many("many", 1), row.targets, false)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if err := m.Run(t.Context(), 4, row.world.open, nothingDone); err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
		c := m.Cells[0]
		got := fmt.Sprintf("%s %s %s", c.Judged.Verdict, c.Judged.Outcome(), c.Judged.Row.Agreement)
		if c.Finding != nil {
			got += " " + c.Finding.Code
		}
		if !c.Tested() || c.Because != "" {
			got += ": " + c.Meaning()
		}
		if !strings.HasPrefix(got, row.want) || m.Result() != row.result || c.Meaning() == "" {
			t.Errorf("%s: %s, %s; want %s, %s", row.name, got, m.Result(), row.want, row.result)
		}
		if c.Differs() && c.Advice() == "" {
			t.Errorf("%s: no suspect", row.name)
		}
	}
}

// TestMatrixRunIsBounded: from one pod one at a time, from no more pods than asked for, and every
// attempt is counted once.
func TestMatrixRunIsBounded(t *testing.T) {
	t.Parallel()
	m, err := matrixOf(t, open+many("many", 6), "pod/client pod/api-a pod/api-b pod/many-00:1 pod/many-01:1 pod/many-02:1 pod/many-03:1", false)
	if err != nil {
		t.Fatal(err)
	}
	var pods, mostPods, done atomic.Int32
	var mutex sync.Mutex
	busy := map[*cluster.Pod]int{}
	raise := func(n int32) {
		for most := mostPods.Load(); n > most && !mostPods.CompareAndSwap(most, n); most = mostPods.Load() {
		}
	}
	barrier := make(chan struct{}) // until two are at work
	var once sync.Once
	err = m.Run(t.Context(), 2, func(_ context.Context, pod *cluster.Pod) (probe.Runner, error) {
		return func(context.Context, probe.Attempt) probe.Run {
			mutex.Lock()
			if busy[pod]++; busy[pod] > 1 {
				t.Errorf("two attempts at a time from %s", pod.Name)
			}
			mutex.Unlock()
			raise(pods.Add(1))
			if pods.Load() == 2 {
				once.Do(func() { close(barrier) })
			}
			<-barrier
			pods.Add(-1)
			mutex.Lock()
			busy[pod]--
			mutex.Unlock()
			return connected
		}, nil
	}, func(n int) { done.Add(int32(n)) })
	if err != nil {
		t.Fatal(err)
	}
	if mostPods.Load() != 2 || int(done.Load()) != m.Attempts() || m.Result() != explain.Works {
		t.Errorf("%d pods at a time, %d of %d attempts counted, %s", mostPods.Load(), done.Load(), m.Attempts(), m.Result())
	}
}

// TestMatrixGoesOn: where nothing can be tested from one pod, the others are.
func TestMatrixGoesOn(t *testing.T) {
	t.Parallel()
	m, err := matrixOf(t, open, "pod/client pod/api-a pod/api-b", false)
	if err != nil {
		t.Fatal(err)
	}
	m.Sources[2].Unable = "it was prepared in vain"
	done := 0
	err = m.Run(t.Context(), 1, func(_ context.Context, pod *cluster.Pod) (probe.Runner, error) {
		if pod.Name == "client" {
			return nil, errors.New("the image cannot be pulled")
		}
		return world{}.run, nil
	}, func(n int) { done += n })
	if err != nil || done != 3 || m.Result() != explain.Unclear {
		t.Errorf("%v, %d done, %s", err, done, m.Result())
	}
	for _, c := range m.Cells {
		want := map[string]string{"client": "the image cannot be pulled", "api-b": "it was prepared in vain"}[c.Source.End.Ref.Name]
		if c.Source.Unable != want || c.Tested() != (want == "") || want != "" && c.Meaning() != want {
			t.Errorf("from %s: %q, %s", c.Source.End.Ref.Name, c.Source.Unable, c.Meaning())
		}
	}
}

// TestMatrixInterrupted: an interruption ends it, also for those that wait for their turn, and
// nothing is concluded.
func TestMatrixInterrupted(t *testing.T) {
	t.Parallel()
	m, err := matrixOf(t, open, "pod/client pod/api-a pod/api-b", false)
	if err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	var asked atomic.Int32
	err = m.Run(ctx, 1, func(context.Context, *cluster.Pod) (probe.Runner, error) {
		return func(context.Context, probe.Attempt) probe.Run {
			asked.Add(1)
			interrupt()
			return lost
		}, nil
	}, nothingDone)
	if !errors.Is(err, context.Canceled) || asked.Load() != 1 {
		t.Errorf("%v, asked %d times", err, asked.Load())
	}
	for _, c := range m.Cells {
		if c.Tested() || c.AsExpected() || c.Differs() {
			t.Errorf("a conclusion from nothing: %+v", c.Judged)
		}
	}
}

package live

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/netpol-doctor/netpol-doctor/probe"
)

// grace is how much longer a pod is waited for that only one trial needs.
const grace = 10 * time.Second

// Await waits until the pods run and finds out which addresses there are. Outside is one that the
// user knows; if it is not valid, the API server's is taken where that is outside. Nodes are those
// that the pods are on.
func (s *Scratch) Await(ctx context.Context, missing map[string]string, outside netip.AddrPort) (place *probe.Place, nodes map[string]string, err error) {
	const doing = "waiting for the pods of the trials"
	pods, begun, ready := map[string]*corev1.Pod{}, time.Now(), time.Time{}
	last := "nothing is known of them"
	err = wait.PollUntilContextTimeout(ctx, interval, patience, true, func(ctx context.Context) (bool, error) {
		if err := s.read(ctx, pods); err != nil {
			last = err.Error()
			return false, nil // may pass
		}
		waiting := s.unready(pods, missing)
		if i := slices.IndexFunc(waiting, func(r reason) bool { return needed(r.pod) }); i >= 0 {
			if h := slices.IndexFunc(waiting, func(r reason) bool { return needed(r.pod) && r.hopeless }); h >= 0 {
				return false, errors.New(waiting[h].text)
			}
			last = waiting[i].text
			return false, nil
		}
		if ready.IsZero() {
			ready = time.Now()
		}
		late := time.Since(ready) > grace
		for _, r := range waiting {
			if late || r.hopeless {
				missing[r.pod] = r.text
			}
		}
		return late || len(waiting) == 0, nil
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, nil, ctx.Err()
	case wait.Interrupted(err):
		return nil, nil, &UnableError{doing, fmt.Sprintf("%s (after %s)", last, time.Since(begun).Round(time.Second))}
	case err != nil:
		return nil, nil, &UnableError{doing, err.Error()}
	}
	place, nodes = s.place(pods, missing)
	return place, nodes, s.look(ctx, place, pods, outside)
}

// read reads the pods of both namespaces.
func (s *Scratch) read(ctx context.Context, pods map[string]*corev1.Pod) error {
	for _, namespace := range []string{s.Namespace, s.Guests} {
		list, err := s.prober.core.Pods(namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		for i := range list.Items {
			pods[list.Items[i].Name] = &list.Items[i]
		}
	}
	return nil
}

// reason is why a pod does not run, and whether waiting does not mend it.
type reason struct {
	pod, text string
	hopeless  bool
}

// unready tells why pods do not run that are not missing anyway.
func (s *Scratch) unready(pods map[string]*corev1.Pod, missing map[string]string) (waiting []reason) {
	for _, name := range probe.TrialPods {
		if missing[name] != "" {
			continue
		}
		if text, hopeless, ok := runs(pods[name]); !ok {
			waiting = append(waiting, reason{name, fmt.Sprintf("pod %s/%s %s", s.namespaceOf(name), name, text), hopeless})
		}
	}
	return waiting
}

// runs tells whether a pod runs, has an address, and has no containers but ours: a mesh's proxy would
// take its connections. If not, why.
func runs(pod *corev1.Pod) (text string, never, ok bool) {
	if pod == nil {
		return "is not there", false, false
	}
	for _, c := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		if c.Name != "main" && c.Name != "side" {
			return "was given the container " + c.Name + ", as meshes do: what is seen from it would be that container's doing", true, false
		}
	}
	if pod.DeletionTimestamp != nil || pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
		return "has ended: " + phase(pod) + why(pod.Status.Reason, pod.Status.Message), true, false
	}
	for _, c := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if w := c.State.Waiting; w != nil && w.Reason != "PodInitializing" {
			return "does not start" + why(w.Reason, w.Message), hopeless[w.Reason], false
		}
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return "is on no node" + why(c.Reason, c.Message), false, false
		}
	}
	if pod.Status.Phase != corev1.PodRunning || pod.Status.PodIP == "" {
		return "is not running but " + phase(pod), false, false
	}
	return "", false, true
}

// place makes the place that the pods are.
func (s *Scratch) place(pods map[string]*corev1.Pod, missing map[string]string) (*probe.Place, map[string]string) {
	p, nodes := &probe.Place{Guests: s.Guests, Pods: map[string]netip.Addr{}, Missing: missing}, map[string]string{}
	for _, name := range probe.TrialPods {
		pod := pods[name]
		if missing[name] != "" || pod == nil {
			continue
		}
		p.Pods[name], _ = netip.ParseAddr(pod.Status.PodIP)
		nodes[name] = pod.Spec.NodeName
		host, err := netip.ParseAddr(pod.Status.HostIP)
		switch {
		case err != nil:
		case name == probe.Client:
			p.OwnNode = host
		case host != p.OwnNode && !p.OtherNode.IsValid():
			p.OtherNode = host
		}
	}
	if !p.OtherNode.IsValid() {
		p.Missing[probe.ToOtherNode] = "all pods of the trials are on one node"
	}
	return p, nodes
}

// look finds the addresses that do not belong to pods.
func (s *Scratch) look(ctx context.Context, p *probe.Place, pods map[string]*corev1.Pod, outside netip.AddrPort) error {
	var err error
	if p.Service, err = netip.ParseAddr(s.service); err != nil {
		p.Missing[probe.ToService] = "the Service was given no address"
	}
	if p.Outside = outside; !outside.IsValid() {
		if p.Outside, err = s.apiServer(ctx, pods); err != nil {
			p.Missing[probe.ToOutside] = err.Error() + "; name an address outside that answers with --outside ADDRESS:PORT"
		}
	}
	return ctx.Err()
}

// apiServer is the API server's own address, if it is not a node's.
func (s *Scratch) apiServer(ctx context.Context, pods map[string]*corev1.Pod) (netip.AddrPort, error) {
	none := netip.AddrPort{}
	slice, err := s.discovery.EndpointSlices(metav1.NamespaceDefault).Get(ctx, "kubernetes", metav1.GetOptions{})
	if err != nil {
		return none, fmt.Errorf("reading the API server's address: %w", err)
	}
	address, err := firstOf(slice)
	if err != nil {
		return none, err
	}
	list, err := s.prober.core.Nodes().List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return none, fmt.Errorf("reading which addresses are nodes': %w", err)
	}
	hosts := map[string]bool{}
	for _, pod := range pods {
		hosts[pod.Status.HostIP] = true
	}
	for _, node := range list.Items {
		for _, a := range node.Status.Addresses {
			hosts[a.Address] = true
		}
	}
	if hosts[address.Addr().String()] {
		return none, errors.New("the API server is on a node")
	}
	return address, nil
}

// firstOf is the first address and port of an EndpointSlice.
func firstOf(slice *discoveryv1.EndpointSlice) (netip.AddrPort, error) {
	for _, e := range slice.Endpoints {
		for _, text := range e.Addresses {
			for _, port := range slice.Ports {
				if a, err := netip.ParseAddr(text); err == nil && port.Port != nil {
					return netip.AddrPortFrom(a, uint16(*port.Port)), nil
				}
			}
		}
	}
	return netip.AddrPort{}, fmt.Errorf("the API server's address is not known: EndpointSlice %s has none", strings.Join([]string{slice.Namespace, slice.Name}, "/"))
}

package explain

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Needs is the answer to a question without a destination: everything that a workload is declared
// to need, and whether it works.
type Needs struct {
	Source   ends.End
	List     []Need // worst first
	Result   Result
	Facts    []policy.Fact
	Snapshot *cluster.Snapshot
	Plugin   policy.Plugin
}

// Need is one connection that a workload is declared to have.
type Need struct {
	Kind NeedKind
	// Incoming: somebody else opens it.
	Incoming bool
	// Peer is the other end, as it is typed.
	Peer string
	// Evidence says where it is declared.
	Evidence []string
	Result   Result
	// Code is that of the finding which is the cause; empty where it works or nothing was found.
	Code    string
	Summary string
	// Walk are the words of the command that shows more; nil where there is no more to show.
	Walk []string
}

// cite adds to the evidence.
func (n *Need) cite(evidence ...string) {
	for _, e := range evidence {
		if !slices.Contains(n.Evidence, e) {
			n.Evidence = append(n.Evidence, e)
		}
	}
}

// NeedKind is a way in which a connection is declared.
type NeedKind string

// The kinds, in the order they are shown.
const (
	NeedDNS     NeedKind = "DNS"       // names have to be looked up
	NeedService NeedKind = "Service"   // a Service that the specification names
	NeedOutside NeedKind = "Outside"   // an address, or a name that is not the cluster's
	NeedAPI     NeedKind = "APIServer" // a token of a ServiceAccount of its own is mounted
	NeedClient  NeedKind = "Client"    // another workload names one of its Services
	NeedScrape  NeedKind = "Scrape"    // an annotation asks for Prometheus
	NeedProbe   NeedKind = "Probe"     // the kubelet
	NeedWayIn   NeedKind = "WayIn"     // a load balancer brings it in from outside
	NeedBackend NeedKind = "Backend"   // an Ingress or a route sends requests to it
	NeedUnread  NeedKind = "Unread"    // there may be more that could not be read
)

var needOrder = []NeedKind{NeedUnread, NeedDNS, NeedService, NeedOutside, NeedAPI, NeedClient, NeedScrape, NeedProbe, NeedWayIn, NeedBackend}

// WhatItNeeds looks at everything that a workload or pod is declared to need. The namespace is that
// of targets which do not name one. An error means that the question itself makes no sense in this
// cluster.
func WhatItNeeds(q Question, namespace string) (*Needs, error) {
	source, err := ends.ResolveSource(q.Snapshot, q.Source)
	switch {
	case err != nil:
		return nil, err
	case source.Unread != nil && ends.IsWayIn(q.Source.Kind) && !source.WayIn():
		return unreadWayIn(q, namespace, source), nil
	case source.Ingress != nil:
		return backends(q, namespace, source), nil
	case source.WayIn():
		return routed(q, namespace, source), nil
	case source.Service != nil && source.Service.Type == corev1.ServiceTypeLoadBalancer:
		return wayIn(q, namespace, source), nil
	case source.Service != nil:
		return nil, &SourceError{source}
	case len(source.Pods) == 0 && source.Unread == nil:
		return nil, &UnfitError{Command: "diagnose without a DESTINATION", Needs: "a pod or a workload", End: source}
	}
	q.Source = source.Target // of the kind that a bare name means
	plugin, _ := policy.Recognise(q.Snapshot, q.Plugin)
	n := &needs{question: q, namespace: namespace, mine: map[*cluster.Workload]bool{}, Needs: &Needs{Source: source, Snapshot: q.Snapshot, Plugin: plugin}}
	for _, p := range source.Pods {
		n.mine[q.Snapshot.WorkloadOf(p)] = true
	}
	declared, known := declaredOf(q.Snapshot, source)
	n.unread(known, declared)
	n.dns()
	if declared != nil {
		n.mentioned(declared)
		n.apiServer(declared)
		n.scraped(declared)
		if declared.Probed {
			n.add(Need{
				Kind: NeedProbe, Incoming: true, Peer: "the kubelet", Evidence: []string{"probes"}, Result: Works,
				Summary: "the node of a pod always reaches it", // networking/v1 NetworkPolicySpec.Ingress
			})
		}
	}
	n.clients()
	n.conclude()
	return n.Needs, nil
}

// needs collects Needs.
type needs struct {
	question  Question
	namespace string
	mine      map[*cluster.Workload]bool // what the source belongs to
	*Needs
}

// declaredOf returns what the specification behind an end declares. The second result is false
// where that could not be read.
func declaredOf(s *cluster.Snapshot, e ends.End) (*cluster.Declared, bool) {
	if e.Workload != nil {
		return e.Workload.Template.Declared, true
	}
	for _, p := range e.Pods {
		if p.Declared != nil {
			return p.Declared, true
		}
		if w := s.WorkloadOf(p); w != nil {
			return w.Template.Declared, true
		}
	}
	return nil, false
}

// unread says what may be missing from the list.
func (n *needs) unread(known bool, d *cluster.Declared) {
	namespace := n.Source.Ref.Namespace
	if !known {
		n.add(Need{Kind: NeedUnread, Peer: "its specification", Result: Unclear, Summary: "the workload that the pods belong to was not read, so what they need is not known"})
	}
	if d != nil && d.More {
		n.add(Need{Kind: NeedUnread, Peer: "more", Result: Unclear, Summary: "its environment and arguments name more than is looked at"})
	}
	if !n.Snapshot.Read.Whole(namespace) {
		n.add(Need{Kind: NeedUnread, Peer: "namespace " + namespace, Result: Unclear, Summary: "not all of it could be read: Services that are needed, and clients, may be missing here"})
	}
}

func (n *needs) dns() {
	target := n.question.Source
	one, err := DNS(One{Snapshot: n.Snapshot, Target: &target, Namespace: target.Namespace, Plugin: n.question.Plugin})
	need := Need{Kind: NeedDNS, Peer: "DNS", Walk: []string{"dns", n.typed(target)}}
	if err != nil {
		need.Result, need.Summary = Unclear, err.Error()
		n.add(need)
		return
	}
	need.Result, need.Summary = one.Result, one.Summary()
	if len(one.Findings) > 0 && one.Result != Works {
		need.Code, need.Summary = one.Findings[0].Code, one.Findings[0].Message
	}
	if one.Result == Unclear {
		n.Facts = append(n.Facts, one.Facts...)
	}
	n.add(need)
}

// mentioned adds what the environment and the arguments name.
func (n *needs) mentioned(d *cluster.Declared) {
	for _, m := range d.Mentions {
		t, means := n.meant(m, n.Source.Ref.Namespace)
		if !means || m.Word() && n.own(t) {
			continue // a word that is the workload's own name
		}
		need := Need{Kind: NeedOutside, Peer: n.typed(t), Evidence: []string{m.Where}}
		if t.Kind == "Service" {
			need.Kind = NeedService
		}
		if n.known(need) {
			continue
		}
		n.judge(need, n.question.Source, t)
	}
}

// meant returns the target that a mention means, if it means one. A name that is not the
// cluster's, or an address, has to have a port.
func (n *needs) meant(m cluster.Mention, namespace string) (ends.Target, bool) {
	t, means := ends.Called(n.Snapshot, m.Host, namespace)
	if addr, err := netip.ParseAddr(m.Host); err == nil {
		t, means = ends.Target{Text: m.Host, Prefix: netip.PrefixFrom(addr, addr.BitLen())}, true
	}
	t.Port = ends.Port{Number: m.Port}
	if t.Kind != "Service" && m.Port == 0 && !ends.Certain(m.Host) {
		return t, false
	}
	return t, means
}

// own tells whether a target is a Service of the source itself.
func (n *needs) own(t ends.Target) bool {
	v := n.Snapshot.Service(t.Namespace, t.Name)
	return t.Kind == "Service" && v != nil && n.behind(v)
}

// behind tells whether the source is among the pods of a Service.
// Source: core/v1 ServiceSpec.Selector.
func (n *needs) behind(v *cluster.Service) bool {
	if len(v.Selector) == 0 || v.Namespace != n.Source.Ref.Namespace {
		return false
	}
	selector := labels.SelectorFromSet(v.Selector)
	return slices.ContainsFunc(n.Source.Pods, func(p *cluster.Pod) bool { return selector.Matches(labels.Set(p.Labels.Known)) })
}

// known merges the evidence of a connection that is among the needs already.
func (n *needs) known(need Need) bool {
	i := slices.IndexFunc(n.List, func(o Need) bool {
		return o.Kind == need.Kind && o.Incoming == need.Incoming && o.Peer == need.Peer
	})
	if i < 0 {
		return false
	}
	n.List[i].cite(need.Evidence...)
	return true
}

// judge asks about one connection and adds what came out.
func (n *needs) judge(need Need, from, to ends.Target) {
	need.Walk = []string{"diagnose", n.typed(from), n.typed(to)}
	q := n.question
	q.Source, q.Destination, q.Deep = from, to, true
	d, err := Diagnose(q)
	var missing *ends.NotFoundError
	switch {
	case errors.As(err, &missing): // a name that can only be a Service's
		need.Result, need.Summary = Fails, err.Error()
	case err != nil:
		need.Result, need.Summary = Unclear, err.Error()
	default:
		n.take(&need, d)
	}
	n.add(need)
}

func (n *needs) take(need *Need, d *Diagnosis) {
	need.Result, need.Summary = d.Result, d.Summary()
	if len(d.Findings) > 0 && d.Result != Works {
		need.Code = d.Findings[0].Code
	}
	if d.Result == Unclear {
		n.Facts = append(n.Facts, d.Facts...)
	}
}

func (n *needs) add(need Need) { n.List = append(n.List, need) }

// typed is a target as it is typed beside the -n of the question.
func (n *needs) typed(t ends.Target) string {
	text := t.Text
	switch {
	case t.Kind != "" && t.Name != "":
		ref := cluster.Ref{Kind: t.Kind, Namespace: t.Namespace, Name: t.Name}
		if ref.Namespace == n.namespace {
			ref.Namespace = ""
		}
		text = ends.Typed(ref)
	case t.IsAddress() && t.Prefix.Addr().Is6():
		text = "[" + t.Prefix.Addr().String() + "]"
	}
	if !t.Port.IsZero() {
		text += ":" + t.Port.String()
	}
	return text
}

// elsewhere is a name outside the cluster, whose address is unknown. Source: RFC 2606.
const elsewhere = "apiserver.invalid"

// apiServer adds the API server for a workload that has a ServiceAccount of its own and mounts its
// token. Clients find it by its address, not by its name.
// Source: task page "Accessing the Kubernetes API from a Pod".
func (n *needs) apiServer(d *cluster.Declared) {
	if d.Account == "" {
		return
	}
	need := Need{Kind: NeedAPI, Peer: "the API server", Evidence: []string{"serviceAccountName " + d.Account}}
	v := n.Snapshot.Service(apiService.Namespace, apiService.Name)
	if v != nil && len(v.ClusterIPs) > 0 {
		addr := v.ClusterIPs[0]
		n.judge(need, n.question.Source, ends.Target{Text: addr.String(), Prefix: netip.PrefixFrom(addr, addr.BitLen()), Port: ends.Port{Number: 443}})
		return
	}
	// Where it is unknown at which address and port it listens, only a source that may go anywhere
	// is sure to reach it: one that is not isolated, or that a rule without peers and ports lets out.
	q := n.question
	q.Destination = ends.Target{Text: "the API server", DNSName: elsewhere, Port: ends.Port{Number: 443}}
	need.Result, need.Summary = Unclear, "Service default/kubernetes is not among the objects with an address, so it is not known where the API server listens"
	if outside, err := Diagnose(q); err == nil && outside.Verdict == Allowed {
		i := slices.IndexFunc(outside.Egress.Admitting, func(r policy.RuleRef) bool { return len(change.PeersOf(r))+len(change.PortsOf(r)) == 0 })
		switch {
		case outside.Egress.Isolated == policy.No:
			need.Result, need.Summary = Works, "no NetworkPolicy isolates it for egress"
		case i >= 0:
			need.Result, need.Summary = Works, "egress allowed to everywhere by "+refText(outside.Egress.Admitting[i])
		}
	}
	n.add(need)
}

// scraped adds those who are known to scrape: workloads that call themselves Prometheus.
func (n *needs) scraped(d *cluster.Declared) {
	if !d.Scraped {
		return
	}
	evidence := []string{"prometheus.io/scrape"}
	to := n.question.Source
	if to.Port.Number = d.ScrapePort; d.ScrapePort != 0 {
		evidence = append(evidence, "prometheus.io/port")
	}
	found := false
	n.others(func(ref cluster.Ref, pod *cluster.Pod) {
		known := pod.Labels.Known
		if known["app.kubernetes.io/name"] == "prometheus" || known["app"] == "prometheus" {
			found = true
			from := ends.Target{Kind: ref.Kind, Namespace: ref.Namespace, Name: ref.Name}
			n.judge(Need{Kind: NeedScrape, Incoming: true, Peer: n.typed(from), Evidence: evidence}, from, to)
		}
	})
	if !found && !n.Snapshot.Read.All {
		n.add(Need{
			Kind: NeedScrape, Incoming: true, Peer: "Prometheus", Evidence: evidence, Result: Unclear,
			Summary: "no Prometheus is in the namespaces that were read (-A reads all)",
		})
	}
}

// clients adds the workloads that name a Service of the source.
func (n *needs) clients() {
	var own []*cluster.Service
	for _, v := range n.Snapshot.Services {
		if n.behind(v) {
			own = append(own, v)
		}
	}
	if len(own) == 0 {
		return
	}
	n.others(func(ref cluster.Ref, pod *cluster.Pod) {
		if pod.Declared == nil {
			return
		}
		from := ends.Target{Kind: ref.Kind, Namespace: ref.Namespace, Name: ref.Name}
		asked := map[string]int{}
		for _, m := range pod.Declared.Mentions {
			t, means := n.meant(m, ref.Namespace)
			if !means || t.Kind != "Service" || !slices.Contains(own, n.Snapshot.Service(t.Namespace, t.Name)) {
				continue
			}
			if i, ok := asked[n.typed(t)]; ok {
				n.List[i].cite(m.Where)
				continue
			}
			asked[n.typed(t)] = len(n.List)
			n.judge(Need{Kind: NeedClient, Incoming: true, Peer: n.typed(from), Evidence: []string{n.typed(t), m.Where}}, from, t)
		}
	})
}

// others goes through the workloads and pods that were read, but for the source.
func (n *needs) others(visit func(cluster.Ref, *cluster.Pod)) {
	for _, w := range n.Snapshot.Workloads {
		if w.TopLevel() && w != n.Source.Workload && !n.mine[w] {
			visit(w.Ref, w.Template)
		}
	}
	for _, p := range n.Snapshot.Pods {
		if p.Declared != nil && !p.Finished() && !slices.Contains(n.Source.Pods, p) {
			visit(p.Ref(), p)
		}
	}
}

// conclude puts the worst first and draws the result.
func (n *needs) conclude() {
	rank := map[Result]int{Fails: 0, Unclear: 1, Works: 2}
	slices.SortStableFunc(n.List, func(a, b Need) int {
		return cmp.Or(
			cmp.Compare(rank[a.Result], rank[b.Result]),
			cmp.Compare(slices.Index(needOrder, a.Kind), slices.Index(needOrder, b.Kind)),
			cmp.Compare(a.Peer, b.Peer),
		)
	})
	n.Result = n.List[0].Result // names always have to be looked up
	var facts []policy.Fact
	for _, f := range n.Facts {
		if !slices.Contains(facts, f) {
			facts = append(facts, f)
		}
	}
	n.Facts = facts
}

// Summary counts what does not work.
func (n *Needs) Summary() string {
	counts, total := map[Result]int{}, 0
	for _, need := range n.List {
		if need.Kind != NeedUnread {
			counts[need.Result]++
			total++
		}
	}
	all := count(total, "declared connection")
	unread := counts[Works]+counts[Fails]+counts[Unclear] < len(n.List)
	switch {
	case n.Result == Works:
		return "all of " + all
	case counts[Fails] == 0 && counts[Unclear] == 0:
		return "there may be more than " + all
	case counts[Fails] == 0:
		return fmt.Sprintf("%d of %s could not be determined", counts[Unclear], all) + n.dependence()
	}
	text := fmt.Sprintf("%d of %s", counts[Fails], all)
	if u := counts[Unclear]; u > 0 {
		text += fmt.Sprintf("; %d could not be determined", u)
	}
	if unread {
		text += "; there may be more"
	}
	return text
}

// dependence says what the needs that could not be determined hang on, the first few.
func (n *Needs) dependence() string {
	const most = 3
	var missing []string
	for _, f := range n.Facts[:min(most, len(n.Facts))] {
		missing = append(missing, FactText(f).Missing)
	}
	if len(missing) == 0 {
		return ""
	}
	return ": it depends on " + strings.Join(missing, "; and on ")
}

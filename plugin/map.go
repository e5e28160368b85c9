package plugin

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/spf13/cobra"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/flows"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/report"
)

// mapFlags is what map takes beside what every question takes.
type mapFlags struct {
	by              string
	from, to        []string
	port            string
	denied, unknown bool
	noLimit         bool
}

// mostFlows is how many flows between pods are written without being asked twice.
const mostFlows = 200_000

func newMap(streams Streams) *cobra.Command {
	f, m := &flags{formats: report.MapFormats(), several: true, waysIn: true}, &mapFlags{}
	c := &cobra.Command{
		Use:     "map",
		Short:   "Show who may talk to whom",
		GroupID: groupCluster,
		Long: `Every flow that the policies of the cluster allow, and those of which that is
not known: between workloads, to addresses outside and from them. A flow is
between pods at their own addresses and ports, as policies see it. Services, DNS
and other reasons for a connection to fail are not looked at.

The map is of the namespaces of -n: flows that begin or end in one of them. With
-A, or of files without -n, it is of the whole cluster. All namespaces are read
in any case.

Ingresses and the routes of Gateways are listed apart, as ways in: their hosts,
the pods of the controller that send the requests on, where these arrive and
whether policies allow that. Where the controller is not known, it says why.

With -o html it is one page that needs no server and no network: a picture to
search and to filter, in which each flow says which rules admit it and each
workload what isolates it, and a table of the same.

Ports are the pods'. Addresses outside are those that no pod, node or Service
has; what comes in by a node port or a load balancer is judged as if the pod saw
the client's own address. Nodes are no ends of the map, hostNetwork pods are.

Exit code: 0 when the map was made, 3 when something of the cluster could not be
read, 2 on wrong usage.`,
		Example: `  # the whole cluster; a folder of manifests
  kubectl netpol-doctor map -A
  kubectl netpol-doctor map -f ./manifests

  # two namespaces, and what crosses their borders
  kubectl netpol-doctor map -n production,staging

  # who reaches the database, and what may leave the cluster
  kubectl netpol-doctor map -n production --to sts/payment-db
  kubectl netpol-doctor map -A --to internet

  # as a page to look at; as a document for other programs; as a flowchart
  kubectl netpol-doctor map -A -o html > map.html
  kubectl netpol-doctor map -A -o json
  kubectl netpol-doctor map -A --by namespace -o mermaid`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			o, err := f.toOptions(c.Context(), c, streams)
			if err != nil {
				return err
			}
			return o.answerMap(c.Context(), m)
		},
	}
	f.register(c)
	c.Flags().Lookup("all-namespaces").Usage = "the map of all namespaces"
	c.Flags().Lookup("namespace").Usage = "the `NAMESPACE` in which flows begin or end; several with commas, or with the flag again"
	c.Flags().StringVar(&m.by, "by", string(flows.ByWorkload), "what the ends are: workload, pod or namespace")
	c.Flags().StringArrayVar(&m.from, "from", nil, "only flows from `TARGET`: [NAMESPACE/]KIND/NAME, ns/NAME, an address, a CIDR or internet; repeatable")
	c.Flags().StringArrayVar(&m.to, "to", nil, "only flows to `TARGET`, as --from; a Service is the pods behind it; repeatable")
	c.Flags().StringVar(&m.port, "port", "", "only flows to `PORT` of the pods: 443 or 53/udp; without a protocol TCP is meant")
	c.Flags().BoolVar(&m.denied, "denied", false, "show what is denied instead")
	c.Flags().BoolVar(&m.unknown, "unknown", false, "show only what is not known; with --denied both")
	c.Flags().BoolVar(&m.noLimit, "no-limit", false, fmt.Sprintf("write a map --by pod of more than %d flows", mostFlows))
	return c
}

// answerMap reads the whole cluster and prints its map.
func (o *options) answerMap(ctx context.Context, m *mapFlags) error {
	by, err := flows.ByNamed(m.by)
	if err != nil {
		return err
	}
	filter := report.MapFilter{Denied: m.denied, Unknown: m.unknown, Ports: flows.EveryPort()}
	if m.port != "" {
		if filter.Ports, err = onlyPort(m.port); err != nil {
			return err
		}
	}
	s, gaps, err := o.readMap(ctx)
	if err != nil {
		return err
	}
	wanted := flows.Wanted{By: by, Denied: m.denied}
	if wanted.From, err = o.selection(s, "--from", m.from); err != nil {
		return err
	}
	if wanted.To, err = o.selection(s, "--to", m.to); err != nil {
		return err
	}
	if err := o.scopeExists(s); err != nil {
		return err
	}
	wanted.Scope = inScope(o.scope())
	recognised, profile := policy.Recognise(s, o.plugin)
	sets := flows.Compile(policy.Compile(s, profile))
	if by == flows.ByPod && !m.noLimit {
		n, err := sets.Count(wanted)
		if err != nil {
			return err
		}
		if n > mostFlows {
			return fmt.Errorf("a map by pod of this cluster has about %d flows, more than %d; narrow it with -n, --from or --to, leave --by pod out, or ask for all of it with --no-limit", n, mostFlows)
		}
	}
	for _, w := range o.warnings() {
		if _, err := fmt.Fprintln(o.streams.Err, "Warning:", report.Plain(w)); err != nil {
			return err
		}
	}
	rows := func(w flows.Wanted) func(func(flows.Row) error) error {
		return func(yield func(flows.Row) error) error {
			return sets.Rows(w, func(r flows.Row) error {
				if err := ctx.Err(); err != nil {
					return err
				}
				return yield(r)
			})
		}
	}
	doc := report.NewMap(s, gaps, recognised, by, filter, o.document(), rows(wanted))
	doc.WaysIn = sets.WaysIn(wanted)
	doc.Namespaces, doc.Note = o.scope(), o.heldNote("the map")
	if o.format == "html" {
		explained := wanted
		explained.Why = true
		doc.Page = report.MapPage{Scope: o.mapScope(m), Bounds: sets.Bounds(wanted), Rows: rows(explained)}
		if !o.fromFiles && o.streams.Now != nil {
			doc.Page.Observed = o.streams.Now()
		}
	}
	if err := doc.Render(o.streams.Out, o.format, o.streams.style()); err != nil {
		return err
	}
	if unreadable(gaps) {
		return outcome{explain.Unclear}
	}
	return outcome{explain.Works}
}

// mapScope says in words what the map is of.
func (o *options) mapScope(m *mapFlags) string {
	scope := []string{"all namespaces"}
	if names := o.scope(); names != nil {
		scope = []string{report.NamespacesText(names)}
	}
	for _, only := range []struct {
		word    string
		targets []string
	}{{"from", m.from}, {"to", m.to}} {
		if len(only.targets) > 0 {
			scope = append(scope, "only "+only.word+" "+strings.Join(only.targets, ", "))
		}
	}
	if m.port != "" {
		scope = append(scope, "only port "+m.port)
	}
	return strings.Join(scope, "; ")
}

// onlyPort is the set of one port.
func onlyPort(text string) (flows.PortSet, error) {
	t, err := ParseDestination("internet:"+text, "")
	if err != nil {
		return flows.PortSet{}, fmt.Errorf("--port %q: %w", text, err)
	}
	if t.Port.Name != "" {
		return flows.PortSet{}, fmt.Errorf("--port %q: a name means another number on each pod; give the number", text)
	}
	protocol := t.Port.Protocol
	if protocol == "" {
		protocol = corev1.ProtocolTCP
	}
	var out flows.PortSet
	out[slices.Index(flows.Protocols[:], protocol)] = []flows.Range{{From: t.Port.Number, To: t.Port.Number}}
	return out, nil
}

// selection looks the targets of a filter up; without any, everything is selected.
func (o *options) selection(s *cluster.Snapshot, flag string, texts []string) (*flows.Selection, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	pods, namespaces := map[*cluster.Pod]bool{}, map[string]bool{}
	var ranges []netip.Prefix
	for _, text := range texts {
		t, err := parseOne(text, o.namespace)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", flag, err)
		}
		if t.Name != "" && t.Kind != "Namespace" && t.Kind != "Node" {
			if err := o.inSeveral(flag, text); err != nil {
				return nil, err
			}
		}
		if t.Kind == "Namespace" {
			if !slices.ContainsFunc(s.AllNamespaces(), func(n *cluster.Namespace) bool { return n.Name == t.Name }) {
				return nil, fmt.Errorf("%s: namespace %s not found", flag, t.Name)
			}
			namespaces[t.Name] = true
			continue
		}
		end, err := ends.Resolve(s, t)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", flag, err)
		}
		found := slices.Concat(end.Pods, end.Inside)
		if end.Service != nil {
			for _, r := range ends.Routes(s, end) {
				for _, b := range slices.Concat(r.Backends, r.Unready) {
					if b.End.Pod != nil {
						found = append(found, b.End.Pod)
					}
				}
			}
		}
		if len(found)+len(end.Ranges) == 0 {
			return nil, fmt.Errorf("%s %s: no pods and no addresses outside are meant by it, so it is no end of a map", flag, text)
		}
		for _, p := range found {
			pods[p] = true
		}
		ranges = append(ranges, end.Ranges...)
	}
	return &flows.Selection{
		Pods:   func(p *cluster.Pod) bool { return pods[p] || namespaces[p.Namespace] },
		Ranges: ranges,
	}, nil
}

package ends

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Route is one port of a destination, and what a connection to it arrives at.
type Route struct {
	Protocol corev1.Protocol
	Port     int32  // what the client dials; 0 when not known
	Name     string // its name, where it has one
	Service  *cluster.Service
	Backends []Backend
	// Unready are backends that a Service does not send traffic to.
	Unready   []Backend
	Obstacles []Obstacle
	// Address is what the client dials where it typed an address; invalid otherwise.
	Address netip.Addr
	// Unread is set when it is not known what answers on the port.
	Unread *policy.Fact
	// ThroughNode: traffic enters by a node's port or a load balancer's address, also from inside.
	ThroughNode bool
}

// Backend is one end that a route can arrive at, and the port there.
type Backend struct {
	End  policy.Endpoint
	Port int32
	Node string // "" when not known
}

// ObstacleKind is a reason why a connection fails, or may fail, before policies matter.
type ObstacleKind string

// The obstacles.
const (
	NoSuchServicePort  ObstacleKind = "NoSuchServicePort"  // the Service does not have the dialled port
	NoPodPort          ObstacleKind = "NoPodPort"          // no port with that name on the pods
	NoEndpoints        ObstacleKind = "NoEndpoints"        // nothing is behind the Service
	NoSelector         ObstacleKind = "NoSelector"         // no selector and no endpoints written by hand
	NothingSelected    ObstacleKind = "NothingSelected"    // the selector matches no pod
	ScaledToZero       ObstacleKind = "ScaledToZero"       // the workload behind it has no replicas
	NotReady           ObstacleKind = "NotReady"           // backends exist, none is ready
	TargetPortMissing  ObstacleKind = "TargetPortMissing"  // no pod has a port with the target port's name
	LeftOut            ObstacleKind = "LeftOut"            // a pod has none, and others have
	HeadlessPort       ObstacleKind = "HeadlessPort"       // a headless Service does not translate ports
	NoCommonFamily     ObstacleKind = "NoCommonFamily"     // one end has only IPv4 addresses, the other only IPv6
	NoLocalEndpoint    ObstacleKind = "NoLocalEndpoint"    // traffic policy Local and no backend on the node
	LocalUnknown       ObstacleKind = "LocalUnknown"       // traffic policy Local, and it is not known whether one is on the node
	NotExposed         ObstacleKind = "NotExposed"         // a ClusterIP Service is not reached from outside
	PodFinished        ObstacleKind = "PodFinished"        // the pod has run to its end
	BackendsUnreadable ObstacleKind = "BackendsUnreadable" // endpoints could not be read
)

// Obstacle is one such reason, with the object it is about.
type Obstacle struct {
	Kind   ObstacleKind
	Object cluster.Ref
	Port   *corev1.ServicePort // of the Service, where one is meant
	Detail []string            // names, ports: what was seen
}

// Routes lists the ports of a destination that the target asks for. Only an end without any
// declared port and no port given has none.
func Routes(s *cluster.Snapshot, dst End) []Route {
	routes := routesOf(s, dst)
	for i := range routes {
		routes[i].Address = dst.Address
		if v := routes[i].Service; v != nil && slices.Contains(v.OtherIPs, dst.Address) {
			routes[i].ThroughNode = true
		}
	}
	return routes
}

func routesOf(s *cluster.Snapshot, dst End) []Route {
	switch {
	case dst.Unread != nil && (len(dst.Pods) == 0 || dst.Target.Port.Number == 0):
		return []Route{bare(dst.Target.Port)}
	case dst.Service != nil:
		return serviceRoutes(s, dst)
	case len(dst.Pods) > 0:
		return podRoutes(dst)
	}
	r := bare(dst.Target.Port)
	if r.Port == 0 && dst.Alias != nil && len(dst.Alias.Ports) > 0 {
		r.Port, r.Protocol, r.Name = dst.Alias.Ports[0].Port, dst.Alias.Ports[0].Protocol, dst.Alias.Ports[0].Name
	}
	if r.Port == 0 {
		return nil
	}
	switch {
	case dst.Node != nil:
		if behind, ok := nodePortRoute(s, dst.Node, dst.Target.Port); ok {
			return []Route{behind}
		}
		if !s.Read.All {
			r.Unread = &policy.Fact{Kind: policy.EndUnread, Object: dst.Ref, Key: "services in all namespaces"}
			return []Route{r}
		}
		r.Backends = []Backend{{End: policy.NodeEnd(dst.Node), Port: r.Port, Node: dst.Node.Name}}
	case dst.Name != "":
		r.Backends = []Backend{{End: policy.NameEnd(dst.Name), Port: r.Port}}
	}
	for _, p := range dst.Ranges {
		r.Backends = append(r.Backends, Backend{End: policy.RangeEnd(p), Port: r.Port})
	}
	for _, p := range dst.Inside {
		r.addPod(p, r.Port)
	}
	for _, n := range dst.Within {
		r.addNode(s, n, dst.Target.Port)
	}
	return []Route{r}
}

// addNode adds a node in a range, or what answers on its port.
func (r *Route) addNode(s *cluster.Snapshot, n *cluster.Node, port Port) {
	behind, ok := nodePortRoute(s, n, port)
	if !ok {
		r.Backends = append(r.Backends, Backend{End: policy.NodeEnd(n), Port: r.Port, Node: n.Name})
	}
	for _, b := range slices.Concat(behind.Backends, behind.Unready) {
		r.add(b)
	}
}

// nodePortRoute finds what really answers on a node's port: a Service by its node port, or a pod
// on that node by its host port. Source: core/v1 ServicePort.NodePort, ContainerPort.HostPort.
func nodePortRoute(s *cluster.Snapshot, node *cluster.Node, port Port) (Route, bool) {
	for _, v := range s.Services {
		for i := range v.Ports {
			if sp := &v.Ports[i]; sp.NodePort != 0 && sp.NodePort == port.Number && sp.Protocol == port.protocol() {
				r := Route{Protocol: sp.Protocol, Port: sp.NodePort, Name: sp.Name, Service: v, ThroughNode: true}
				fillBackends(s, &r, sp)
				return r, true
			}
		}
	}
	r := bare(port)
	for _, p := range s.Pods {
		if p.Node != node.Name || p.HostNetwork || p.Finished() {
			continue
		}
		for _, c := range p.Ports {
			if c.HostPort != 0 && c.HostPort == port.Number && c.Protocol == port.protocol() {
				r.addPod(p, c.Number)
			}
		}
	}
	return r, len(r.Backends) > 0
}

func bare(p Port) Route { return Route{Protocol: p.protocol(), Port: p.Number, Name: p.Name} }

// podRoutes gives a route for the port that was asked for, or for each declared one.
func podRoutes(dst End) []Route {
	port := dst.Target.Port
	if port.Number != 0 {
		r := bare(port)
		for _, p := range dst.Pods {
			r.addPod(p, port.Number)
			for _, c := range p.Ports {
				if port.fits(c.Name, c.Number, c.Protocol) && r.Name == "" {
					r.Name = c.Name
				}
			}
		}
		return []Route{r}
	}
	var routes []Route
	for _, p := range dst.Pods {
		for _, c := range p.Ports {
			if !port.fits(c.Name, c.Number, c.Protocol) {
				continue
			}
			i := slices.IndexFunc(routes, func(r Route) bool { return r.Port == c.Number && r.Protocol == c.Protocol })
			if i < 0 {
				i = len(routes)
				routes = append(routes, Route{Protocol: c.Protocol, Port: c.Number, Name: c.Name})
			}
			routes[i].addPod(p, c.Number)
		}
	}
	slices.SortFunc(routes, compareRoutes)
	if len(routes) == 0 && port.Name != "" {
		r := bare(port)
		r.Obstacles = append(r.Obstacles, Obstacle{Kind: NoPodPort, Object: dst.Ref, Detail: declared(dst.Pods)})
		return []Route{r}
	}
	return routes
}

func compareRoutes(a, b Route) int {
	return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Port, b.Port), cmp.Compare(a.Name, b.Name))
}

func declared(pods []*cluster.Pod) []string {
	var out []string
	for _, p := range pods {
		for _, c := range p.Ports {
			out = append(out, Port{Name: c.Name, Number: c.Number, Protocol: c.Protocol}.String())
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (r *Route) addPod(p *cluster.Pod, number int32) {
	b := Backend{End: policy.PodEnd(p), Port: number, Node: p.Node}
	if p.Finished() {
		r.Obstacles = append(r.Obstacles, Obstacle{Kind: PodFinished, Object: p.Ref(), Detail: []string{string(p.Phase)}})
		return
	}
	if !slices.Contains(r.Backends, b) {
		r.Backends = append(r.Backends, b)
	}
}

// serviceRoutes gives a route for each port of a Service that was asked for.
func serviceRoutes(s *cluster.Snapshot, dst End) []Route {
	v, port := dst.Service, dst.Target.Port
	var routes []Route
	for i := range v.Ports {
		sp := &v.Ports[i]
		if !port.fits(sp.Name, sp.Port, sp.Protocol) {
			continue
		}
		r := Route{Protocol: sp.Protocol, Port: sp.Port, Name: sp.Name, Service: v}
		fillBackends(s, &r, sp)
		routes = append(routes, r)
	}
	if len(routes) > 0 {
		return routes
	}
	if v.Headless && port.IsZero() && len(v.Ports) == 0 {
		return nil // any port of the pods can be dialled
	}
	r := bare(port)
	r.Service = v
	if v.Headless && port.Number != 0 {
		// No translation happens: any port of the pods can be dialled.
		sp := corev1.ServicePort{Port: port.Number, Protocol: port.protocol(), TargetPort: intstr.FromInt32(port.Number)}
		fillBackends(s, &r, &sp)
		return []Route{r}
	}
	r.Obstacles = append(r.Obstacles, Obstacle{Kind: NoSuchServicePort, Object: v.Ref(), Detail: servicePorts(v)})
	return []Route{r}
}

func servicePorts(v *cluster.Service) []string {
	var out []string
	for _, p := range v.Ports {
		out = append(out, Port{Number: p.Port, Protocol: p.Protocol}.String())
	}
	return out
}

// fillBackends finds what is behind one port of a Service: from its EndpointSlices, or, in a
// folder of manifests where nobody writes them and for a Service that is derived, from its
// selector.
func fillBackends(s *cluster.Snapshot, r *Route, sp *corev1.ServicePort) {
	v := r.Service
	derived := s.Derived[[2]string{v.Namespace, v.Name}]
	gaps := s.GapsFor("endpointslices.discovery.k8s.io", v.Namespace)
	if derived {
		// The selector has nothing to choose from where pods could not be read.
		gaps = append(gaps, s.GapsFor("pods", v.Namespace)...)
	}
	if len(gaps) > 0 {
		r.Obstacles = append(r.Obstacles, Obstacle{Kind: BackendsUnreadable, Object: v.Ref(), Detail: []string{gaps[0].String()}})
		if len(v.Selector) > 0 {
			fromSelector(s, r, sp)
		}
		return
	}
	bySelector := len(v.Selector) > 0 && (derived || len(s.SlicesOf(v)) == 0 && !s.SlicesKept())
	if bySelector {
		fromSelector(s, r, sp)
	}
	fromSlices(s, r, sp)
	headlessPort(r, sp)
	if len(r.Backends)+len(r.Unready) > 0 {
		for i := range r.Obstacles {
			if r.Obstacles[i].Kind == TargetPortMissing {
				r.Obstacles[i].Kind = LeftOut
			}
		}
	} else if bySelector && len(r.Obstacles) == 0 {
		if r.Unread = mayBeSelected(s, v); r.Unread != nil {
			return
		}
	}
	if len(r.Backends) == 0 && !slices.ContainsFunc(r.Obstacles, func(o Obstacle) bool { return o.Kind == TargetPortMissing || o.Kind == ScaledToZero }) {
		r.Obstacles = append(r.Obstacles, whyEmpty(s, r, sp))
	}
}

// mayBeSelected returns what has to be known to tell whether a Service selects something: a label
// that a controller stamps on the pods of a template. It is nil where the answer is no.
func mayBeSelected(s *cluster.Snapshot, v *cluster.Service) *policy.Fact {
	for _, p := range s.Subjects(v.Namespace) {
		fits, open := true, ""
		for _, key := range slices.Sorted(maps.Keys(v.Selector)) {
			value, presence := p.Labels.Get(key)
			switch {
			case presence == cluster.MaybePresent:
				open = key
			case presence == cluster.Absent || value != v.Selector[key]:
				fits = false
			}
		}
		if fits && open != "" {
			return &policy.Fact{Kind: policy.PodLabel, Object: p.Ref(), Key: open}
		}
	}
	return nil
}

// whyEmpty says why nothing is behind a Service.
func whyEmpty(s *cluster.Snapshot, r *Route, sp *corev1.ServicePort) Obstacle {
	v := r.Service
	o := Obstacle{Kind: NoEndpoints, Object: v.Ref(), Port: sp}
	switch {
	case len(r.Unready) > 0:
		o.Kind = NotReady
		for _, b := range r.Unready {
			o.Detail = append(o.Detail, b.End.Ref().String())
		}
	case len(v.Selector) == 0:
		o.Kind = NoSelector
	case len(s.SelectedBy(v)) == 0:
		o.Kind = NothingSelected
		for _, key := range slices.Sorted(maps.Keys(v.Selector)) {
			o.Detail = append(o.Detail, key+"="+v.Selector[key])
		}
	default:
		if w := scaledToZero(s, v); w != nil {
			o.Kind, o.Object = ScaledToZero, w.Ref
		}
	}
	return o
}

// scaledToZero returns the first workload behind a Service if none that is has any replicas, else
// nil.
func scaledToZero(s *cluster.Snapshot, v *cluster.Service) *cluster.Workload {
	var first *cluster.Workload
	for _, p := range s.SelectedBy(v) {
		w := s.WorkloadOf(p)
		if !p.Template || w == nil || w.Replicas != 0 {
			return nil
		}
		if first == nil {
			first = w
		}
	}
	return first
}

// headlessPort: a headless Service hands out pod addresses and translates nothing, so what is
// dialled is what arrives. Source: concept page "Service", headless Services.
func headlessPort(r *Route, sp *corev1.ServicePort) {
	if !r.Service.Headless {
		return
	}
	differs := false
	for _, list := range [][]Backend{r.Backends, r.Unready} {
		for i := range list {
			differs = differs || list[i].Port != sp.Port
			list[i].Port = sp.Port
		}
	}
	if differs {
		r.Obstacles = append(r.Obstacles, Obstacle{Kind: HeadlessPort, Object: r.Service.Ref(), Port: sp, Detail: []string{sp.TargetPort.String()}})
	}
}

// fromSlices takes the backends that are ready. With none of them, those that are going away and
// still serve get the traffic. Source: discovery/v1 EndpointConditions.Serving; concept page
// "Virtual IPs and Service Proxies", traffic to terminating endpoints.
func fromSlices(s *cluster.Snapshot, r *Route, sp *corev1.ServicePort) {
	var ending []Backend
	for _, slice := range s.SlicesOf(r.Service) {
		number, ok := slicePort(slice, sp)
		if !ok {
			r.withoutPort(s, slice, sp)
			continue
		}
		for _, e := range slice.Endpoints {
			b := Backend{End: endpointOf(s, slice, e), Port: number, Node: e.Node}
			switch {
			case e.Ready:
				r.add(b)
			case e.Terminating && e.Serving:
				ending = append(ending, b)
			case !e.Terminating:
				r.Unready = append(r.Unready, b)
			}
		}
	}
	if len(r.Backends) == 0 {
		for _, b := range ending {
			r.add(b)
		}
	}
}

// withoutPort notes the pods of a slice that lacks a port. The controller puts those that do not
// declare the name of the target port into slices of their own.
func (r *Route) withoutPort(s *cluster.Snapshot, slice *cluster.EndpointSlice, sp *corev1.ServicePort) {
	if sp.TargetPort.Type != intstr.String || !slice.Managed {
		return
	}
	for _, e := range slice.Endpoints {
		if p := s.Pod(slice.Namespace, e.Pod); p != nil && !p.Deleting && len(p.PortNamed(sp.TargetPort.StrVal, sp.Protocol)) == 0 {
			r.portMissing(p, sp)
		}
	}
}

// portMissing notes a pod that has no port with the target port's name. A dual-stack Service has a
// slice for each family.
func (r *Route) portMissing(p *cluster.Pod, sp *corev1.ServicePort) {
	known := func(o Obstacle) bool { return o.Kind == TargetPortMissing && o.Object == p.Ref() }
	if !slices.ContainsFunc(r.Obstacles, known) {
		r.Obstacles = append(r.Obstacles, Obstacle{Kind: TargetPortMissing, Object: p.Ref(), Port: sp, Detail: declared([]*cluster.Pod{p})})
	}
}

// add keeps a backend once: a dual-stack Service has a slice for each family.
func (r *Route) add(b Backend) {
	same := func(o Backend) bool {
		if b.End.Outside != nil {
			return o.End.Outside != nil && *o.End.Outside == *b.End.Outside && o.Port == b.Port
		}
		return o.End == b.End && o.Port == b.Port
	}
	if !slices.ContainsFunc(r.Backends, same) {
		r.Backends = append(r.Backends, b)
	}
}

// slicePort finds the number that a slice gives for a port of its Service.
// Source: discovery/v1 EndpointPort: the name must be the Service port's; no number means all.
func slicePort(slice *cluster.EndpointSlice, sp *corev1.ServicePort) (int32, bool) {
	for _, p := range slice.Ports {
		name := ""
		if p.Name != nil {
			name = *p.Name
		}
		if name != sp.Name || p.Protocol != nil && *p.Protocol != sp.Protocol {
			continue
		}
		if p.Port != nil {
			return *p.Port, true
		}
		return sp.TargetPort.IntVal, sp.TargetPort.IntVal != 0
	}
	return 0, false
}

// endpointOf finds the end that an endpoint of a slice is: the pod it names, or whatever holds its
// address.
func endpointOf(s *cluster.Snapshot, slice *cluster.EndpointSlice, e cluster.SliceEndpoint) policy.Endpoint {
	namespace := slice.Namespace
	if e.Pod != "" {
		if p := s.Pod(namespace, e.Pod); p != nil {
			return policy.PodEnd(p)
		}
	}
	for _, a := range e.Addresses {
		for _, h := range s.HoldersOf(a) {
			switch {
			case h.Pod != nil:
				return policy.PodEnd(h.Pod)
			case h.Node != nil:
				return policy.NodeEnd(h.Node)
			}
		}
	}
	if e.Pod != "" {
		// A pod that could not be read: its labels are unknown, so anything may select it.
		return policy.PodEnd(&cluster.Pod{Namespace: namespace, Name: e.Pod, IPs: e.Addresses, Node: e.Node, Labels: cluster.Labels{Open: cluster.AllKeys}})
	}
	var addr netip.Addr
	if len(e.Addresses) > 0 {
		addr = e.Addresses[0]
	}
	if namespace == "default" && slice.Service == "kubernetes" && !(s.Read.Nodes && len(s.Nodes) > 0) {
		// The API server may run on a node. Where all are known and none has its address, as with a
		// managed control plane, it is outside.
		return policy.NodeEnd(&cluster.Node{Name: addr.String(), IPs: e.Addresses})
	}
	return policy.RangeEnd(netip.PrefixFrom(addr, addr.BitLen()))
}

func fromSelector(s *cluster.Snapshot, r *Route, sp *corev1.ServicePort) {
	for _, p := range s.SelectedBy(r.Service) {
		if p.Deleting {
			continue
		}
		if w := s.Workload(p.Owner.Kind, p.Owner.Namespace, p.Owner.Name); p.Template && w != nil && w.Replicas == 0 {
			r.Obstacles = append(r.Obstacles, Obstacle{Kind: ScaledToZero, Object: w.Ref, Port: sp})
			continue
		}
		numbers := []int32{sp.TargetPort.IntVal}
		if sp.TargetPort.Type == intstr.String {
			numbers = p.PortNamed(sp.TargetPort.StrVal, sp.Protocol)
		}
		if len(numbers) == 0 {
			r.portMissing(p, sp)
			continue
		}
		b := Backend{End: policy.PodEnd(p), Port: numbers[0], Node: p.Node}
		if p.Ready || r.Service.PublishNotReady {
			r.Backends = append(r.Backends, b)
		} else {
			r.Unready = append(r.Unready, b)
		}
	}
}

package ends

import (
	"slices"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

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

package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// AboutPods explains what applies to the pods of a target: for each way in which policies treat
// them, everything that is let in and out, and which rule lets it.
func AboutPods(q One) (*Explanation, error) {
	s, err := q.resolvePods("explain")
	if err != nil {
		return nil, err
	}
	e := &Explanation{Subject: SubjectPods, Object: s.end.Ref, About: s.about, Snapshot: s.pass.Snapshot, Plugin: s.pass.Plugin}
	if s.end.Unread != nil {
		e.unread(*s.end.Unread)
		e.note(NotKnown, "", "", s.end.Ref.String()+" could not be read")
		return e, nil
	}
	if none, ok := s.withoutPods(); ok {
		e.Incomplete = none.Status == NotKnown
		e.note(none.Status, "", "", none.Text)
		return e, nil
	}
	if len(e.Snapshot.GapsFor(policy.PoliciesResource, s.namespace)) > 0 {
		e.unread(policy.Fact{Kind: policy.PoliciesUnread, Object: cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: s.namespace}})
	}
	var involved []*cluster.Policy
	for _, group := range treatedAlike(s.pass.Set, s.pods) {
		e.Treatments = append(e.Treatments, e.treatment(s.pass.Set, group))
		for _, sel := range s.pass.Set.Selections(group[0]) {
			if sel.Selects != policy.No && !slices.Contains(involved, sel.Policy) {
				involved = append(involved, sel.Policy)
			}
		}
		for _, p := range group {
			rivals(e, s.pass.Set, p)
		}
		unenforced(e, s.pass.Set, group, s.namespace)
	}
	if len(involved) > 1 {
		e.Text = "Policies add up: what one of them allows, none takes away. "
	}
	if len(involved) > 0 {
		e.Text += withoutRules
	}
	e.found(s.pass, involved)
	for _, np := range involved {
		unlistedRules(e, s.pass.Set, np)
	}
	e.blocks(s.pass.Set)
	meshes(e, s.namespace)
	e.elsewhere()
	return e, nil
}

// blocks notes what is easily overlooked in the ipBlocks that apply.
func (e *Explanation) blocks(set *policy.Set) {
	for _, t := range e.Treatments {
		for _, i := range t.Directions {
			for _, o := range i.Opens {
				if o.Rule.Peer < 0 {
					continue
				}
				if b := change.PeersOf(o.Rule)[o.Rule.Peer].IPBlock; b != nil {
					block(e, set, b, o.Rule.Policy.Name+" "+o.Rule.Path(), o.Rule.Policy.Namespace)
				}
			}
		}
	}
}

// treatedAlike puts pods together that the same policies select, and that have the same named
// ports, in the order of the pods.
func treatedAlike(set *policy.Set, pods []*cluster.Pod) [][]*cluster.Pod {
	var groups [][]*cluster.Pod
	at := map[string]int{}
	for _, p := range pods {
		var key strings.Builder
		fmt.Fprintf(&key, "%t|", p.HostNetwork)
		for _, sel := range set.Selections(p) {
			fmt.Fprintf(&key, "%s %s|", sel.Policy.Name, sel.Selects)
		}
		for _, c := range p.Ports {
			if c.Name != "" {
				fmt.Fprintf(&key, "%q %d/%s|", c.Name, c.Number, c.Protocol)
			}
		}
		i, seen := at[key.String()]
		if !seen {
			i = len(groups)
			at[key.String()] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], p)
	}
	return groups
}

// treatment says what policies do to pods that they treat alike.
func (e *Explanation) treatment(set *policy.Set, pods []*cluster.Pod) Treatment {
	t := Treatment{}
	var names []string
	for _, p := range pods {
		t.Objects = append(t.Objects, p.Ref())
		names = append(names, p.Ref().Name)
	}
	t.Who = folded(names)
	if !pods[0].Template {
		t.Who = count(len(pods), "pod") + ": " + folded(names)
	}
	for _, d := range []policy.Direction{policy.Ingress, policy.Egress} {
		t.Directions = append(t.Directions, e.merged(set, d, pods))
	}
	return t
}

// merged puts together what all policies that select pods do in one direction.
func (e *Explanation) merged(set *policy.Set, d policy.Direction, pods []*cluster.Pod) Isolation {
	i := Isolation{Direction: d, Isolated: policy.No}
	var names, may []string
	for _, sel := range set.Selections(pods[0]) {
		if sel.Selects == policy.No || !lists(sel.Policy, d) {
			continue
		}
		opens := openingsOf(set, sel.Policy, d, pods)
		if sel.Selects == policy.Yes {
			i.Policies = append(i.Policies, sel.Policy)
			names = append(names, sel.Policy.Name)
		} else {
			may = append(may, fmt.Sprintf("%s may select it: %s", sel.Policy.Name, maybeText(sel.Mismatch)))
			e.fact(factOf(set, sel.Mismatch, pods[0])...)
			for n := range opens {
				opens[n].Certain = false
			}
		}
		i.Opens = append(i.Opens, opens...)
	}
	if i.Isolated, i.Text = e.isolated(set, d, pods[0], names, may, len(i.Opens) > 0); i.Isolated == policy.No {
		i.Opens, i.Policies = nil, nil // they open nothing that is closed
	}
	e.learn(i.Opens)
	if all, ok := everything(i.Opens); ok && i.Isolated == policy.Yes {
		in, _ := inOrOut(d)
		i.Text = fmt.Sprintf("isolated by %s, but %s lets everything %s, whatever else there is:", folded(names), refText(all), in)
	}
	return i
}

// listed leads to the table of what is opened, or says that there is none.
func listed(in string, opens bool) string {
	if opens {
		return fmt.Sprintf("Then only this is let %s:", in)
	}
	return fmt.Sprintf("Then nothing is let %s", in)
}

// everything finds a rule that opens every port to everybody.
func everything(opens []Opening) (policy.RuleRef, bool) {
	for _, o := range opens {
		if o.Certain && len(change.PeersOf(o.Rule)) == 0 && len(change.PortsOf(o.Rule)) == 0 {
			return o.Rule, true
		}
	}
	return policy.RuleRef{}, false
}

// isolated says whether pods are isolated, and by what.
func (e *Explanation) isolated(set *policy.Set, d policy.Direction, pod *cluster.Pod, names, may []string, opens bool) (policy.Truth, string) {
	in, _ := inOrOut(d)
	unread := len(set.Snapshot().GapsFor(policy.PoliciesResource, pod.Namespace)) > 0
	others := ""
	if len(may) > 0 {
		others = "; " + strings.Join(may, "; ")
	}
	if pod.HostNetwork && len(names) > 0 {
		switch set.Profile().Of(policy.HostNetworkIsolated).Answer {
		case policy.No:
			return policy.No, fmt.Sprintf("not isolated: %s would, but a pod on the network of its node is not isolated by this network plugin, so everything is let %s", folded(names), in)
		case policy.Maybe:
			return policy.Maybe, fmt.Sprintf("not known whether it is isolated: by %s, if this network plugin isolates pods on the network of their node. %s", folded(names), listed(in, opens))
		}
	}
	switch {
	case len(names) > 0 && unread:
		return policy.Yes, fmt.Sprintf("isolated by %s%s. There may be more policies, which could not be read. Of what was read, this is let %s:", folded(names), others, in)
	case len(names) > 0 && opens:
		return policy.Yes, fmt.Sprintf("isolated by %s%s. Only this is let %s:", folded(names), others, in)
	case len(names) > 0:
		return policy.Yes, fmt.Sprintf("isolated by %s%s, and no rule lets anything %s", folded(names), others, in)
	case unread:
		return policy.Maybe, "not known: the policies of namespace " + pod.Namespace + " could not be read"
	case len(may) > 0 && opens:
		return policy.Maybe, fmt.Sprintf("not known whether it is isolated%s. If it is, only this is let %s:", others, in)
	case len(may) > 0:
		return policy.Maybe, "not known whether it is isolated" + others
	}
	if set.Profile().Of(policy.UnselectedIsolated).Answer != policy.No {
		return policy.Maybe, "no policy isolates it; this network plugin may do so all the same"
	}
	if len(set.Rivals(pod)) > 0 {
		return policy.No, fmt.Sprintf("not isolated by a NetworkPolicy: none for %s selects it. What else may decide is below", d)
	}
	return policy.No, fmt.Sprintf("not isolated: no policy for %s selects it, so everything is let %s", d, in)
}

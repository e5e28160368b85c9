package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// endpointLines says what is behind the destination, port by port.
func (d *Diagnosis) endpointLines() []Line {
	var lines []Line
	for _, a := range d.Answers {
		r := a.Route
		all := len(r.Backends) + len(r.Unready)
		if all == 0 {
			continue
		}
		text, dialled := "", "Service port"
		if d.Destination.Node != nil {
			dialled = "node port"
		}
		switch templates := countTemplates(r.Backends); {
		case r.Service == nil:
			text = fmt.Sprintf("%s, port %d/%s", Describe(d.Destination), r.Port, r.Protocol)
		case templates > 0:
			text = fmt.Sprintf("%s selected; %s %d → pod port %s", count(templates, "workload"), dialled, r.Port, arriving(r))
		default:
			text = fmt.Sprintf("%d of %d ready; %s %d → pod port %s", len(r.Backends), all, dialled, r.Port, arriving(r))
		}
		lines = append(lines, Line{Status: OK, Text: text})
	}
	for _, end := range []ends.End{d.Source, d.Destination} {
		if end.Unread != nil && end.WayIn() {
			lines = append(lines, Line{Status: NotKnown, Text: "it is not known " + FactText(*end.Unread).Missing})
			continue
		}
		if end.Unread != nil {
			lines = append(lines, Line{Status: NotKnown, Text: fmt.Sprintf("%s could not be read", end.Ref)})
		}
	}
	return append(lines, d.ungrantedLines()...)
}

func countTemplates(backends []ends.Backend) int {
	n := 0
	for _, b := range backends {
		if b.End.Pod != nil && b.End.Pod.Template {
			n++
		}
	}
	return n
}

// arriving lists the pod ports that a route ends at, with their names.
func arriving(r ends.Route) string {
	var out []string
	for _, b := range slices.Concat(r.Backends, r.Unready) {
		text := fmt.Sprint(b.Port)
		if b.End.Pod != nil {
			for _, c := range b.End.Pod.Ports {
				if c.Number == b.Port && c.Protocol == r.Protocol && c.Name != "" {
					text += fmt.Sprintf(" %q", c.Name)
					break
				}
			}
		}
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return strings.Join(out, ", ")
}

// pods returns the pods at one end, a Service's being those behind it.
func (d *Diagnosis) pods(end ends.End) []*cluster.Pod {
	if len(end.Pods) > 0 || end.Service == nil {
		return end.Pods
	}
	var pods []*cluster.Pod
	for _, a := range d.Answers {
		for _, b := range slices.Concat(a.Route.Backends, a.Route.Unready) {
			if p := b.End.Pod; p != nil && !slices.Contains(pods, p) {
				pods = append(pods, p)
			}
		}
	}
	return pods
}

// labelLines says which labels the pods of both ends carry, those that controllers stamp left
// out.
func (d *Diagnosis) labelLines() []Line {
	var lines []Line
	for _, end := range []ends.End{d.Source, d.Destination} {
		pods := d.pods(end)
		switch {
		case len(pods) == 0:
		case slices.ContainsFunc(pods, func(p *cluster.Pod) bool { return p.Labels.Open == cluster.AllKeys }):
			lines = append(lines, Line{Status: NotKnown, Label: end.Ref.Name, Text: "not known: not every pod could be read"})
		default:
			lines = append(lines, Line{Status: OK, Label: end.Ref.Name, Text: LabelText(pods)})
		}
	}
	return lines
}

// LabelText prints the labels that pods share, and counts those that they do not.
func LabelText(pods []*cluster.Pod) string {
	differing := map[string]bool{}
	shared := map[string]string{}
	for i, p := range pods {
		for k, v := range p.Labels.Known {
			if cluster.StampedByController(k) {
				continue
			}
			if other, ok := shared[k]; i > 0 && (!ok || other != v) {
				differing[k] = true
				continue
			}
			shared[k] = v
		}
		for k := range shared {
			if _, ok := p.Labels.Known[k]; !ok {
				differing[k] = true
			}
		}
	}
	var out, differ []string
	for k, v := range shared {
		if !differing[k] {
			out = append(out, k+"="+v)
		}
	}
	for k := range differing {
		differ = append(differ, k)
	}
	slices.Sort(out)
	slices.Sort(differ)
	text := strings.Join(out, " ")
	if len(out) == 0 {
		text = "no labels in common"
		if len(differ) == 0 {
			text = "no labels"
		}
	}
	if len(differ) > 0 {
		text += "; differs from pod to pod: " + strings.Join(differ, ", ")
	}
	return text
}

// namespaceLines says which labels the namespaces of both ends carry.
func (d *Diagnosis) namespaceLines() []Line {
	var lines []Line
	mentioned := slices.ContainsFunc(d.Findings, func(f check.Finding) bool { return strings.HasPrefix(f.Code, families[StepNamespaces]) })
	for _, end := range []ends.End{d.Source, d.Destination} {
		name := end.Ref.Namespace
		if name == "" || slices.ContainsFunc(lines, func(l Line) bool { return l.Label == name }) {
			continue
		}
		line := NamespaceLine(d.Snapshot.Namespace(name))
		if line.Status == NotKnown && !d.hangsOnNamespace(name) {
			line.Status, line.Text = Skipped, "not read; the answer does not depend on them"
		}
		if own := cluster.MetadataName + "=" + name; mentioned && !strings.Contains(line.Text, own) {
			line.Text += " " + own // the finding may speak of it
		}
		lines = append(lines, line)
	}
	return lines
}

// hangsOnNamespace tells whether some direction of some flow hangs on the labels of a namespace.
func (d *Diagnosis) hangsOnNamespace(name string) bool {
	matters := func(f policy.Fact) bool { return f.Kind == policy.NamespaceLabel && f.Object.Name == name }
	for _, a := range d.Answers {
		for _, j := range a.Pairs {
			for _, decision := range j.Decisions {
				if slices.ContainsFunc(decision.Egress.Facts, matters) || slices.ContainsFunc(decision.Ingress.Facts, matters) {
					return true
				}
			}
		}
	}
	return false
}

// NamespaceLine says which labels a namespace carries besides the one that every namespace has.
func NamespaceLine(n *cluster.Namespace) Line {
	line := Line{Status: OK, Label: n.Name}
	var out []string
	for k, v := range n.Labels.Known {
		if k != cluster.MetadataName {
			out = append(out, k+"="+v)
		}
	}
	slices.Sort(out)
	switch {
	case n.Labels.Open == cluster.AllKeys:
		line.Status, line.Text = NotKnown, "not read; only "+cluster.MetadataName+"="+n.Name+" is certain"
	case len(out) == 0:
		line.Text = "no labels besides " + cluster.MetadataName + "=" + n.Name
	default:
		line.Text = strings.Join(out, " ")
	}
	return line
}

// portLines says which port is dialled and which arrives, where the two could be taken for each
// other.
func (d *Diagnosis) portLines() []Line {
	var lines []Line
	for _, a := range d.Answers {
		r := a.Route
		if len(r.Backends)+len(r.Unready) == 0 {
			continue
		}
		text := fmt.Sprintf("the client connects to %d/%s, and policies see %d/%s", r.Port, r.Protocol, r.Port, r.Protocol)
		if numbers := arriving(r); r.Service != nil {
			text = fmt.Sprintf("the client connects to %d/%s, and policies see pod port %s", r.Port, r.Protocol, numbers)
		}
		if d.Destination.Ref.Kind == "CIDR" || d.Destination.Ref.Kind == "Internet" || d.Destination.Ref.Kind == "DNSName" || d.Destination.Node != nil {
			text = fmt.Sprintf("%d/%s", r.Port, r.Protocol)
		}
		lines = append(lines, Line{Status: OK, Text: text})
	}
	if len(lines) == 0 && d.unjudged() {
		return []Line{{Status: Skipped, Text: d.whyUnjudged()}}
	}
	return lines
}

// policyLines sums up the policies involved when nothing is wrong with them.
func (d *Diagnosis) policyLines() []Line {
	involved := d.Involved()
	if len(involved) == 0 && d.unjudged() {
		return []Line{{Status: Skipped, Text: d.whyUnjudged()}}
	}
	if len(involved) == 0 && d.Verdict == Unknown {
		return []Line{{Status: NotKnown, Text: "no NetworkPolicy that was read selects either end"}}
	}
	if len(involved) == 0 {
		return []Line{{Status: OK, Text: "no NetworkPolicy selects either end"}}
	}
	for _, f := range d.Findings {
		if strings.HasPrefix(f.Code, families[StepPolicy]) {
			return nil
		}
	}
	return []Line{{Status: OK, Text: d.involvedText(involved)}}
}

// involvedText sums up policies that nothing was found wrong with, and no more than was looked at.
func (d *Diagnosis) involvedText(involved []*cluster.Policy) string {
	text := count(len(involved), "policy") + " involved"
	if len(involved) <= mostNamed {
		text += ": " + strings.Join(policyRefs(involved), ", ")
	}
	if !d.Deep {
		return text
	}
	if rest := unchecked(&d.Pass, d.unsure(involved)); rest != "" {
		return text + "; " + rest
	}
	if slices.ContainsFunc(involved, func(np *cluster.Policy) bool {
		return slices.ContainsFunc(check.PeersOf(np), func(ref policy.RuleRef) bool {
			pods, _ := d.Set.PeerPods(ref)
			return len(pods) == 0
		})
	}) {
		return text // what matches nothing is named as the cause, or nothing here hangs on it
	}
	if !slices.ContainsFunc(involved, func(np *cluster.Policy) bool { return len(check.PeersOf(np)) > 0 }) {
		return text
	}
	whose := "their"
	if len(involved) == 1 {
		whose = "its"
	}
	return fmt.Sprintf("%s; each selector in %s rules matches a pod", text, whose)
}

// mostNamed is how many policies a line names.
const mostNamed = 5

// policyRefs names policies, with their namespaces where these differ.
func policyRefs(policies []*cluster.Policy) []string {
	several := slices.ContainsFunc(policies, func(np *cluster.Policy) bool { return np.Namespace != policies[0].Namespace })
	var out []string
	for _, np := range policies {
		name := np.Name
		if several {
			name = np.Namespace + "/" + name
		}
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// unsure returns those of some policies whose rules the answer might be about, if more were known of
// what they match: policies that isolate an end for which nothing nearer was found than to add
// something. What matches nothing at all is taken for a slip there.
func (d *Diagnosis) unsure(involved []*cluster.Policy) []*cluster.Policy {
	return slices.DeleteFunc(slices.Clone(involved), func(np *cluster.Policy) bool {
		return !slices.ContainsFunc(d.Causes, func(c change.Cause) bool {
			before := d.Set.Evaluate(c.Flow)
			isolates := func(e change.Edit) bool {
				if e.Direction == policy.Egress {
					return slices.Contains(before.Egress.Isolating, np)
				}
				return slices.Contains(before.Ingress.Isolating, np)
			}
			return slices.ContainsFunc(c.Edits, func(e change.Edit) bool {
				return slices.Contains(change.Additions, e.Kind) && isolates(e)
			})
		})
	})
}

// unjudged tells whether there is no pair of ends to judge at all.
func (d *Diagnosis) unjudged() bool {
	return !slices.ContainsFunc(d.Answers, func(a check.Answer) bool { return len(a.Pairs) > 0 })
}

// whyUnjudged says why there is no pair of ends to judge.
func (d *Diagnosis) whyUnjudged() string {
	finished := func(p *cluster.Pod) bool { return !p.Finished() }
	switch {
	case len(d.Source.Pods) > 0 && !slices.ContainsFunc(d.Source.Pods, finished):
		return "not checked: the source is not running"
	case d.Destination.Service == nil && len(d.Destination.Pods) > 0 && !slices.ContainsFunc(d.Destination.Pods, finished):
		return "not checked: the destination is not running"
	case d.Source.Unread != nil:
		return "not checked: it is not known what connects"
	case d.Destination.Unread != nil:
		return "not checked: the destination could not be read"
	case slices.ContainsFunc(d.Answers, func(a check.Answer) bool { return len(a.Route.Obstacles) > 0 }):
		return "not checked: no pod would get this connection"
	}
	return "not checked: there is no pod to check"
}

// unchecked says that there are rules of which it cannot be told whether they match anything, for
// lack of what was read. It is empty where there are none.
func unchecked(p *check.Pass, policies []*cluster.Policy) string {
	for _, np := range policies {
		for _, ref := range check.PeersOf(np) {
			pods, complete := p.Set.PeerPods(ref)
			switch {
			case len(pods) > 0 || complete:
			case p.Snapshot.Read.All:
				return "it is not known whether all selectors in their rules match a pod: labels of namespaces or pods are not known"
			default:
				return "selectors for other namespaces were only checked against what was read (-A reads all)"
			}
		}
	}
	return ""
}

func refText(r policy.RuleRef) string { return r.Policy.Name + " " + r.Path() }

// Describe names an end as a person would: its kind and how many pods it stands for.
func Describe(e ends.End) string {
	switch {
	case e.Ref.Kind == "Internet":
		return "the internet"
	case e.Ref.Kind == "APIServer":
		return ends.ControlPlane
	case e.Ref.Kind == "CIDR" || e.Ref.Kind == "DNSName":
		return check.AddressText(e.Ref.Name)
	}
	return fullName(e) + " (" + nature(e, e.Pods) + ")"
}

// Headline names the destination with the port that was asked for.
func (d *Diagnosis) Headline() string {
	e := d.Destination
	port := ""
	if !e.Target.Port.IsZero() {
		port = ":" + e.Target.Port.String()
		if len(d.Answers) == 1 && e.Target.Port.Protocol == "" {
			port += "/" + string(d.Answers[0].Route.Protocol)
		}
	}
	switch e.Ref.Kind {
	case "Internet", "CIDR", "DNSName":
		text := Describe(e)
		if port != "" && strings.Contains(text, ":") { // as it is typed
			text = "[" + text + "]"
		}
		return text + port
	}
	return fullName(e) + port + " (" + nature(e, d.pods(e)) + ")"
}

func fullName(e ends.End) string {
	if e.Ref.Namespace == "" {
		return e.Ref.Name
	}
	return e.Ref.Namespace + "/" + e.Ref.Name
}

func nature(e ends.End, pods []*cluster.Pod) string {
	if e.Ref.Kind == "Pod" || len(pods) == 0 || pods[0].Template {
		return e.Ref.Kind
	}
	return e.Ref.Kind + ", " + count(len(pods), "pod")
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "y") {
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(noun, "y"))
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

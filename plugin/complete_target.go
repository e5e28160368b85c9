package plugin

import (
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// arguments are the words of a command's arguments, in order. The last one is for all that follow
// where rest is set.
type arguments struct {
	words []words
	rest  bool
	// with are the arguments that there are instead where that flag is given.
	with map[string]*arguments
}

// argumentWords says what the arguments of commands are. A command that is not here has none.
var argumentWords = map[string]*arguments{
	"diagnose": {words: []words{sourceWords, destinationWords}},
	"ports":    {words: []words{sourceWords, destinationWords}},
	"rules":    {words: []words{sourceWords, destinationWords}},
	"probe": {words: []words{sourceWords, destinationWords}, with: map[string]*arguments{
		"matrix": {words: []words{destinationWords}, rest: true}, "cleanup": nil, "check-enforcement": nil,
	}},
	"labels":     {words: []words{oneTargetWords}},
	"namespaces": {words: []words{oneTargetWords}},
	"dns":        {words: []words{oneTargetWords}},
	"policy":     {words: []words{oneTargetWords}},
	"explain":    {words: []words{explainWords}, rest: true},
	"diff":       {words: []words{fileWords, fileWords}, with: map[string]*arguments{"with": nil, "without": nil, "filename": nil}},
}

// at returns the words of the argument that is being typed; nil where no more is taken.
func (a *arguments) at(t *tab) words {
	if a == nil {
		return nil
	}
	for flag, instead := range a.with {
		if t.command.Flags().Changed(flag) {
			return instead.at(t)
		}
	}
	switch n := len(t.args); {
	case n < len(a.words):
		return a.words[n]
	case a.rest:
		return a.words[len(a.words)-1]
	}
	return nil
}

func fileWords(*tab) []word { return []word{files} }

// grammar says what a target may be in one place of the command line.
type grammar struct {
	kinds []kindWords
	alone []word // that are a target by themselves
	bare  bool   // a name of an object alone is a target as well
	ports bool   // it may end in a port
}

// kindWords are the words for one kind: the one that is proposed, and a longer one for who began with
// that.
type kindWords struct{ short, long string }

// podKinds are the kinds that stand for pods, and Services.
var podKinds = []kindWords{
	{"pod", "pods"},
	{"deploy", "deployment"},
	{"sts", "statefulset"},
	{"ds", "daemonset"},
	{"rs", "replicaset"},
	{"job", "jobs"},
	{"cronjob", "cronjobs"},
	{"svc", "service"},
}

// Words of targets in their places.
var (
	theInternet  = word{"internet", "every address outside the cluster"}
	theAPIServer = word{"apiserver", "what calls webhooks and aggregated APIs"}

	nodeKind   = kindWords{"node", "nodes"}
	nsKind     = kindWords{"ns", "namespace"}
	policyKind = kindWords{"netpol", "networkpolicy"}

	sourceGrammar      = grammar{kinds: slices.Concat(podKinds, []kindWords{nodeKind}, wayInKinds()), alone: []word{theInternet, theAPIServer}, bare: true}
	destinationGrammar = grammar{kinds: slices.Concat(podKinds, []kindWords{nodeKind}), alone: []word{theInternet}, bare: true, ports: true}
	oneTargetGrammar   = grammar{kinds: slices.Concat(podKinds, []kindWords{nsKind}), bare: true}
	oneEndGrammar      = grammar{kinds: slices.Concat(podKinds, []kindWords{nsKind}), alone: []word{theInternet}, bare: true}
	explainGrammar     = grammar{kinds: slices.Concat(podKinds, []kindWords{policyKind}), bare: true}
	withoutGrammar     = grammar{kinds: slices.Concat(podKinds, []kindWords{nodeKind}, wayInKinds(), removableKinds())}
)

func sourceWords(t *tab) []word      { return sourceGrammar.words(t) }
func destinationWords(t *tab) []word { return destinationGrammar.words(t) }
func oneTargetWords(t *tab) []word   { return oneTargetGrammar.words(t) }
func oneEndWords(t *tab) []word      { return oneEndGrammar.words(t) }
func withoutWords(t *tab) []word     { return withoutGrammar.words(t) }

// namespaceWords are the namespaces that there are.
func namespaceWords(t *tab) []word {
	var all []word
	for _, name := range t.known().namespaces() {
		all = append(all, word{text: name})
	}
	return all
}

// wayInKinds are the kinds that bring connections in.
func wayInKinds() []kindWords {
	kinds := []kindWords{{"ingress", "ingresses"}, {"gateway", "gateways"}}
	for _, k := range cluster.GatewayKinds {
		if k.Route {
			kinds = append(kinds, kindWords{strings.ToLower(k.Kind), k.Resource})
		}
	}
	return kinds
}

// removableKinds are the kinds of objects that --without takes and that are no targets. Those of other
// layers need their group: several are called NetworkPolicy.
func removableKinds() []kindWords {
	var kinds []kindWords
	for _, k := range moreKinds {
		kinds = append(kinds, kindWords{k.names[0], k.names[1]})
	}
	for _, k := range policy.LayerKinds {
		kinds = append(kinds, kindWords{k.ResourceName(), k.ResourceName()})
	}
	return kinds
}

// words lists what the target may become: first kinds, names of namespaces and bare names, then what
// is behind the slashes, and in the end ports.
func (g grammar) words(t *tab) []word {
	host, _, hasPort := strings.Cut(t.typed, ":")
	if first, _, _ := strings.Cut(host, "/"); strings.ContainsAny(first, "[.") || strings.Contains(t.typed, "::") {
		return nil // an address or a DNS name
	}
	if hasPort {
		if !g.ports {
			return nil
		}
		return t.portsOf(host)
	}
	parts := strings.Split(t.typed, "/")
	switch {
	case len(parts) == 1:
		return g.first(t)
	case len(parts) == 2 && g.takes(parts[0]):
		return g.named(t, parts[0], "")
	case len(parts) == 2 && (isNamespaceKind(parts[0]) || slices.Contains(policyNames, parts[0])):
		return nil // a kind, but none that a target may be of here
	case len(parts) == 2: // whether there is such a namespace is seen at the names
		return g.kindWords(t.typed, parts[0]+"/")
	case len(parts) == 3 && g.takes(parts[1]):
		return g.named(t, parts[1], parts[0])
	}
	return nil
}

// takes tells whether a word is that of a kind which a target may be of here.
func (g grammar) takes(text string) bool {
	kind, group, _, known := withoutKind(text)
	return known && slices.ContainsFunc(g.kinds, func(k kindWords) bool {
		other, of, _, _ := withoutKind(k.short)
		return kind == other && group == of
	})
}

// first lists what a target begins with. Without a letter no cluster is asked: kinds are all there is to
// say then.
func (g grammar) first(t *tab) []word {
	all := g.kindWords(t.typed, "")
	all = append(all, g.alone...)
	if !g.bare || t.typed == "" {
		return all
	}
	known := t.known()
	for _, name := range known.namespaces() {
		all = append(all, word{name + "/", "Namespace"})
	}
	for _, r := range unambiguous(known.bare(t.namespace())) {
		all = append(all, g.end(t, word{r.Name, r.Kind})...)
	}
	return all
}

// kindWords lists the kinds, each by the word that what was typed may be the beginning of.
func (g grammar) kindWords(typed, before string) []word {
	var all []word
	for _, k := range g.kinds {
		kind, _, clusterWide, _ := withoutKind(k.short)
		if before != "" && clusterWide || typed == "" && strings.Contains(k.short, ".") {
			continue // the long words only for who began with one
		}
		text := before + k.short
		if !strings.HasPrefix(text, typed) {
			text = before + k.long
		}
		all = append(all, word{text + "/", kind})
	}
	return all
}

// named lists the names of a kind's objects, and behind the one that was typed in full its ports.
func (g grammar) named(t *tab, text, namespace string) []word {
	kind, group, clusterWide, _ := withoutKind(text)
	if namespace == "" {
		namespace = t.namespace()
	} else if clusterWide {
		return nil
	}
	if clusterWide {
		namespace = ""
	}
	before := t.typed[:strings.LastIndexByte(t.typed, '/')+1]
	var all []word
	for _, name := range t.known().names(cluster.Ref{APIVersion: group, Kind: kind, Namespace: namespace}) {
		all = append(all, g.end(t, word{text: before + name})...)
	}
	return all
}

// end lists what is a whole target. Of the one that was typed in full already, it is the ports; behind
// others they may follow.
func (g grammar) end(t *tab, w word) []word {
	if !g.ports {
		return []word{w}
	}
	if w.text == t.typed {
		if ports := t.portsOf(w.text); len(ports) > 0 {
			return ports
		}
	}
	w.text += andMore
	return []word{w}
}

// unambiguous leaves out the names that more than one object has: those are refused.
func unambiguous(all []cluster.Ref) []cluster.Ref {
	count := map[string]int{}
	for _, r := range all {
		count[r.Name]++
	}
	return slices.DeleteFunc(all, func(r cluster.Ref) bool { return count[r.Name] > 1 })
}

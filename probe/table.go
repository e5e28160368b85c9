package probe

import (
	"slices"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Agreement is how an outcome stands to what policies say. The zero value claims nothing.
type Agreement uint8

// The agreements.
const (
	SaysNothing Agreement = iota // it could have come to this either way
	Agrees                       // it is what policies make of it; that they did is not proven
	Contradicts                  // it is not what policies make of it
)

// String returns the agreement as it is written in documents.
func (a Agreement) String() string {
	switch a {
	case Agrees:
		return "Agrees"
	case Contradicts:
		return "Contradicts"
	}
	return "SaysNothing"
}

// Row is one line of the decision table: what a test that came to one of the outcomes means, where
// policies say this of the flow.
type Row struct {
	Exchange  Exchange
	Predicted policy.Verdict
	Outcomes  []Outcome
	// Rejects narrows the row to network plugins that do, may or do not answer what they deny with
	// a refusal; nil: all.
	Rejects   []policy.Truth
	Agreement Agreement
	Why       string
	// Code is the finding that it makes, or empty.
	Code string
	// Suspects are the reasons for it, the likeliest first where nothing speaks for any.
	Suspects []Suspect
}

// What outcomes have in common.
var (
	rejected   = []Outcome{Refused, Reset}
	nothing    = []Outcome{TimedOut, Unreachable}
	answered   = []Outcome{Connected, NameNotFound, ServerFailure}
	unanswered = []Outcome{DNSTimedOut, TimedOut, Unreachable}
	doesReject = []policy.Truth{policy.Yes}
	mayReject  = []policy.Truth{policy.Maybe, policy.No}
)

// Table is the decision table. For each exchange, verdict, outcome and plugin there is exactly one
// row. A timeout never says that a policy denies what the objects allow, nor a refusal that no
// policy does.
var Table = []Row{
	{Handshake, policy.Allowed, []Outcome{Connected}, nil, Agrees, "it is allowed, and it got through", "", nil},
	{Handshake, policy.Allowed, nothing, nil, Contradicts, "it is allowed, and nothing came back", "NPD802", []Suspect{Hairpin, Programming, OtherLayer, NodePath, Firewall, NotReady}},
	{Handshake, policy.Allowed, rejected, nil, SaysNothing, "it is allowed, and was refused: mostly the application, not the way to it", "NPD803", []Suspect{NoEndpoints, NotListening, PluginRejects, Hairpin, OtherLayer}},
	{Handshake, policy.Denied, []Outcome{Connected}, nil, Contradicts, "it is denied, and it got through", "NPD801", []Suspect{NothingEnforces, Programming, OwnNode, Hairpin, OtherLayer, AgentDown}},
	{Handshake, policy.Denied, nothing, nil, Agrees, "it is denied, and nothing came back; connections that were open before may go on", "", nil},
	{Handshake, policy.Denied, rejected, doesReject, Agrees, "it is denied, and the network plugin answers that with a refusal", "", nil},
	{Handshake, policy.Denied, rejected, mayReject, SaysNothing, "it is denied, and was refused: by a plugin that is set to, or because nobody listens", "", []Suspect{NoEndpoints, NotListening, PluginRejects}},
	{Handshake, policy.Unknown, []Outcome{Connected}, nil, SaysNothing, "it got through: nothing denies it now, from this pod", "", nil},
	{Handshake, policy.Unknown, slices.Concat(nothing, rejected), nil, SaysNothing, "it does not work; it is not known whether policies are the cause", "NPD809", []Suspect{NoEndpoints, NotListening, PluginRejects, OtherLayer, NodePath, Firewall}},

	{Proxied, policy.Allowed, []Outcome{Connected}, nil, SaysNothing, "the mesh's proxy in the source pod answered, not the destination", "", []Suspect{Sidecar}},
	{Proxied, policy.Allowed, slices.Concat(rejected, nothing), nil, SaysNothing, "it does not get past the mesh's proxy in the source pod, or the proxy refuses it", "", []Suspect{Sidecar}},
	{Proxied, policy.Denied, []Outcome{Connected}, nil, SaysNothing, "the mesh's proxy in the source pod answered, not the destination", "", []Suspect{Sidecar}},
	{Proxied, policy.Denied, slices.Concat(rejected, nothing), nil, SaysNothing, "it does not get past the mesh's proxy in the source pod, or the proxy refuses it", "", []Suspect{Sidecar}},
	{Proxied, policy.Unknown, []Outcome{Connected}, nil, SaysNothing, "the mesh's proxy in the source pod answered, not the destination", "", []Suspect{Sidecar}},
	{Proxied, policy.Unknown, slices.Concat(rejected, nothing), nil, SaysNothing, "it does not get past the mesh's proxy in the source pod, or the proxy refuses it", "", []Suspect{Sidecar}},

	{Reply, policy.Allowed, []Outcome{Connected}, nil, Agrees, "it is allowed, and an answer came back", "", nil},
	{Reply, policy.Allowed, []Outcome{TimedOut}, nil, SaysNothing, "no answer; many servers give none to what they do not understand", "", []Suspect{NotUnderstood, NotListening, OtherLayer, NodePath}},
	{Reply, policy.Allowed, []Outcome{Unreachable}, nil, Contradicts, "it is allowed, and there is no way", "NPD802", []Suspect{Programming, OtherLayer, NodePath, Firewall, NotReady}},
	{Reply, policy.Allowed, rejected, nil, SaysNothing, "it is allowed, and was refused: mostly the application, not the way to it", "NPD803", []Suspect{NoEndpoints, NotListening, PluginRejects, OtherLayer}},
	{Reply, policy.Denied, []Outcome{Connected}, nil, Contradicts, "it is denied, and an answer came back", "NPD801", []Suspect{NothingEnforces, Programming, OwnNode, Tracked, OtherLayer, AgentDown}},
	{Reply, policy.Denied, []Outcome{TimedOut}, nil, SaysNothing, "no answer, which is what a policy would come to, and a server that stays silent", "", nil},
	{Reply, policy.Denied, []Outcome{Unreachable}, nil, Agrees, "it is denied, and there is no way", "", nil},
	{Reply, policy.Denied, rejected, doesReject, Agrees, "it is denied, and the network plugin answers that with a refusal", "", nil},
	{Reply, policy.Denied, rejected, mayReject, SaysNothing, "it is denied, and was refused: by a plugin that is set to, or because nobody listens", "", []Suspect{NoEndpoints, NotListening, PluginRejects}},
	{Reply, policy.Unknown, []Outcome{Connected}, nil, SaysNothing, "an answer came back: nothing denies it now, from this pod", "", nil},
	{Reply, policy.Unknown, []Outcome{TimedOut}, nil, SaysNothing, "no answer; many servers give none to what they do not understand", "", []Suspect{NotUnderstood, NotListening}},
	{Reply, policy.Unknown, slices.Concat(rejected, []Outcome{Unreachable}), nil, SaysNothing, "it does not work; it is not known whether policies are the cause", "NPD809", []Suspect{NoEndpoints, NotListening, PluginRejects, OtherLayer, NodePath}},

	{Lookup, policy.Allowed, answered, nil, Agrees, "lookups are allowed, and the DNS server was reached", "", nil},
	{Lookup, policy.Allowed, []Outcome{QueryRefused}, nil, SaysNothing, "the query was refused by the server, or by a policy on names in its place", "", []Suspect{NamePolicy}},
	{Lookup, policy.Allowed, unanswered, nil, Contradicts, "lookups are allowed, and no DNS server answers", "NPD804", []Suspect{DNSDown, Programming, OtherLayer, NodePath, NodeCache}},
	{Lookup, policy.Allowed, rejected, nil, SaysNothing, "lookups are allowed, and were refused: mostly nothing is behind the DNS Service", "NPD804", []Suspect{DNSDown, PluginRejects, NodeCache}},
	{Lookup, policy.Denied, answered, nil, Contradicts, "lookups are denied, and the DNS server answered", "NPD801", []Suspect{NothingEnforces, NodeCache, Programming, Tracked, OtherLayer, AgentDown}},
	{Lookup, policy.Denied, []Outcome{QueryRefused}, nil, SaysNothing, "the query was refused by the server, or by a policy on names in its place", "", []Suspect{NamePolicy}},
	{Lookup, policy.Denied, unanswered, nil, Agrees, "lookups are denied, and no DNS server answers", "", nil},
	{Lookup, policy.Denied, rejected, doesReject, Agrees, "lookups are denied, and the network plugin answers that with a refusal", "", nil},
	{Lookup, policy.Denied, rejected, mayReject, SaysNothing, "lookups are denied, and were refused: by a plugin that is set to, or by nobody being there", "", []Suspect{DNSDown, PluginRejects}},
	{Lookup, policy.Unknown, answered, nil, SaysNothing, "the DNS server was reached: nothing denies lookups now, from this pod", "", nil},
	{Lookup, policy.Unknown, []Outcome{QueryRefused}, nil, SaysNothing, "the query was refused by the server, or by a policy on names in its place", "", []Suspect{NamePolicy}},
	{Lookup, policy.Unknown, slices.Concat(unanswered, rejected), nil, SaysNothing, "no DNS server answers; it is not known whether policies are the cause", "NPD804", []Suspect{DNSDown, PluginRejects, OtherLayer, NodeCache}},
}

// unread is the row of what shows nothing: a test that did not run to its end, and an outcome of DNS
// where only an address was dialled.
var unread = Row{Why: "the test shows nothing"}

// RowOf finds what an outcome means.
func RowOf(e Exchange, predicted policy.Verdict, o Outcome, rejects policy.Truth) Row {
	for _, r := range Table {
		if r.Exchange == e && r.Predicted == predicted && slices.Contains(r.Outcomes, o) && (r.Rejects == nil || slices.Contains(r.Rejects, rejects)) {
			return r
		}
	}
	r := unread
	r.Exchange, r.Predicted, r.Outcomes = e, predicted, []Outcome{o}
	return r
}

package probe

import (
	"fmt"
	pathpkg "path"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Tool is a program that attempts can be made with: how it is called for one, and how what it says is
// read.
type Tool struct {
	Name string
	// can tells whether the tool can make an attempt at all.
	can     func(Attempt) bool
	command func(path string, a Attempt) []string
	parse   func(Run) Observation
	// path is where a container has it.
	path string
}

// Tools are all that are known, the best first: what tells outcomes apart comes before what does not.
// Sources: kubernetes/kubernetes, test/images/agnhost; dig(1), nc(1), bash(1) on redirections of
// /dev/tcp, curl(1), getent(1).
var Tools = []Tool{
	{Name: "dig", can: asksDNS, command: digAt, parse: ParseReply},
	{Name: "agnhost", can: dials, command: agnhost, parse: ParseConnect},
	{Name: "dig", can: looksUp, command: dig, parse: ParseDig},
	{Name: netcatName, can: dialsTCP, command: netcat, parse: ParseNetcat},
	{Name: "bash", can: dialsTCP, command: bash, parse: ParseBash},
	{Name: "curl", can: dialsTCP, command: curl, parse: ParseCurl},
	{Name: "getent", can: looksUpName, command: getent, parse: ParseGetent},
}

// ImageTools are those of the agnhost image.
var ImageTools = imageTools()

func imageTools() []Tool {
	paths := map[string]string{"agnhost": "/agnhost", "dig": "dig"}
	var out []Tool
	for _, t := range Tools {
		if path, ok := paths[t.Name]; ok {
			out = append(out, t.at(path))
		}
	}
	return out
}

func (t Tool) at(path string) Tool {
	t.path = path
	return t
}

// Search is the command that finds out which tools a container has: it prints where they are, a line
// each. It needs a shell. An nc that cannot just connect (-z), as BusyBox's often cannot, is left out.
// Source: POSIX, command -v.
func Search() []string {
	var names []string
	for _, t := range Tools {
		if t.Name != netcatName && !slices.Contains(names, t.Name) {
			names = append(names, t.Name)
		}
	}
	return []string{"sh", "-c", "for t in " + strings.Join(names, " ") + " /agnhost timeout; do command -v $t; done; " +
		`case "$(` + netcatName + ` -h 2>&1)" in *-z*|*z]*) command -v ` + netcatName + `;; esac; true`}
}

const netcatName = "nc"

// Found reads what Search came to, and returns the tools there are, in the order of Tools. Why says why
// there are none.
func Found(r Run) (found []Tool, why string) {
	if why, ok := ran(r); !ok {
		return nil, "it has no shell to look for tools with, or it cannot be run: " + why
	}
	paths := map[string]string{}
	for line := range strings.Lines(r.Stdout) {
		path := strings.TrimSpace(line)
		paths[pathpkg.Base(path)] = path
	}
	for _, t := range Tools {
		path, ok := paths[t.Name]
		if t.Name == "bash" && paths["timeout"] == "" {
			ok = false // nothing would end it
		}
		if ok {
			found = append(found, t.at(path))
		}
	}
	if len(found) == 0 {
		return nil, "it has none of the tools that tests can be made with: " + strings.Join(Names(Tools), ", ")
	}
	return found, ""
}

// Names returns what tools are called.
func Names(tools []Tool) []string {
	var names []string
	for _, t := range tools {
		if !slices.Contains(names, t.Name) {
			names = append(names, t.Name)
		}
	}
	return names
}

// With returns the attempt as it is made with the first of some tools that can make it.
func (a Attempt) With(tools []Tool) (Attempt, bool) {
	for _, t := range tools {
		if t.can(a) {
			a.tool = t
			return a, true
		}
	}
	return a, false
}

// Use has attempts made with the tools of the container that they are made in. What none of these can
// make is cut.
func (p *Plan) Use(toolsOf func(Attempt) []Tool) {
	var kept []Attempt
	for _, a := range p.Attempts {
		tools := toolsOf(a)
		made, ok := a.With(tools)
		if !ok {
			p.Cut = append(p.Cut, fmt.Sprintf("%s (%s): what the container has cannot test that (%s)", a.Target(), a.Exchange(), strings.Join(Names(tools), ", ")))
			continue
		}
		kept = append(kept, made)
	}
	p.Attempts = kept
}

// asksDNS tells a datagram to a DNS server, which answers nothing but a query.
func asksDNS(a Attempt) bool {
	return a.Exchange() == Reply && a.Protocol == corev1.ProtocolUDP && (a.Port == 53 || a.Port == 5353)
}

func dials(a Attempt) bool    { return a.Exchange() != Lookup }
func dialsTCP(a Attempt) bool { return dials(a) && a.Protocol == corev1.ProtocolTCP }
func looksUp(a Attempt) bool  { return a.Exchange() == Lookup }

// looksUpName leaves out what asks for one way to the DNS server.
func looksUpName(a Attempt) bool { return a.Hop == Name }

// seconds is the time limit of one try, as tools take it.
var seconds = strconv.Itoa(int(Timeout.Seconds()))

// agnhost dials addresses, never names: a lookup has no time limit there, and would hide which of the
// two failed.
func agnhost(path string, a Attempt) []string {
	return []string{path, "connect", "--timeout=" + Timeout.String(), "--protocol=" + protocolName(a.Protocol), joinHostPort(a.Address.String(), a.Port)}
}

// dig searches for names as the pod does it, since the cluster's domain is in its resolv.conf alone.
func dig(path string, a Attempt) []string {
	kind := "A"
	if a.Family == corev1.IPv6Protocol {
		kind = "AAAA"
	}
	command := []string{path, "+noall", "+comments", "+answer", "+search", "+tries=1", "+time=" + seconds}
	switch a.Hop {
	case ResolverUDP:
		command = append(command, "+notcp", "+ignore")
	case ResolverTCP:
		command = append(command, "+tcp")
	}
	return append(command, "-t", kind, "-q", a.Name)
}

// digAt asks a server for the root's name servers, which it may know or refuse to tell: any response is
// one.
func digAt(path string, a Attempt) []string {
	return []string{path, "@" + a.Address.String(), "-p", strconv.Itoa(int(a.Port)), "+noall", "+comments", "+notcp", "+ignore", "+norecurse", "+tries=1", "+time=" + seconds, "-t", "NS", "-q", "."}
}

func netcat(path string, a Attempt) []string {
	return []string{path, "-z", "-v", "-w", seconds, a.Address.String(), strconv.Itoa(int(a.Port))}
}

// bash opens a connection by a redirection, which it does itself, and closes it when it ends. The
// command line has no words of the cluster but an address and a number.
func bash(path string, a Attempt) []string {
	return []string{"timeout", seconds, path, "-c", fmt.Sprintf("exec 3<>/dev/tcp/%s/%d", a.Address, a.Port)}
}

// curl sends nothing by telnet. That the connection was made is told by the time that it took, since
// what is on the other side may then say nothing until the time is up.
func curl(path string, a Attempt) []string {
	return []string{path, "-q", "-sSv", "--noproxy", "*", "-o", "/dev/null", "--connect-timeout", seconds, "--max-time", seconds, "-w", curlTime + "%{time_connect}\n", "telnet://" + joinHostPort(a.Address.String(), a.Port)}
}

func getent(path string, a Attempt) []string {
	database := "ahostsv4"
	if a.Family == corev1.IPv6Protocol {
		database = "ahostsv6"
	}
	return []string{path, database, a.Name}
}

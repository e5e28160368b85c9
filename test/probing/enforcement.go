package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/probe"
)

// writeEnforcement prints the page on the trials.
func writeEnforcement(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, `# What a check of enforcement tries

Made from the tables of package `+"`probe`"+` by `+"`make generate`"+`.

`+"`kubectl netpol-doctor probe --check-enforcement`"+` finds out what a cluster's network plugin makes of NetworkPolicies. Nothing in
the API says so: an object that is accepted need not be enforced. It creates two namespaces with pods of its own, makes
the trials below one after the other, and deletes everything.

Nothing is taken for a proof that need not be one:

- Each connection of a trial has to work before its policies are there. What they keep out has to work again when they are
  gone. Otherwise it is not the policy, and the trial shows nothing.
- That a connection is kept out is seen twice, so that a lost packet is none, and at the same time another one, which the
  same policy opens, has to get through, so that a network that stalls is none.
- The guards come first: a connection that the same policy opens, and one that it does not, on every plugin that enforces
  it. Until both come out as they should, the policy is not in force yet, and nothing is concluded.
- That policies are not enforced is said when one is %s old and nothing that it denies is kept out. A plugin that keeps out
  some of it enforces them in part.
- A policy of another layer, such as an AdminNetworkPolicy or a CiliumClusterwideNetworkPolicy, may let through what a
  NetworkPolicy denies. They are looked for before and after the trials. Where one may select the pods, or could not be read,
  only what was kept out is a proof, and what got through is none.
- A command that is lost, an image that cannot be pulled, a pod that finds no node, a quota or a mesh's proxy in the pods: the
  answer is unknown, with the reason. It is never "not enforced".

What is seen holds for the nodes that the pods were on, and for the IP family of their first addresses. `+"`-o yaml`"+` prints it as a profile; with `+"`--network-plugin FILE`"+`
every command judges by it.

In the policies below, a word in capitals is the selector of the pod of that name. `+"`@CLIENT`"+` is the block of that pod's address
alone, `+"`@@CLIENT`"+` the one with twice as many addresses, `+"`@@@CLIENT`"+` with four times as many. All pods listen on TCP ports
%s and on UDP port %d. The server calls port 8080 `+"`web`"+` and 8081 `+"`mixed`"+`, the stranger calls 8082
`+"`mixed`"+`, the guest, who is in the other namespace, calls 8081 `+"`web`"+`. The server's Service has port %d.
`, probe.Patience, strings.Trim(strings.Join(strings.Fields(fmt.Sprint(probe.TrialPorts)), ", "), "[]"), probe.TrialDatagrams, probe.TrialServicePort)
	for _, t := range probe.Trials {
		fmt.Fprintf(&b, "\n## %s\n\n%s The specification says %s (%s).%s\n\n```yaml\n%s\n```\n\n", t.Name, capital(t.Asks), demands(t), t.Source, behaviour(t), strings.Join(t.Policies, "\n"))
		for _, l := range t.Guards {
			fmt.Fprintf(&b, "- guard: %s %s\n", l.Key(), wanted(l))
		}
		for _, l := range t.Lines {
			fmt.Fprintf(&b, "- yes: %s %s\n", l.Key(), wanted(l))
		}
		for _, n := range t.Needs {
			fmt.Fprintf(&b, "- only where the answer of %s is %s\n", n.Trial, n.Answer)
		}
	}
	fmt.Fprintf(&b, `
## An open connection

%d requests over one connection, a second apart. After %s the policy of the trial `+"`%s`"+` is created, which denies it. Where requests
are still answered seconds after new connections are denied, open ones are kept; where none are, they are cut.

## What is not tried

| behaviour | why |
| --- | --- |
`, probe.Requests, probe.Lead, probe.IngressTrial)
	for _, u := range probe.Unmeasured {
		fmt.Fprintf(&b, "| %s | %s |\n", u.Behaviour, u.Why)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func capital(question string) string { return strings.ToUpper(question[:1]) + question[1:] }

func demands(t probe.Trial) string {
	if t.Spec == policy.Maybe {
		return "neither"
	}
	return t.Spec.String()
}

func behaviour(t probe.Trial) string {
	switch {
	case t.Behaviour == "":
		return ""
	case t.Deviation:
		return " No: the plugin has the behaviour `" + string(t.Behaviour) + "`."
	}
	return " Yes: the plugin has the behaviour `" + string(t.Behaviour) + "`."
}

func wanted(l probe.Line) string {
	if l.Connects {
		return "connects"
	}
	return "is kept out"
}

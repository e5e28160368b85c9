package node_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/test/internal/agreement"
)

// atOnce is from how many places connections are opened at a time. From each place they are opened
// all at once: most are denied, and of those nothing comes back for a second.
const atOnce = 40

// overTCP tries connections with one curl, which prints a line for each: its number, how curl ended,
// and the time after which it was connected, if it was. That a server does not understand HTTP does
// not matter then. With agnhost a program would have to start for each of thousands.
const overTCP = `
curl -sZ $from --noproxy '*' --parallel-immediate --parallel-max 300 --connect-timeout 1 --max-time 1.3 \
  -w 'tcp %{urlnum} %{exitcode} %{time_connect}\n' -K - 2>/dev/null <<END &
`

// overUDP tries connections with nc. Only an answer tells that something got through, so what is
// asked is of a sort that the server understands.
const overUDP = `
nc=$(command -v nc.openbsd || command -v nc)
udp() { if [ -n "$(printf "$4" | $nc -nuw1 -W1 $source $2 $3 2>/dev/null)" ]; then echo "udp $1 0 1"; else echo "udp $1 28 0"; fi; }
`

// What servers of datagrams are asked: agnhost for its name, a DNS server for the address of the
// root.
const (
	dnsPort    = 53
	askAgnhost = `hostname`
	askDNS     = `\022\064\001\000\000\001\000\000\000\000\000\000\000\000\001\000\001`
)

// try opens connections, each in the pod that it is from.
func (m *measured) try(t *testing.T) agreement.Try {
	return func(dials []agreement.Dial) []agreement.Outcome {
		from := map[agreement.Place][]int{}
		for i, d := range dials {
			from[d.From] = append(from[d.From], i)
		}
		outcomes := make([]agreement.Outcome, len(dials))
		var all sync.WaitGroup
		slots := make(chan struct{}, atOnce)
		for place, numbers := range from {
			all.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				var part []agreement.Dial
				for _, i := range numbers {
					part = append(part, dials[i])
				}
				for k, o := range m.open(t.Context(), place, part) {
					outcomes[numbers[k]] = o
				}
			})
		}
		all.Wait()
		return outcomes
	}
}

// script opens connections from one place. It numbers those over TCP and those over UDP.
func script(place agreement.Place, dials []agreement.Dial) string {
	var b strings.Builder
	if place.Outside.IsValid() {
		fmt.Fprintf(&b, "from='--interface %s' source='-s %s'\n", place.Outside, place.Outside)
	}
	b.WriteString(overUDP)
	b.WriteString(overTCP)
	for _, d := range dials {
		if d.Protocol == corev1.ProtocolTCP {
			fmt.Fprintf(&b, "url=http://%s:%d/\noutput=/dev/null\n", d.Address, d.Port)
		}
	}
	b.WriteString("END\n")
	number := 0
	for _, d := range dials {
		if d.Protocol != corev1.ProtocolUDP {
			continue
		}
		ask := askAgnhost
		if d.Port == dnsPort {
			ask = askDNS
		}
		fmt.Fprintf(&b, "udp %d %s %d '%s' &\n", number, d.Address, d.Port, ask)
		number++
	}
	b.WriteString("wait\n")
	return b.String()
}

// open opens connections from one place.
func (m *measured) open(ctx context.Context, place agreement.Place, dials []agreement.Dial) []agreement.Outcome {
	var said string
	var err error
	if place.Outside.IsValid() {
		said, err = m.Outside(ctx, "sh", "-c", script(place, dials))
	} else {
		said, _, err = m.Exec(ctx, place.Namespace, place.Pod, m.containers[place], "sh", "-c", script(place, dials))
	}
	lines := map[string]string{} // what was said, by protocol and number
	for line := range strings.Lines(said) {
		if words := strings.Fields(line); len(words) == 4 {
			lines[words[0]+" "+words[1]] = words[2] + " " + words[3]
		}
	}
	outcomes := make([]agreement.Outcome, len(dials))
	numbers := map[corev1.Protocol]int{}
	for i, d := range dials {
		outcomes[i] = outcome(lines[fmt.Sprintf("%s %d", strings.ToLower(string(d.Protocol)), numbers[d.Protocol])])
		if err != nil {
			outcomes[i] = agreement.Outcome(err.Error())
		}
		numbers[d.Protocol]++
	}
	return outcomes
}

// outcome reads how curl ended, and when it was connected. Source: curl(1), EXIT CODES: 28 is a
// timeout, 7 a connection that was refused.
func outcome(said string) agreement.Outcome {
	status, connected, _ := strings.Cut(said, " ")
	if seconds, err := strconv.ParseFloat(connected, 64); err == nil && seconds > 0 {
		return agreement.Connected
	}
	switch status {
	case "":
		return "nothing was said of it"
	case "28":
		return agreement.Silent
	}
	return agreement.Outcome("curl ended with " + status)
}

package probe_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/probe"
)

func TestParseConnect(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		run    probe.Run
		want   probe.Outcome
		reason string // is part of the reason
	}{
		{name: "silence is success", run: probe.Run{}, want: probe.Connected},
		{name: "refused", run: probe.Run{ExitCode: 1, Stderr: "REFUSED\n"}, want: probe.Refused, reason: "REFUSED"},
		{name: "refused datagram", run: probe.Run{ExitCode: 1, Stderr: "REFUSED: read udp 10.0.0.1:1->10.0.0.2:53: read: connection refused\n"}, want: probe.Refused},
		{name: "timeout", run: probe.Run{ExitCode: 1, Stderr: "TIMEOUT\n"}, want: probe.TimedOut},
		{name: "silent datagram", run: probe.Run{ExitCode: 1, Stderr: "TIMEOUT: read udp 10.0.0.1:1->10.0.0.2:53: i/o timeout\n"}, want: probe.TimedOut},
		{name: "no route", run: probe.Run{ExitCode: 1, Stderr: "OTHER: dial tcp 10.0.0.2:80: connect: no route to host\n"}, want: probe.Unreachable, reason: "no route"},
		{name: "no network", run: probe.Run{ExitCode: 1, Stderr: "OTHER: dial tcp 10.0.0.2:80: connect: network is unreachable\n"}, want: probe.Unreachable},
		{name: "reset", run: probe.Run{ExitCode: 1, Stderr: "OTHER: dial tcp 10.0.0.2:80: connect: connection reset by peer\n"}, want: probe.Reset},
		{name: "SCTP refused", run: probe.Run{ExitCode: 1, Stderr: "OTHER: connection refused\n"}, want: probe.Refused},
		{name: "the kernel gave up", run: probe.Run{ExitCode: 1, Stderr: "OTHER: dial tcp 10.0.0.2:80: connect: connection timed out\n"}, want: probe.TimedOut},
		{name: "no such name", run: probe.Run{ExitCode: 1, Stderr: "DNS: lookup nobody on 10.96.0.10:53: no such host\n"}, want: probe.NameNotFound},
		{name: "DNS is silent", run: probe.Run{ExitCode: 1, Stderr: "DNS: lookup a on 10.96.0.10:53: read udp 10.0.0.1:1->10.96.0.10:53: i/o timeout\n"}, want: probe.DNSTimedOut},
		{name: "DNS is broken", run: probe.Run{ExitCode: 1, Stderr: "DNS: lookup a on 10.96.0.10:53: server misbehaving\n"}, want: probe.ServerFailure},

		{name: "lost", run: probe.Run{Lost: "the stream was cut off"}, want: probe.Inconclusive, reason: "cut off"},
		{name: "lost after a timeout", run: probe.Run{ExitCode: 1, Stderr: "TIMEOUT\n", Lost: "the stream was cut off"}, want: probe.Inconclusive, reason: "cut off"},
		{name: "failed in silence", run: probe.Run{ExitCode: 1}, want: probe.Inconclusive, reason: "said nothing"},
		{name: "not there", run: probe.Run{ExitCode: 127, Stderr: "sh: agnhost: not found"}, want: probe.Inconclusive, reason: "not found"},
		{name: "not executable", run: probe.Run{ExitCode: 126, Stderr: "REFUSED"}, want: probe.Inconclusive},
		{name: "killed", run: probe.Run{ExitCode: 137, Stderr: "TIMEOUT"}, want: probe.Inconclusive, reason: "killed"},
		{name: "killed as Go says it", run: probe.Run{ExitCode: -1}, want: probe.Inconclusive, reason: "killed"},
		{name: "bad arguments", run: probe.Run{ExitCode: 1, Stderr: "UNKNOWN: address a: missing port in address"}, want: probe.Inconclusive, reason: "missing port"},
		{name: "not permitted", run: probe.Run{ExitCode: 1, Stderr: "OTHER: dial tcp 10.0.0.2:80: connect: operation not permitted"}, want: probe.Inconclusive, reason: "not permitted"},
		{name: "another tool's exit code", run: probe.Run{ExitCode: 2, Stderr: "TIMEOUT"}, want: probe.Inconclusive, reason: "exit code 2"},
		{name: "another tool", run: probe.Run{Stdout: "usage: connect HOST"}, want: probe.Inconclusive, reason: "usage"},
		{name: "a word within", run: probe.Run{ExitCode: 1, Stderr: "error: TIMEOUT"}, want: probe.Inconclusive},
	} {
		got := probe.ParseConnect(row.run)
		if got.Outcome != row.want || !strings.Contains(got.Reason, row.reason) {
			t.Errorf("%s: %s (%s), want %s (%s)", row.name, got.Outcome, got.Reason, row.want, row.reason)
		}
	}
}

// dug is what dig prints of one answer.
func dug(status, flags string, records ...string) string {
	return ";; Got answer:\n;; ->>HEADER<<- opcode: QUERY, status: " + status + ", id: 25530\n;; flags: " + flags +
		"; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 1\n\n;; OPT PSEUDOSECTION:\n; EDNS: version: 0, flags:; udp: 1232\n;; ANSWER SECTION:\n" +
		strings.Join(records, "\n") + "\n"
}

const silent = "timed out\n;; no servers could be reached\n"

func TestParseDig(t *testing.T) {
	t.Parallel()
	const ip = "payment.production.svc.cluster.local. 30 IN A 10.96.7.7"
	for _, row := range []struct {
		name      string
		run       probe.Run
		want      probe.Outcome
		addresses string
		truncated bool
	}{
		{name: "an address", run: probe.Run{Stdout: dug("NOERROR", "qr aa rd ra", ip)}, want: probe.Connected, addresses: "10.96.7.7"},
		{name: "through an alias", run: probe.Run{Stdout: dug("NOERROR", "qr rd ra", "a. 30 IN CNAME b.", "b. 30 IN AAAA fd00::1", "b. 30 IN A 10.0.0.1", "b. 30 IN A 10.0.0.1")}, want: probe.Connected, addresses: "fd00::1 10.0.0.1"},
		{name: "after a search", run: probe.Run{Stdout: dug("NXDOMAIN", "qr") + dug("NOERROR", "qr", ip)}, want: probe.Connected, addresses: "10.96.7.7"},
		{name: "searched in vain", run: probe.Run{Stdout: dug("NOERROR", "qr", ip) + dug("NXDOMAIN", "qr")}, want: probe.NameNotFound},
		{name: "no such name", run: probe.Run{Stdout: dug("NXDOMAIN", "qr rd ra")}, want: probe.NameNotFound},
		{name: "no address of the family", run: probe.Run{Stdout: dug("NOERROR", "qr rd ra")}, want: probe.NameNotFound},
		{name: "truncated", run: probe.Run{Stdout: dug("NOERROR", "qr tc rd ra")}, want: probe.Connected, truncated: true},
		{name: "server failure", run: probe.Run{Stdout: dug("SERVFAIL", "qr rd ra")}, want: probe.ServerFailure},
		{name: "query refused", run: probe.Run{Stdout: dug("REFUSED", "qr rd")}, want: probe.QueryRefused},
		{name: "silence, older", run: probe.Run{ExitCode: 9, Stdout: ";; connection timed out; no servers could be reached\n"}, want: probe.DNSTimedOut},
		{name: "silence, newer", run: probe.Run{ExitCode: 9, Stdout: ";; communications error to 10.96.0.10#53: " + silent}, want: probe.DNSTimedOut},
		{name: "refused", run: probe.Run{ExitCode: 9, Stdout: ";; communications error to 10.96.0.10#53: connection refused\n;; no servers could be reached\n"}, want: probe.Refused},
		{name: "refused over TCP", run: probe.Run{ExitCode: 9, Stdout: ";; Connection to 10.96.0.10#53(10.96.0.10) for a failed: connection refused.\n"}, want: probe.Refused},
		{name: "one refuses, one is silent", run: probe.Run{ExitCode: 9, Stdout: ";; communications error to 10.96.0.10#53: connection refused\n;; communications error to 10.96.0.11#53: " + silent}, want: probe.DNSTimedOut},
		{name: "unreachable", run: probe.Run{ExitCode: 9, Stdout: ";; communications error to 10.96.0.10#53: host unreachable\n"}, want: probe.Unreachable},
		{name: "cut off", run: probe.Run{ExitCode: 9, Stdout: ";; communications error to 10.96.0.10#53: end of file\n"}, want: probe.Reset},

		{name: "lost", run: probe.Run{Stdout: dug("NXDOMAIN", "qr"), Lost: "the stream was cut off"}},
		{name: "half lost", run: probe.Run{Stdout: ";; Got answer:\n;; ->>HEADER<<- opcode: QUERY, status: NX"}},
		{name: "all lost", run: probe.Run{}},
		{name: "no reply, and not why", run: probe.Run{ExitCode: 9}},
		{name: "usage", run: probe.Run{ExitCode: 1, Stderr: "Invalid option: +bogus"}},
		{name: "not there", run: probe.Run{ExitCode: 127, Stderr: "sh: dig: not found"}},
		{name: "killed", run: probe.Run{ExitCode: 137, Stdout: dug("NOERROR", "qr", ip)}},
		{name: "another code", run: probe.Run{Stdout: dug("NOTIMP", "qr")}},
	} {
		got := probe.ParseDig(row.run)
		var addresses []string
		for _, a := range got.Addresses {
			addresses = append(addresses, a.String())
		}
		if got.Outcome != row.want || got.Truncated != row.truncated || strings.Join(addresses, " ") != row.addresses {
			t.Errorf("%s: %+v, want %s %s", row.name, got, row.want, row.addresses)
		}
		if got.Outcome == probe.Inconclusive && got.Reason == "" {
			t.Errorf("%s: inconclusive, and nobody knows why", row.name)
		}
	}
}

// FuzzParse: whatever a container prints, nothing is made of it that it does not say. Only an
// answer connects, and whatever is not understood says why.
func FuzzParse(f *testing.F) {
	f.Add(0, "", "", "")
	f.Add(1, "", "TIMEOUT\n", "")
	f.Add(1, "", "OTHER: dial tcp 10.0.0.2:80: connect: no route to host\n", "")
	f.Add(9, ";; communications error to 10.96.0.10#53: "+silent, "", "")
	f.Add(0, dug("NOERROR", "qr tc", "a. 30 IN A 10.0.0.1"), "", "")
	f.Add(0, dug("NXDOMAIN", "qr"), "", "lost")
	f.Fuzz(func(t *testing.T, code int, stdout, stderr, lost string) {
		r := probe.Run{ExitCode: code, Stdout: stdout, Stderr: stderr, Lost: lost}
		connect, dig := probe.ParseConnect(r), probe.ParseDig(r)
		for _, o := range []probe.Observation{connect, dig, probe.ParseNetcat(r), probe.ParseBash(r), probe.ParseGetent(r), probe.ParseReply(r)} {
			switch {
			case o.Outcome == probe.Inconclusive && o.Reason == "":
				t.Errorf("nobody knows why: %+v", o)
			case o.Outcome != probe.Inconclusive && lost != "":
				t.Errorf("output was lost, and yet %+v", o)
			case o.Outcome == probe.Connected && code != 0:
				t.Errorf("failed, and yet %+v", o)
			case strings.Contains(o.Reason, "\n"):
				t.Errorf("more than a line: %q", o.Reason)
			}
		}
		if o := probe.ParseCurl(r); o.Outcome == probe.Connected && (lost != "" || !strings.Contains(stdout, "time_connect=")) || o.Outcome == probe.Inconclusive && o.Reason == "" {
			t.Errorf("curl: %+v", o)
		}
		if connect.Outcome == probe.Connected && strings.TrimSpace(stdout+stderr) != "" {
			t.Errorf("connected, although it said %q", stdout+stderr)
		}
		if dig.Outcome == probe.Connected && !strings.Contains(stdout, "status: NOERROR") {
			t.Errorf("an answer out of %q", stdout)
		}
		if slices.ContainsFunc(dig.Addresses, func(a netip.Addr) bool { return !a.IsValid() }) {
			t.Errorf("an address that is none: %v", dig.Addresses)
		}
	})
}

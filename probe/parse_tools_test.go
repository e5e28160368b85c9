package probe_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/probe"
)

// TestParseTools: what tools print that a container may have. Texts are those of the versions that the
// row names; what none of them prints proves nothing.
func TestParseTools(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		parse func(probe.Run) probe.Observation
		run   probe.Run
		want  probe.Outcome
	}{
		{"OpenBSD nc", probe.ParseNetcat, probe.Run{Stderr: "Connection to 10.0.0.2 80 port [tcp/http] succeeded!\n"}, probe.Connected},
		{"OpenBSD nc, refused", probe.ParseNetcat, probe.Run{ExitCode: 1, Stderr: "nc: connect to 10.0.0.2 port 81 (tcp) failed: Connection refused\n"}, probe.Refused},
		{"OpenBSD nc, dropped", probe.ParseNetcat, probe.Run{ExitCode: 1, Stderr: "nc: connect to 10.0.0.2 port 81 (tcp) timed out: Operation now in progress\n"}, probe.TimedOut},
		{"traditional nc", probe.ParseNetcat, probe.Run{ExitCode: 1, Stderr: "(UNKNOWN) [10.0.0.2] 81 (?) : No route to host\n"}, probe.Unreachable},
		{"BusyBox nc", probe.ParseNetcat, probe.Run{ExitCode: 1, Stderr: "nc: 10.0.0.2 (10.0.0.2:81): Connection refused\n"}, probe.Refused},
		{"Ncat", probe.ParseNetcat, probe.Run{ExitCode: 1, Stderr: "Ncat: TIMEOUT.\n"}, probe.TimedOut},
		{"nc that has no -z", probe.ParseNetcat, probe.Run{ExitCode: 1, Stderr: "nc: invalid option -- 'z'\nUsage: nc [OPTIONS] HOST PORT\n"}, probe.Inconclusive},
		{"nc in silence", probe.ParseNetcat, probe.Run{ExitCode: 1}, probe.Inconclusive},
		{"nc, lost", probe.ParseNetcat, probe.Run{Lost: "cut off"}, probe.Inconclusive},
		{"nc that is not there", probe.ParseNetcat, probe.Run{ExitCode: 127, Stderr: "Connection refused"}, probe.Inconclusive},

		{"bash", probe.ParseBash, probe.Run{}, probe.Connected},
		{"bash, refused", probe.ParseBash, probe.Run{ExitCode: 1, Stderr: "bash: connect: Connection refused\nbash: line 1: /dev/tcp/10.0.0.2/81: Connection refused\n"}, probe.Refused},
		{"bash, ended by coreutils", probe.ParseBash, probe.Run{ExitCode: 124}, probe.TimedOut},
		{"bash, ended by BusyBox", probe.ParseBash, probe.Run{ExitCode: 143, Took: probe.Timeout}, probe.TimedOut},
		{"bash, ended by somebody else", probe.ParseBash, probe.Run{ExitCode: 143}, probe.Inconclusive},
		{"a timeout that takes other flags", probe.ParseBash, probe.Run{ExitCode: 124, Stderr: "usage: timeout -t SECONDS\n"}, probe.Inconclusive},
		{"bash without /dev/tcp", probe.ParseBash, probe.Run{ExitCode: 1, Stderr: "bash: /dev/tcp/10.0.0.2/81: No such file or directory\n"}, probe.Inconclusive},

		{"curl", probe.ParseCurl, probe.Run{ExitCode: 28, Stdout: "time_connect=0.000231\n", Stderr: "curl: (28) Operation timed out\n"}, probe.Connected},
		{"curl, the server hung up", probe.ParseCurl, probe.Run{Stdout: "time_connect=0.000231\n"}, probe.Connected},
		{"curl with a decimal comma", probe.ParseCurl, probe.Run{Stdout: "time_connect=0,000231\n"}, probe.Connected},
		{"curl, dropped", probe.ParseCurl, probe.Run{ExitCode: 28, Stdout: "time_connect=0.000000\n", Stderr: "curl: (28) Connection timeout after 2001 ms\n"}, probe.TimedOut},
		{"curl, refused", probe.ParseCurl, probe.Run{ExitCode: 7, Stdout: "time_connect=0.000000\n", Stderr: "* connect to 10.0.0.2 port 81 failed: Connection refused\ncurl: (7) Failed to connect\n"}, probe.Refused},
		{"curl that does not say why", probe.ParseCurl, probe.Run{ExitCode: 7, Stdout: "time_connect=0.000000\n", Stderr: "curl: (7) Couldn't connect to server\n"}, probe.Inconclusive},
		{"curl without telnet", probe.ParseCurl, probe.Run{ExitCode: 1, Stdout: "time_connect=0.000000\n", Stderr: "curl: (1) Protocol \"telnet\" not supported\n"}, probe.Inconclusive},
		{"another curl", probe.ParseCurl, probe.Run{Stdout: "hello"}, probe.Inconclusive},

		{"a DNS server that answers", probe.ParseReply, probe.Run{Stdout: dug("NOERROR", "qr")}, probe.Connected},
		{"one that does not like the question", probe.ParseReply, probe.Run{Stdout: dug("FORMERR", "qr")}, probe.Connected},
		{"one that is silent", probe.ParseReply, probe.Run{ExitCode: 9, Stdout: ";; communications error to 10.96.0.10#53: " + silent}, probe.TimedOut},
		{"none that was asked", probe.ParseReply, probe.Run{ExitCode: 1, Stdout: dug("NOERROR", "qr")}, probe.Inconclusive},

		{"getent", probe.ParseGetent, probe.Run{Stdout: "10.0.0.2       STREAM api\n10.0.0.2       DGRAM\n"}, probe.Connected},
		{"getent found nothing, or nobody", probe.ParseGetent, probe.Run{ExitCode: 2}, probe.Inconclusive},
		{"getent of IPv6 where there is only IPv4", probe.ParseGetent, probe.Run{Stdout: "::ffff:10.0.0.2 STREAM api\n"}, probe.Inconclusive},
	} {
		got := row.parse(row.run)
		if got.Outcome != row.want || got.Outcome == probe.Inconclusive && got.Reason == "" {
			t.Errorf("%s: %s (%s), want %s", row.name, got.Outcome, got.Reason, row.want)
		}
	}
}

// TestFound: without a shell, and without any tool, that is said; an attempt is made with the best tool
// that there is, and one for which there is none is cut.
func TestFound(t *testing.T) {
	t.Parallel()
	if _, why := probe.Found(probe.Run{Lost: `exec: "sh": executable file not found`}); !strings.Contains(why, "no shell") {
		t.Error(why)
	}
	if _, why := probe.Found(probe.Run{Stdout: "/usr/bin/timeout\n"}); !strings.Contains(why, "none of the tools") {
		t.Error(why)
	}
	if tools, _ := probe.Found(probe.Run{Stdout: "/bin/bash\n/usr/bin/getent\n"}); strings.Join(probe.Names(tools), " ") != "getent" {
		t.Errorf("nothing would end bash: %v", probe.Names(tools))
	}
	tools, _ := probe.Found(probe.Run{Stdout: "/usr/bin/getent\n/usr/bin/curl\n/bin/bash\n/usr/bin/timeout\n"})
	if strings.Join(probe.Names(tools), " ") != "bash curl getent" {
		t.Errorf("%v", probe.Names(tools))
	}
	p := &probe.Plan{Attempts: []probe.Attempt{
		{Hop: probe.ResolverUDP, Name: "api"},
		{Hop: probe.Name, Name: "api"},
		{Hop: probe.Backend, Protocol: corev1.ProtocolTCP, Port: 80},
		{Hop: probe.Backend, Protocol: corev1.ProtocolUDP, Port: 53},
	}}
	p.Use(func(probe.Attempt) []probe.Tool { return tools })
	if len(p.Attempts) != 2 || len(p.Cut) != 2 || p.Attempts[0].Command()[0] != "/usr/bin/getent" || p.Attempts[1].Command()[0] != "timeout" {
		t.Errorf("%+v", p)
	}
}

package apiserver

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/netpol-doctor/netpol-doctor/plugin"
)

// A server that cannot be talked to ends every command with exit code 3 and one line that says what
// happened and what to try.
func TestUnreachable(t *testing.T) {
	s := Shared(t)
	nobody, err := freeAddress(loopback)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := newAuthority()
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		kubeconfig func(*clientcmdapi.Config)
		flags      string
		says       string
	}{
		"nobody listens": {
			kubeconfig: func(c *clientcmdapi.Config) { c.Clusters["test"].Server = "https://" + nobody },
			says:       "connection refused",
		},
		"a certificate that has expired": {
			kubeconfig: func(c *clientcmdapi.Config) { expire(t, s, c.AuthInfos["test"]) },
			says:       "Unauthorized (the credentials of this kubeconfig context are missing, expired or for another server",
		},
		"a token that is not valid": {
			kubeconfig: func(c *clientcmdapi.Config) { c.AuthInfos["test"] = &clientcmdapi.AuthInfo{Token: "nonsense"} },
			says:       "Unauthorized (the credentials of this kubeconfig context are missing, expired or for another server",
		},
		"a server that nobody vouches for": {
			kubeconfig: func(c *clientcmdapi.Config) { c.Clusters["test"].CertificateAuthorityData = stranger.pem },
			says:       "the server is not the one this kubeconfig context trusts",
		},
		"no answer in time": {
			flags: "--request-timeout=1ns",
			says:  "longer --request-timeout",
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := edited(t, s.Admin(), row.kubeconfig)
			for _, command := range []string{"diagnose pod/a pod/b:80", "diagnose a b:80 -A -o json", "labels pod/a", "namespaces", "dns"} {
				r := doctor(t.Context(), strings.Fields(command+" --kubeconfig "+path+" "+row.flags)...)
				refused(t, command, r, 3, row.says)
			}
		})
	}
}

// A kubeconfig that says nothing is bad input.
func TestBadKubeconfig(t *testing.T) {
	s := Shared(t)
	path := edited(t, s.Admin(), nil)
	for name, row := range map[string]struct{ flags, says string }{
		"a context that is not there": {"--kubeconfig " + path + " --context nosuch", "nosuch"},
		"a cluster that is not there": {"--kubeconfig " + path + " --cluster nosuch", "nosuch"},
		"a file that is not there":    {"--kubeconfig " + path + ".nosuch", path + ".nosuch"},
		"a flag that is not there":    {"--kubeconfig " + path + " --nosuch", "nosuch"},
		"a file for a cluster":        {"--kubeconfig " + path + " -f " + shopBase, "exclude each other"},
		"a source that is not there":  {"--kubeconfig " + path + " -n nosuch", `there is no namespace "nosuch"`},
	} {
		t.Run(name, func(t *testing.T) {
			r := doctor(t.Context(), strings.Fields("diagnose pod/a pod/b:80 "+row.flags)...)
			refused(t, row.flags, r, 2, row.says)
		})
	}
}

// Ctrl-C ends a run at once, before and in the middle of its requests, without a word.
func TestInterrupted(t *testing.T) {
	s := Shared(t)
	path := Kubeconfig(t, s.Admin(), "")
	question := []string{"diagnose", "pod/a", "pod/b:80", "-A", "--kubeconfig", path}

	before, cancel := context.WithCancel(t.Context())
	cancel()
	if r := doctor(before, question...); r != (run{code: 130}) {
		t.Errorf("interrupted before it began: %+v", r)
	}

	amid, cancel := context.WithCancel(t.Context())
	defer cancel()
	var stdout strings.Builder
	code := plugin.Main(amid, append(question, "--show-requests"), plugin.Streams{
		In:     strings.NewReader(""),
		Out:    &stdout,
		Err:    onWrite(cancel), // as soon as the first request is shown
		Getenv: func(string) string { return "" },
	})
	if code != 130 || stdout.Len() > 0 {
		t.Errorf("interrupted amid its requests: exit code %d, %q", code, stdout.String())
	}
}

// onWrite is a stream that calls a function when something is written to it.
type onWrite func()

func (f onWrite) Write(p []byte) (int, error) {
	f()
	return len(p), nil
}

// refused fails the test unless a run ended with the code, one line on standard error that says so
// and nothing on standard output.
func refused(t *testing.T, what string, r run, code int, says string) {
	t.Helper()
	if r.code != code || r.stdout != "" || !strings.HasPrefix(r.stderr, "Error: ") || strings.Count(r.stderr, "\n") != 1 || !strings.Contains(r.stderr, says) {
		t.Errorf("%s: got %+v, want exit code %d and one line with %q", what, r, code, says)
	}
}

// edited writes a kubeconfig file for the bearer of config, after a change to it.
func edited(t *testing.T, config *rest.Config, change func(*clientcmdapi.Config)) string {
	t.Helper()
	path := Kubeconfig(t, config, "")
	if change == nil {
		return path
	}
	kubeconfig, err := clientcmd.LoadFromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	change(kubeconfig)
	if err := clientcmd.WriteToFile(*kubeconfig, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// expire puts a client certificate in the place of the one in info that was good until an hour ago.
func expire(t *testing.T, s *Server, info *clientcmdapi.AuthInfo) {
	t.Helper()
	key, keyPEM, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	template := lasting(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "late", Organization: []string{"system:masters"}},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	template.NotBefore, template.NotAfter = template.NotBefore.Add(-time.Hour), template.NotBefore
	der, err := x509.CreateCertificate(rand.Reader, template, s.authority.certificate, key.Public(), s.authority.key)
	if err != nil {
		t.Fatal(err)
	}
	info.ClientCertificateData, info.ClientKeyData = encode("CERTIFICATE", der), keyPEM
}

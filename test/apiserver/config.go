package apiserver

import (
	"fmt"
	"path/filepath"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// config returns the configuration of a client that is the user of that name.
func (s *Server) config(name string, groups ...string) (*rest.Config, error) {
	user, err := s.authority.user(name, groups...)
	if err != nil {
		return nil, err
	}
	return &rest.Config{
		Host: "https://" + s.address,
		TLSClientConfig: rest.TLSClientConfig{
			CAData:   s.authority.pem,
			CertData: user.certificate,
			KeyData:  user.key,
		},
		QPS:            -1,                // no throttling
		WarningHandler: rest.NoWarnings{}, // tests look at errors
	}, nil
}

// Kubeconfig writes a kubeconfig file for the bearer of config, with namespace
// as the current one ("" for default), and returns its path. The file goes with
// the test.
func Kubeconfig(tb testing.TB, config *rest.Config, namespace string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "kubeconfig")
	if err := writeKubeconfig(path, config, namespace); err != nil {
		tb.Fatal(err)
	}
	return path
}

func writeKubeconfig(path string, config *rest.Config, namespace string) error {
	const name = "test"
	kubeconfig := clientcmdapi.NewConfig()
	kubeconfig.Clusters[name] = &clientcmdapi.Cluster{
		Server:                   config.Host,
		CertificateAuthorityData: config.CAData,
	}
	kubeconfig.AuthInfos[name] = &clientcmdapi.AuthInfo{
		ClientCertificateData: config.CertData,
		ClientKeyData:         config.KeyData,
	}
	kubeconfig.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name, Namespace: namespace}
	kubeconfig.CurrentContext = name
	if err := clientcmd.WriteToFile(*kubeconfig, path); err != nil {
		return fmt.Errorf("writing kubeconfig %s: %w", path, err)
	}
	return nil
}

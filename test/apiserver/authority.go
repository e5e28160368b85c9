package apiserver

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"
)

// authority signs the certificate of one server and those of its users. Its own
// key is never written down, so it ends with the test.
type authority struct {
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
	pem         []byte
}

// identity is a signed certificate with its key, both in PEM.
type identity struct{ certificate, key []byte }

func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the key of the certificate authority: %w", err)
	}
	template := lasting(&x509.Certificate{
		Subject:               pkix.Name{CommonName: "netpol-doctor tests"},
		KeyUsage:              x509.KeyUsageCertSign,
		IsCA:                  true,
		BasicConstraintsValid: true,
	})
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("making the certificate authority: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("making the certificate authority: %w", err)
	}
	return &authority{key: key, certificate: certificate, pem: encode("CERTIFICATE", der)}, nil
}

// user returns the identity of a client: Kubernetes reads the common name as
// the user's name and the organizations as the groups.
func (a *authority) user(name string, groups ...string) (identity, error) {
	return a.sign(&x509.Certificate{
		Subject:     pkix.Name{CommonName: name, Organization: groups},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}

// writeServerFiles writes what the processes need to know whom to believe and
// to be believed.
func (a *authority) writeServerFiles(directory, host string) error {
	serving, err := a.sign(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "kube-apiserver"},
		IPAddresses: []net.IP{net.ParseIP(host), net.ParseIP(serviceAddress)},
		DNSNames:    []string{"localhost", "kubernetes.default.svc"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	if err != nil {
		return err
	}
	// The server shows this one to kubelets; they know its group.
	client, err := a.user("kube-apiserver-kubelet-client", "system:masters")
	if err != nil {
		return err
	}
	_, serviceAccountKey, err := newKey()
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		authorityFile:          a.pem,
		servingCertificateFile: serving.certificate,
		servingKeyFile:         serving.key,
		kubeletCertificateFile: client.certificate,
		kubeletKeyFile:         client.key,
		serviceAccountKeyFile:  serviceAccountKey,
	} {
		if err := os.WriteFile(filepath.Join(directory, name), content, 0o600); err != nil {
			return fmt.Errorf("writing certificates: %w", err)
		}
	}
	return nil
}

// sign completes the template to a certificate of this authority for a new key.
func (a *authority) sign(template *x509.Certificate) (identity, error) {
	template.KeyUsage = x509.KeyUsageDigitalSignature
	key, keyPEM, err := newKey()
	if err != nil {
		return identity{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, lasting(template), a.certificate, key.Public(), a.key)
	if err != nil {
		return identity{}, fmt.Errorf("signing the certificate of %q: %w", template.Subject.CommonName, err)
	}
	return identity{certificate: encode("CERTIFICATE", der), key: keyPEM}, nil
}

// lasting gives a certificate a validity that no test outlives, begun long
// enough ago for any clock.
func lasting(template *x509.Certificate) *x509.Certificate {
	now := time.Now()
	template.NotBefore, template.NotAfter = now.Add(-time.Hour), now.Add(24*time.Hour)
	return template
}

// newKey returns a key and its PEM.
func newKey() (*ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("making a key: %w", err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("encoding a key: %w", err)
	}
	return key, encode("EC PRIVATE KEY", der), nil
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

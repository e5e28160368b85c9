package apiserver

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// completed presses TAB behind the last word, and returns the words and what the shell is told to do.
func completed(t *testing.T, words ...string) []string {
	t.Helper()
	r := doctor(t.Context(), append([]string{"__complete"}, words...)...)
	if r.code != 0 {
		t.Errorf("%q: %+v", words, r)
	}
	var all []string
	for line := range strings.Lines(r.stdout) {
		text, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
		all = append(all, text)
	}
	return all
}

// TestCompletion: a real server answers what is asked of it for a TAB, with the metadata alone, and whoever
// may not list something is proposed nothing of it.
func TestCompletion(t *testing.T) {
	s := Shared(t)
	s.Apply(
		t,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "completed"}},
		&corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: "completed", Name: "payment"},
			Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "https", Port: 443}}},
		},
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "completed", Name: "default"}},
		&corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: "completed", Name: "alone"},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{
				Name: "main", Image: "none.example/none",
				Ports: []corev1.ContainerPort{{Name: "web", ContainerPort: 8080}},
			}}},
		},
	)
	narrow := s.User(t, "completer", Grant{Namespace: "completed", Rules: []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"services"}, Verbs: []string{"get", "list"}}}})
	for _, row := range []struct {
		config string
		typed  string
		want   []string
	}{
		{Kubeconfig(t, s.Admin(), ""), "labels ns/complet", []string{"ns/completed", ":4"}},
		{Kubeconfig(t, s.Admin(), ""), "diagnose completed/svc/", []string{"completed/svc/payment", ":4"}},
		{Kubeconfig(t, s.Admin(), ""), "diagnose completed/pod/", []string{"completed/pod/alone", ":4"}},
		{Kubeconfig(t, s.Admin(), ""), "diagnose internet completed/svc/payment:", []string{"completed/svc/payment:443", "completed/svc/payment:https", ":4"}},
		{Kubeconfig(t, s.Admin(), ""), "diagnose internet completed/pod/alone:", []string{"completed/pod/alone:8080", "completed/pod/alone:web", ":4"}},
		{Kubeconfig(t, s.Admin(), ""), "diagnose completed/deploy/", []string{":4"}},
		{Kubeconfig(t, s.Admin(), ""), "diagnose --without completed/ciliumnetworkpolicies.cilium.io/", []string{":4"}}, // is not served
		{Kubeconfig(t, narrow, ""), "diagnose completed/svc/", []string{"completed/svc/payment", ":4"}},
		{Kubeconfig(t, narrow, ""), "diagnose completed/pod/", []string{":4"}},
		{Kubeconfig(t, narrow, ""), "labels ns/complet", []string{":4"}},
	} {
		words := slices.Insert(strings.Split(row.typed, " "), 1, "--kubeconfig", row.config)
		if got := completed(t, words...); !slices.Equal(got, row.want) {
			t.Errorf("%s: %q, want %q", row.typed, got, row.want)
		}
	}
	nobody, err := freeAddress(loopback)
	if err != nil {
		t.Fatal(err)
	}
	if got := completed(t, "diagnose", "--server", "https://"+nobody, "shop/svc/"); !slices.Equal(got, []string{":4"}) {
		t.Errorf("nobody listens: %q", got)
	}
}

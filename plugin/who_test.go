package plugin

import (
	"bytes"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/netpol-doctor/netpol-doctor/cluster/live/livetest"
)

// shopWithRights is a namespace in which jane may write policies by a Role, and joe by a
// ClusterRole.
func shopWithRights() []runtime.Object {
	rules := []rbacv1.PolicyRule{{Verbs: []string{"*"}, APIGroups: []string{"networking.k8s.io"}, Resources: []string{"networkpolicies"}}}
	bind := func(kind, role, user string) runtime.Object {
		return &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: user},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: role},
			Subjects:   []rbacv1.Subject{{Kind: "User", APIGroup: rbacv1.GroupName, Name: user}},
		}
	}
	return []runtime.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}},
		&rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "editor"}, Rules: rules},
		&rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "editors"}, Rules: rules},
		bind("Role", "editor", "jane"), bind("ClusterRole", "editors", "joe"),
	}
}

// TestWho: of rights that may not all be read, the half that is known is told, and that it is a
// half.
func TestWho(t *testing.T) {
	t.Parallel()
	const group = ".rbac.authorization.k8s.io"
	for _, row := range []struct {
		denied    []string
		code      int
		says, not []string
	}{
		{nil, exitWorks, []string{"user jane (RoleBinding shop/jane → Role editor)", "user joe (RoleBinding shop/joe → ClusterRole editors)", "system:masters"}, []string{"not known"}},
		{[]string{"clusterroles"}, exitUnclear, []string{"user jane (RoleBinding", "user joe: what RoleBinding shop/joe → ClusterRole editors grants is not known", "clusterroles could not be read"}, []string{"nobody is known", "may be more"}},
		{[]string{"clusterrolebindings"}, exitUnclear, []string{"user jane (", "user joe (", "there may be more: clusterrolebindings could not be read"}, nil},
		{[]string{"roles", "rolebindings"}, exitUnclear, []string{"nobody is known: rolebindings, roles could not be read", "Not read rolebindings"}, []string{"jane", "joe", "start pods"}},
		{[]string{"clusterrolebindings", "clusterroles", "rolebindings", "roles"}, exitUnclear, []string{"nobody is known", "system:masters", "policy ns/shop --who"}, []string{"jane", "joe", "start pods"}},
	} {
		server := livetest.New(t, shopWithRights()...)
		for _, resource := range row.denied {
			server.Deny(resource+group, "")
		}
		var out, errs bytes.Buffer
		code := Main(t.Context(), []string{"policy", "ns/shop", "--who", "--kubeconfig", server.Kubeconfig()}, Streams{
			In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: func(string) string { return "" },
		})
		text := strings.Join(strings.Fields(out.String()), " ")
		if code != row.code || errs.Len() > 0 {
			t.Errorf("without %v: exit code %d, want %d: %s%s", row.denied, code, row.code, out.String(), errs.String())
		}
		for _, want := range row.says {
			if !strings.Contains(text, want) {
				t.Errorf("without %v: %q is missing in\n%s", row.denied, want, out.String())
			}
		}
		for _, no := range row.not {
			if strings.Contains(text, no) {
				t.Errorf("without %v: says %q:\n%s", row.denied, no, out.String())
			}
		}
	}
}

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
		&rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "ci"}, RoleRef: rbacv1.RoleRef{Kind: "Role", Name: "editor"},
			Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: "shop", Name: "ci"}},
		},
	}
}

// TestWhoOfPodsThatAreNotRead: whether pods run as an account with rights is not known where pods may
// not be read, and a namespace whose labels may not be read may forbid hostNetwork pods.
func TestWhoOfPodsThatAreNotRead(t *testing.T) {
	t.Parallel()
	for resource, want := range map[string]string{
		"pods":       "whether pods run as service account ci is not known",
		"namespaces": "whether Pod Security forbids them is not known",
	} {
		server := livetest.New(t, shopWithRights()...)
		server.Deny(resource, "")
		code, text := askWho(t, server)
		if code != exitUnclear || !strings.Contains(text, want) || !strings.Contains(text, "user jane") {
			t.Errorf("without %s: exit code %d: %s", resource, code, text)
		}
	}
}

// askWho asks who may undo the policies of namespace shop, and returns the answer with single
// blanks.
func askWho(t *testing.T, server *livetest.Server) (code int, text string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Main(t.Context(), []string{"policy", "ns/shop", "--who", "--kubeconfig", server.Kubeconfig()}, Streams{
		In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: func(string) string { return "" },
	})
	if errs.Len() > 0 {
		t.Errorf("on standard error: %s", errs.String())
	}
	return code, strings.Join(strings.Fields(out.String()), " ")
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
		code, text := askWho(t, server)
		if code != row.code {
			t.Errorf("without %v: exit code %d, want %d: %s", row.denied, code, row.code, text)
		}
		for _, want := range row.says {
			if !strings.Contains(text, want) {
				t.Errorf("without %v: %q is missing in\n%s", row.denied, want, text)
			}
		}
		for _, no := range row.not {
			if strings.Contains(text, no) {
				t.Errorf("without %v: says %q:\n%s", row.denied, no, text)
			}
		}
	}
}

package plugin

import (
	"errors"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster/live"
	"github.com/netpol-doctor/netpol-doctor/cluster/live/livetest"
)

func shopServer(t *testing.T) *livetest.Server {
	t.Helper()
	deployment := func(namespace, name string) *appsv1.Deployment {
		selector := &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}}
		return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Spec: appsv1.DeploymentSpec{Selector: selector}}
	}
	return livetest.New(
		t,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "prod"}},
		deployment("shop", "payment"), deployment("shop", "order"), deployment("prod", "gateway"),
	)
}

// asked runs a diagnosis against a server and returns its error in words.
func asked(t *testing.T, server *livetest.Server, all bool, source, destination string) string {
	t.Helper()
	from, err := live.Open(server.Config(), live.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := &options{source: from, namespace: "shop", all: all}
	_, err = o.diagnose(t.Context(), source, destination)
	if err == nil {
		t.Fatalf("%s %s: no error", source, destination)
	}
	return o.suggest(t.Context(), err).Error()
}

func TestSuggestionsOfALiveCluster(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		source string
		all    bool
		want   string
	}{
		{"deploy/paymnet", false, `no Deployment named "paymnet" in namespace "shop"; did you mean shop/deploy/payment?`},
		{"oder", false, `no pod, workload or Service named "oder" in namespace "shop"; did you mean shop/deploy/order?`},
		{"shpo/deploy/order", false, `there is no namespace "shpo" in the cluster; did you mean shop?`},
		{"elsewhere/deploy/redis", false, `there is no namespace "elsewhere" in the cluster; -n names another`},
		{"deploy/redis", false, `no Deployment named "redis" in namespace "shop"`},
		{"deploy/gateway", false, `no Deployment named "gateway" in namespace "shop"`},
		{"deploy/gateway", true, `no Deployment named "gateway" in namespace "shop"; there is prod/deploy/gateway (or give -n prod)`},
	} {
		if got := asked(t, shopServer(t), c.all, c.source, "deploy/order:80"); got != c.want {
			t.Errorf("%s, -A %v:\n got %s\nwant %s", c.source, c.all, got, c.want)
		}
	}
}

// A target that cannot be parsed is told without a request.
func TestNoRequestForAKindThatIsNone(t *testing.T) {
	t.Parallel()
	server := shopServer(t)
	want := `target "prod/gateway": "prod" is no kind that can be an end of a connection; there is pod, deploy, sts, ds, rs, job, cronjob, svc and node (a target in a namespace prod is prod/KIND/gateway)`
	if got := asked(t, server, false, "prod/gateway", "deploy/order:80"); got != want {
		t.Errorf("got %s", got)
	}
	if len(server.Requests()) > 0 {
		t.Errorf("requests: %v", server.Requests())
	}
}

// Who may not list gets the plain error.
func TestSuggestionsWithoutTheRightToList(t *testing.T) {
	t.Parallel()
	server := shopServer(t)
	server.Deny("deployments.apps", "shop")
	server.Deny("namespaces", livetest.Across)
	got := asked(t, server, false, "shpo/deploy/order", "deploy/order:80")
	if !strings.HasPrefix(got, `there is no namespace "shpo" in the cluster`) {
		t.Error(got)
	}
}

func TestOtherErrorsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	err := errors.New("something else")
	if got := (&options{}).suggest(t.Context(), err); !errors.Is(got, err) || got.Error() != err.Error() {
		t.Errorf("got %v", got)
	}
}

package node_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/plugin"
	"github.com/netpol-doctor/netpol-doctor/report"
	"github.com/netpol-doctor/netpol-doctor/test/apiserver"
)

// matrix runs probe --matrix as a user does.
func (c cluster) matrix(t *testing.T, question, format string) (code int, stdout, stderr string) {
	t.Helper()
	var out, complaints bytes.Buffer
	arguments := append([]string{"probe", "--matrix"}, strings.Fields(question)...)
	arguments = append(arguments, "--yes", "-o", format, "--kubeconfig", apiserver.Kubeconfig(t, c.Admin(), namespace))
	code = plugin.Main(t.Context(), arguments, plugin.Streams{
		In: strings.NewReader(""), Out: &out, Err: &complaints, Getenv: func(string) string { return "" },
	})
	return code, out.String(), complaints.String()
}

// cells are those of a document, one in a line.
func cells(t *testing.T, document string) string {
	t.Helper()
	var m report.ProbeMatrix
	if err := json.Unmarshal([]byte(document), &m); err != nil {
		t.Fatalf("%v\n%s", err, document)
	}
	var lines []string
	for _, c := range m.Cells {
		line := fmt.Sprintf("%s %s:%d %s %s %s %s", c.Source.Name, c.Destination.Name, c.Port, c.Predicted, c.Observed, c.Agreement, c.Code)
		lines = append(lines, strings.TrimSpace(line))
	}
	return strings.Join(lines, "\n")
}

// testMatrix tests all pairs of two pods and a Service: without policies everything works; what is
// denied is blocked where that is enforced, and elsewhere differs from what was predicted.
func (c cluster) testMatrix(t *testing.T, enforced bool) {
	stuck := agnhost("stuck")
	stuck.Spec.Containers[0].Image = "registry.example/nothing:1"
	c.Apply(t, agnhost("other"), stuck)
	c.await(t, "the pod other", func(ctx context.Context) error {
		pod, err := c.client.CoreV1().Pods(namespace).Get(ctx, "other", metav1.GetOptions{})
		if err == nil && pod.Status.Phase != corev1.PodRunning {
			err = errors.New("its phase is " + string(pod.Status.Phase))
		}
		return err
	})
	c.await(t, "the pod client to be allowed", func(ctx context.Context) error { return c.connect(ctx, c.address(t, "server")+":8080") })
	question := "pod/client:8080 pod/other:8080 svc/server:80"
	if enforced {
		question += " --network-plugin cilium"
	}

	code, out, complaints := c.matrix(t, question, "json")
	const open = `client other:8080 Allowed Connected Agrees
client server:80 Allowed Connected Agrees
other client:8080 Allowed Connected Agrees
other server:80 Allowed Connected Agrees`
	if got := cells(t, out); code != 0 || got != open {
		t.Errorf("without policies: code %d\n%s\n%s%s", code, got, out, complaints)
	}

	c.Apply(t, ingress("deny"))
	if enforced {
		c.await(t, "the pod client to be blocked", func(ctx context.Context) error {
			if err := c.connect(ctx, c.address(t, "server")+":8080"); err == nil {
				return errors.New("it connects")
			}
			return nil
		})
	}
	want := `client other:8080 Allowed Connected Agrees
client server:80 Denied Connected Contradicts NPD801
other client:8080 Allowed Connected Agrees
other server:80 Denied Connected Contradicts NPD801`
	wantCode, sign := 1, "✘"
	if enforced {
		wantCode, sign = 0, "■"
		want = strings.ReplaceAll(want, "Connected Contradicts NPD801", "TimedOut Agrees")
	}
	code, out, complaints = c.matrix(t, question, "json")
	if got := cells(t, out); code != wantCode || got != want {
		t.Errorf("denied: code %d\n%s\n%s%s", code, got, out, complaints)
	}
	code, out, complaints = c.matrix(t, question, "table")
	t.Logf("\n%s", out)
	row := slices.Collect(strings.Lines(out[strings.Index(out, "from"):]))[1]
	if code != wantCode || strings.Fields(row)[0] != "pod/client" || strings.Fields(row)[3] != sign {
		t.Errorf("the table: code %d\n%s%s", code, out, complaints)
	}
	// A source from which nothing can be tested is a row without outcomes, and the others are tested.
	code, out, complaints = c.matrix(t, "pod/stuck "+question, "csv")
	lines, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil || len(lines) != 1+7 {
		t.Errorf("a pod that does not run: code %d, %v\n%s%s", code, err, out, complaints)
	}
	for _, l := range lines[1:] {
		if l[2] == "stuck" != (l[9] == "Inconclusive") {
			t.Errorf("a pod that does not run: %q", l)
		}
	}
	if enforced && code != 3 || !enforced && code != 1 {
		t.Errorf("a pod that does not run: code %d", code)
	}
}

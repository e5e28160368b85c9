package node

import (
	"bytes"
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/remotecommand"
)

// Exec runs a command in a running container and returns what it printed. The
// error of a command that failed is a [k8s.io/client-go/util/exec.CodeExitError].
func (n *Node) Exec(ctx context.Context, namespace, pod, container string, command ...string) (stdout, stderr string, err error) {
	client, err := kubernetes.NewForConfig(n.Admin())
	if err != nil {
		return "", "", err
	}
	request := client.CoreV1().RESTClient().Post().
		Namespace(namespace).Resource("pods").Name(pod).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Container: container, Command: command, Stdout: true, Stderr: true}, scheme.ParameterCodec)
	executor, err := remotecommand.NewWebSocketExecutor(n.Admin(), "GET", request.URL().String())
	if err != nil {
		return "", "", err
	}
	var out, complaints bytes.Buffer
	err = executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: &out, Stderr: &complaints})
	return out.String(), complaints.String(), err
}

package rooms

import (
	"fmt"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	load "golang.org/x/tools/go/packages"
)

// The libraries through which something could leave the process, and what may be used of each outside
// of where everything may be: each function and method by its name. What writes to a cluster is in none
// of these lists.
var reaching = map[string][]string{
	// What the API server is read with.
	"k8s.io/client-go/discovery": {
		"NewDiscoveryClientForConfigAndClient", "DiscoveryClient.GroupsAndMaybeResourcesWithContext",
		"DiscoveryClient.ServerResourcesForGroupVersionWithContext", "DiscoveryClient.ServerVersionWithContext", "DiscoveryClient.RESTClient",
	},
	"k8s.io/client-go/dynamic": {
		"NewForConfigAndClient", "Interface.Resource", "NamespaceableResourceInterface.Namespace", "ResourceInterface.List",
	},
	"k8s.io/client-go/rest": {
		"CopyConfig", "Config.Wrap", "DefaultServerUrlFor", "HTTPClientFor", "RESTClientForConfigAndClient",
		"Interface.Get", "Request.Do", "Request.Name", "Request.NamespaceIfScoped", "Request.Resource", "Request.VersionedParams", "Result.Get",
		"Request.AbsPath", "Request.Param", "Request.SetHeader", "Result.Raw",
	},
	"k8s.io/client-go/tools/pager":         {"New", "ListPager.List"},
	"k8s.io/client-go/util/flowcontrol":    {"NewTokenBucketRateLimiter"},
	"k8s.io/client-go/tools/clientcmd":     {"ClientConfig.Namespace", "ClientConfig.RawConfig"},
	"k8s.io/client-go/tools/clientcmd/api": {"IsConfigEmpty"},
	// Of the standard library what no connection is made with.
	"net":      {"Error.Timeout", "IPMask.Size", "IPNet.Contains"},
	"net/http": {"RoundTripper.RoundTrip", "Header.Get", "Request.Context"},
}

// everywhere may write to a cluster: what tests on the network.
const everywhere = "probe/live"

// testsOnly is a fake API server.
const testsOnly = "cluster/live/livetest"

// starts are the packages with which something could leave the process past these lists.
var starts = []string{
	"crypto/tls", "net/rpc", "net/smtp", "os/exec", "plugin", "syscall", "unsafe",
	"golang.org/x/net", "golang.org/x/oauth2", "google.golang.org/grpc", "github.com/gorilla/websocket", "k8s.io/streaming",
}

// startsAllowed are those of which only the type of an error, or the name of a signal, is used.
var startsAllowed = map[string][]string{"cluster/live": {"crypto/tls"}, "cmd/kubectl-netpol_doctor": {"syscall"}}

// loaded type-checks packages of this module. Overlay holds texts that stand for files.
func loaded(t *testing.T, overlay map[string][]byte, patterns ...string) []*load.Package {
	t.Helper()
	all, err := load.Load(&load.Config{
		Mode: load.NeedName | load.NeedFiles | load.NeedCompiledGoFiles | load.NeedImports | load.NeedSyntax |
			load.NeedTypes | load.NeedTypesSizes | load.NeedTypesInfo | load.NeedExportFile,
		Overlay: overlay,
		Dir:     "../..",
	}, patterns...)
	if err != nil {
		t.Fatalf("loading %v: %v", patterns, err)
	}
	for _, p := range all {
		for _, err := range p.Errors {
			t.Fatalf("loading %s: %v", p.PkgPath, err)
		}
	}
	return all
}

// leaving names what a package uses of the libraries that reach something, and must not. A name that is
// only mentioned counts as well: a method may be called later. What it may use is noted in used.
func leaving(p *load.Package, used map[string]bool) []string {
	found := map[string]bool{}
	for name, object := range p.TypesInfo.Uses {
		function, ok := object.(*types.Func)
		if !ok || function.Pkg() == nil {
			continue
		}
		library := function.Pkg().Path()
		listed, known := reaching[library]
		if !known && !strings.HasPrefix(library, "k8s.io/client-go/") && !strings.HasPrefix(library, "net/http/") {
			continue
		}
		named := function.Name()
		if receiver := function.Signature().Recv(); receiver != nil {
			named = receiverOf(receiver.Type()) + "." + named
		}
		if slices.Contains(listed, named) {
			used[library+" "+named] = true
			continue
		}
		at := p.Fset.Position(name.Pos())
		found[library+" "+named+" at "+filepath.Base(at.Filename)] = true
	}
	var all []string
	for what := range found {
		all = append(all, what)
	}
	slices.Sort(all)
	return all
}

func receiverOf(t types.Type) string {
	if pointer, ok := t.(*types.Pointer); ok {
		t = pointer.Elem()
	}
	if named, ok := t.(*types.Named); ok {
		return named.Obj().Name()
	}
	return t.String()
}

// starting names the imports of a package that could reach something by themselves.
func starting(p *load.Package, room string) (all []string) {
	for path := range p.Imports {
		if slices.ContainsFunc(starts, func(s string) bool { return path == s || strings.HasPrefix(path, s+"/") }) && !slices.Contains(startsAllowed[room], path) {
			all = append(all, path)
		}
	}
	slices.Sort(all)
	return all
}

// TestOnlyProbesWrite: no package but probe/live uses anything that writes to a cluster, or that talks to
// any other host. What is used of the libraries that could is listed above, a few functions that read, and
// nothing is listed in vain.
func TestOnlyProbesWrite(t *testing.T) {
	t.Parallel()
	seen, used := 0, map[string]bool{}
	for _, p := range loaded(t, nil, "./...") {
		room := strings.TrimPrefix(p.PkgPath, module)
		if strings.HasPrefix(room, "test/") || room == everywhere || room == testsOnly {
			continue
		}
		seen++
		for _, use := range leaving(p, used) {
			t.Errorf("%s uses %s", room, use)
		}
		for _, path := range starting(p, room) {
			t.Errorf("%s imports %s", room, path)
		}
	}
	if seen < len(order) {
		t.Errorf("only %d packages were looked at", seen)
	}
	for library, names := range reaching {
		for _, name := range names {
			if !used[library+" "+name] {
				t.Errorf("%s %s is listed, and nothing uses it", library, name)
			}
		}
	}
}

// TestPlantedWritesAreFound: each way to write, or to talk to another host, is found where it does not
// belong.
func TestPlantedWritesAreFound(t *testing.T) {
	t.Parallel()
	directory, err := filepath.Abs("../../cluster/live")
	if err != nil {
		t.Fatal(err)
	}
	rows := []struct{ name, imports, text, want string }{
		{"a typed client", `"context"; metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"; "k8s.io/client-go/kubernetes"`, `func planted(ctx context.Context, c kubernetes.Interface) { _ = c.CoreV1().Pods("a").Delete(ctx, "b", metav1.DeleteOptions{}) }`, "k8s.io/client-go/kubernetes/typed/core/v1 PodInterface.Delete"},
		{"a dynamic client", `"context"; metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"`, `func (c *client) planted(ctx context.Context, r resource) { _, _ = c.custom.Resource(r.GroupVersionResource).Create(ctx, nil, metav1.CreateOptions{}) }`, "k8s.io/client-go/dynamic ResourceInterface.Create"},
		{"a REST client", `"context"`, `func (c *client) planted(ctx context.Context, q question) { c.builtin[q.resource.GroupVersion()].Put().Do(ctx) }`, "k8s.io/client-go/rest Interface.Put"},
		{"a verb by its name", `"context"`, `func (c *client) planted(ctx context.Context, q question) { c.builtin[q.resource.GroupVersion()].Verb("DELETE").Do(ctx) }`, "k8s.io/client-go/rest Interface.Verb"},
		{"a method that is called later", `"k8s.io/client-go/rest"`, `var planted = rest.Interface.Post`, "k8s.io/client-go/rest Interface.Post"},
		{"an HTTP client", `"net/http"`, `func planted() { _, _ = http.Get("http://example.com") }`, "net/http Get"},
		{"a connection", `"net"`, `func planted() { _, _ = net.Dial("tcp", "example.com:80") }`, "net Dial"},
		{"a name looked up", `"net"`, `func planted() { _, _ = net.LookupHost("example.com") }`, "net LookupHost"},
		{"a program that is started", `"os/exec"`, `var planted = exec.Command`, ""},
	}
	overlay := map[string][]byte{}
	file := func(i int) string { return fmt.Sprintf("planted%d.go", i) }
	for i, row := range rows {
		text := strings.ReplaceAll(row.text, "planted", fmt.Sprintf("planted%d", i))
		overlay[filepath.Join(directory, file(i))] = []byte("package live\n\nimport (\n\t" + strings.ReplaceAll(row.imports, "; ", "\n\t") + "\n)\n\n" + text + "\n")
	}
	p := loaded(t, overlay, "./cluster/live")[0]
	found := leaving(p, map[string]bool{})
	for i, row := range rows {
		if row.want != "" && !slices.Contains(found, row.want+" at "+file(i)) {
			t.Errorf("%s: found %q, want %q", row.name, found, row.want)
		}
		if _, err := os.Stat(filepath.Join(directory, file(i))); err == nil {
			t.Errorf("%s: it was planted in earnest", row.name)
		}
	}
	if found := starting(p, "cluster/live"); !slices.Equal(found, []string{"os/exec"}) {
		t.Errorf("a program that is started: %q", found)
	}
}

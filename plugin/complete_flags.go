package plugin

import (
	"slices"

	"github.com/spf13/pflag"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/netpol-doctor/netpol-doctor/flows"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// flagWords says what the values of flags are. Nil: any text, of which none can be proposed. A flag
// that takes a file is known by its placeholder, see takesPath.
var flagWords = map[string]words{
	"output":         formatWords,
	"namespace":      namespaceWords,
	"without":        withoutWords,
	"from":           oneEndWords,
	"to":             oneEndWords,
	"port":           podPortWords,
	"network-plugin": pluginWords,
	"by":             fixed("workload", "pod", "namespace"),
	"fail-on":        fixed(string(flows.Opened), string(flows.Closed), anyChange),
	"since":          fixed("15m", "1h", "2h", "24h"),

	"context": kubeconfigWords(func(c clientcmdapi.Config) map[string]string {
		return abouts(c.Contexts, func(c *clientcmdapi.Context) string { return c.Cluster })
	}),
	"cluster": kubeconfigWords(func(c clientcmdapi.Config) map[string]string {
		return abouts(c.Clusters, func(c *clientcmdapi.Cluster) string { return c.Server })
	}),
	"user": kubeconfigWords(func(c clientcmdapi.Config) map[string]string {
		return abouts(c.AuthInfos, func(*clientcmdapi.AuthInfo) string { return "" })
	}),
	"request-timeout": fixed("5s", "30s", "1m"),

	"as": nil, "as-group": nil, "as-uid": nil, "as-user-extra": nil, "server": nil, "proxy-url": nil, "tls-server-name": nil, "token": nil,
	"outside": nil, "parallel": nil, flagImage: nil,
	// Names of Secrets are not asked for: nothing here may read them.
	flagSecret: nil, "redact-key": nil,
}

// pathFlags are the flags of kubectl whose value is a file or a directory.
var pathFlags = []string{"kubeconfig", "cache-dir", "certificate-authority", "client-certificate", "client-key"}

// takesPath tells whether the value of a flag is a file or a directory.
func takesPath(f *pflag.Flag) bool {
	placeholder, _ := pflag.UnquoteUsage(f)
	return placeholder == "FILE" || slices.Contains(pathFlags, f.Name)
}

// formatsOf is the annotation of --output with the formats that there are. One with the name of a flag
// behind it has those that there are with that flag.
const formatsOf = "netpol-doctor.dev/formats"

func formatWords(t *tab) []word {
	output := t.command.Flags().Lookup("output")
	formats := output.Annotations[formatsOf]
	t.command.Flags().Visit(func(f *pflag.Flag) {
		if of, ok := output.Annotations[formatsOf+"/"+f.Name]; ok {
			formats = of
		}
	})
	return fixed(formats...)(t)
}

// pluginWords are the network plugins, or where none is called so, files with profiles.
func pluginWords(*tab) []word {
	all := []word{files}
	for _, p := range policy.Profiles {
		all = append(all, word{text: p.Name})
	}
	return all
}

// kubeconfigWords are names in kubeconfig, in the file that --kubeconfig names where it does.
func kubeconfigWords(of func(clientcmdapi.Config) map[string]string) words {
	return func(t *tab) []word {
		config, err := t.configFlags().ToRawKubeConfigLoader().RawConfig()
		if err != nil {
			return nil
		}
		var all []word
		for name, about := range of(config) {
			all = append(all, word{name, about})
		}
		return all
	}
}

func abouts[T any](all map[string]T, about func(T) string) map[string]string {
	out := map[string]string{}
	for name, value := range all {
		out[name] = about(value)
	}
	return out
}

package plugin

import (
	"io"

	"github.com/spf13/cobra"
)

// kubectlScript is what kubectl looks for on the PATH when it completes a plugin's words. It answers as
// cobra does. Source: kubectl completion --help; k8s.io/kubectl, pkg/cmd, plugin_completion.go.
const kubectlScript = `#!/bin/sh
# kubectl runs this when TAB is pressed behind "kubectl netpol-doctor".
exec kubectl-netpol_doctor __complete "$@"
`

// scripts are what makes shells, and kubectl, complete words.
var scripts = map[string]func(root *cobra.Command, out io.Writer) error{
	"bash":       func(root *cobra.Command, out io.Writer) error { return root.GenBashCompletionV2(out, true) },
	"zsh":        (*cobra.Command).GenZshCompletion,
	"fish":       func(root *cobra.Command, out io.Writer) error { return root.GenFishCompletion(out, true) },
	"powershell": (*cobra.Command).GenPowerShellCompletionWithDesc,
	"kubectl": func(_ *cobra.Command, out io.Writer) error {
		_, err := io.WriteString(out, kubectlScript)
		return err
	},
}

// newCompletion makes the command that prints scripts for shells.
func newCompletion(streams Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "completion kubectl|bash|zsh|fish|powershell",
		Short: "Print the script that makes a shell complete words",
		Long: `Print the script that makes a shell complete commands, flags, targets and their
ports, with names from the cluster, or from the files of -f.

After "kubectl netpol-doctor", kubectl completes. It needs its own completion
(kubectl completion --help), and the script of "completion kubectl" on the PATH
under the name kubectl_complete-netpol_doctor. The other scripts are for
kubectl-netpol_doctor, when it is run by that name; bash needs the package
bash-completion for them.`,
		Example: `  # for "kubectl netpol-doctor"; the folder has to be on the PATH
  kubectl netpol-doctor completion kubectl > ~/.local/bin/kubectl_complete-netpol_doctor
  chmod +x ~/.local/bin/kubectl_complete-netpol_doctor

  # for "kubectl-netpol_doctor", in the startup file of the shell
  source <(kubectl-netpol_doctor completion bash)
  source <(kubectl-netpol_doctor completion zsh)
  kubectl-netpol_doctor completion fish | source`,
		ValidArgs: []string{"kubectl", "bash", "zsh", "fish", "powershell"},
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		RunE:      func(c *cobra.Command, args []string) error { return scripts[args[0]](c.Root(), streams.Out) },
	}
}

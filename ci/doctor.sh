#!/usr/bin/env bash
# Prints the path of the program: $NETPOL_DOCTOR, or kubectl-netpol_doctor of the PATH, or one that is built
# from the source that this script is part of, once for each version of it.
set -euo pipefail

if [ -n "${NETPOL_DOCTOR:-}" ]; then
  if ! command -v -- "$NETPOL_DOCTOR"; then
    echo "NETPOL_DOCTOR=$NETPOL_DOCTOR: there is no such program" >&2
    exit 2
  fi
  exit 0
fi
if command -v kubectl-netpol_doctor; then
  exit 0
fi
source=$(cd "$(dirname "$0")/.." && pwd -P)
if ! command -v go >/dev/null || [ ! -f "$source/cmd/kubectl-netpol_doctor/main.go" ]; then
  cat >&2 <<EOF
kubectl-netpol_doctor is not in the PATH, and cannot be built: go is not in the PATH, or $source is not its source.
Install a release, or run "go install github.com/netpol-doctor/netpol-doctor/cmd/kubectl-netpol_doctor@latest",
or set NETPOL_DOCTOR to the program.
EOF
  exit 2
fi
built=${NETPOL_DOCTOR_CACHE:-${TMPDIR:-/tmp}/netpol-doctor-$(id -u)}
mkdir -p "$built"
chmod 700 "$built" # fails where it is somebody else's
(cd "$source" && CGO_ENABLED=0 go build -trimpath -o "$built/kubectl-netpol_doctor" ./cmd/kubectl-netpol_doctor) >&2
echo "$built/kubectl-netpol_doctor"

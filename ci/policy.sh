#!/usr/bin/env bash
# The hook: what policies say and do not do, of all namespaces of some manifests.
set -euo pipefail
doctor=$("$(dirname "$0")/doctor.sh")
exec "$doctor" policy -A "$@"

#!/usr/bin/env bash
# The hook: compares what is about to be committed with the last commit. See diff.sh for what it takes;
# --base is HEAD where it is not given.
set -euo pipefail
here=$(dirname "$0")
# What is staged becomes a tree, which no branch has.
head=$(git commit-tree -m staged "$(git write-tree)")
if ! git rev-parse --verify --quiet HEAD >/dev/null; then
  echo "This is the first commit: there is nothing to compare with."
  exit 0
fi
exec "$here/diff.sh" --base HEAD "$@" --head "$head"

#!/usr/bin/env bash
# The hook: compares what is about to be committed with the last commit. See diff.sh for what it takes;
# --base is HEAD where it is not given.
set -euo pipefail
here=$(dirname "$0")
if ! git rev-parse --verify --quiet HEAD >/dev/null; then
  echo "This is the first commit: there is nothing to compare with."
  exit 0
fi
# What is staged becomes a tree, and that a commit, which no branch has. Its author is nobody: where pre-commit runs
# in a pipeline, git may know none.
head=$(git -c user.name=staged -c user.email=staged@localhost commit-tree -m staged "$(git write-tree)")
exec "$here/diff.sh" --base HEAD "$@" --head "$head"

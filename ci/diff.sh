#!/usr/bin/env bash
# Compares the manifests of two commits, of two folders, or a live cluster with what it would be once the
# manifests are applied, and writes what a pipeline shows of that. See docs/pipelines.md.
#
#   diff.sh --base REF [--head REF] --manifests PATH   in the git repository of the working directory
#   diff.sh --before PATH --after PATH                 two folders or files
#   diff.sh --live --after PATH                        the cluster that kubeconfig points at, --with PATH
#   diff.sh --live [--head REF] --manifests PATH       the same, of a commit
#
#   --fail-on KIND   end with 1 where flows are opened, closed, or any is another
#   --out DIR        write comment.md, result.sarif, junit.xml, code and changes there
#   -- ARGS          go to kubectl netpol-doctor diff as they are
#
# The exit code is that of the comparison: 0, 1 (--fail-on), 2 (bad input) or 3 (unclear).
set -euo pipefail

say() { printf '%s\n' "$*" >&2; }
fail() {
  say "Error: $*"
  if [ -d "$out" ]; then not_compared 2 "Error: $*"; fi
  exit 2
}

# not_compared CODE [TEXT]: the comment where there is no answer; one that was made before would read as if it
# still held. The text is indented: nothing in it is markup then.
not_compared() {
  {
    printf '## What changes in who may talk to whom\n\n**Not compared** (exit code %s): the log of the job says why.\n' "$1"
    if [ -n "${2:-}" ]; then
      printf '\n'
      printf '%s\n' "$2" | head -n 20 | cut -c1-500 | sed 's/^/    /'
    fi
  } >"$out/comment.md"
  printf '%s\n' "$1" >"$out/code"
  printf '0\n' >"$out/changes"
}

base='' head=HEAD manifests='' before='' after='' live='' fail_on='' out=''
while [ $# -gt 0 ]; do
  case $1 in
    --live) live=yes ;;
    --base | --head | --manifests | --before | --after | --fail-on | --out)
      [ $# -gt 1 ] || fail "$1 needs a value"
      case $1 in
        --base) base=$2 ;;
        --head) head=$2 ;;
        --manifests) manifests=$2 ;;
        --before) before=$2 ;;
        --after) after=$2 ;;
        --fail-on) fail_on=$2 ;;
        --out) out=$2 ;;
      esac
      shift
      ;;
    --)
      shift
      break
      ;;
    *) fail "$1 is not known; see the head of $0" ;;
  esac
  shift
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
out=${out:-$work/out}
mkdir -p "$out"
out=$(cd "$out" && pwd -P)
rm -f "$out/comment.md" "$out/result.sarif" "$out/junit.xml" "$out/code" "$out/changes"
doctor=$("$(dirname "$0")/doctor.sh") || fail "there is no program to run, see above"
case $doctor in /*) ;; *) doctor=$PWD/$doctor ;; esac

# A value that starts with a dash is no flag of a program.
case $before in -*) before=./$before ;; esac
case $after in -*) after=./$after ;; esac
case $manifests in -*) manifests=./$manifests ;; esac

# commit REF: its id, fetched where the clone has no such commit.
commit() {
  local id
  if ! id=$(git rev-parse --verify --quiet --end-of-options "$1^{commit}"); then
    case $1 in -*) fail "$1 is no commit" ;; esac
    local depth=() # a fetch of one commit would cut the history of a clone that has all of it
    [ "$(git rev-parse --is-shallow-repository)" != true ] || depth=(--depth=1)
    git fetch --quiet "${depth[@]}" origin "$1" 2>/dev/null || true
    id=$(git rev-parse --verify --quiet --end-of-options "$1^{commit}") || fail "commit $1 is not in this clone and cannot be fetched; check out with the whole history (fetch-depth: 0, GIT_DEPTH: 0)"
  fi
  printf '%s\n' "$id"
}

# tree COMMIT DIR: writes the files of a commit. An index of its own leaves that of the clone alone; unlike
# git archive, this does not ask the .gitattributes of the commit which files to leave out.
tree() {
  mkdir -p "$2"
  GIT_INDEX_FILE=$work/index git read-tree "$1"
  (cd "$(git rev-parse --show-toplevel)" && GIT_INDEX_FILE=$work/index git checkout-index --all --prefix="$2/")
  rm -f "$work/index"
}

# contained ROOT PATH: no link at or below PATH leads out of ROOT, or to where git keeps what is its own (a token
# may be in there). A manifest that is a link could show any file of this machine in a comment.
contained() {
  local root link to
  root=$(cd "$1" && pwd -P)
  while IFS= read -r -d '' link; do
    to=$(realpath -m -- "$link")
    case $to/ in
      "$root"/.git/* | "$root"/*/.git/*) ;;
      "$root"/*) continue ;;
    esac
    fail "$(printf '%q' "${link#"$root"/}") is a link that leads out of the tree: links are followed within it only"
  done < <(
    printf '%s\0' "$2"
    find "$2" -type l -print0
  )
}

# plain PATH: it is no link and, where it is relative, no part of it is: a checkout may hold links of a stranger.
plain() {
  local named to
  to=$(realpath -m -- "$1")
  case $1 in /*) named=$(realpath -m -- "$(dirname -- "$1")")/$(basename -- "$1") ;; *) named=$(pwd -P)/$1 ;; esac
  if [ "$(realpath -ms -- "$named")" != "$to" ]; then fail "$1 is a link, or leads through one: name what is meant"; fi
}

# within ROOT PATH: the path in a tree, which has to be relative.
within() {
  case /$2/ in
    //* | */../*) fail "--manifests $2: give a path below the top of the repository" ;;
  esac
  printf '%s/%s\n' "$1" "${2%/}"
}

# stay: what names the cluster is the same file wherever this script goes. A kubeconfig may name programs that are
# run, and where manifests are read, a stranger may have put one.
stay() {
  local file list='' argument
  while IFS= read -r -d : file; do
    case $file in '' | /*) ;; *) file=$PWD/$file ;; esac
    list=$list${list:+:}$file
  done <<<"${KUBECONFIG:-}:"
  if [ -n "$list" ]; then export KUBECONFIG=$list; fi
  for argument; do
    case $argument in --kubeconfig | --kubeconfig=*) fail "give the kubeconfig by the variable KUBECONFIG, not by a flag" ;; esac
  done
}

export_head() {
  local id
  id=$(commit "$head")
  tree "$id" "$work/after"
  root=$work/after after=$(within "$work/after" "$manifests")
  [ -e "$after" ] || fail "there is no $manifests in $head"
  contained "$root" "$after"
  # The paths in what is written are then those in the repository.
  cd "$root"
  after=${manifests%/}
}

stay "$@"
if [ -n "$manifests" ]; then
  [ -z "$before$after" ] || fail "--manifests goes with --base and --head, not with --before and --after"
  if [ -z "$live" ]; then
    [ -n "$base" ] || fail "--manifests needs --base (or --live)"
    id=$(commit "$base")
    # What the other branch got since is no change of this one.
    if began=$(git merge-base "$id" "$(commit "$head")" 2>/dev/null); then
      id=$began
    else
      say "Where $head began is not in this clone: it is compared with $base as that is now. Check out with the whole history (fetch-depth: 0, GIT_DEPTH: 0)."
    fi
    tree "$id" "$work/before"
    before=$(within "$work/before" "$manifests")
    if [ -e "$before" ]; then
      contained "$work/before" "$before"
    else
      say "There is no $manifests in ${base}: everything in it is new."
      before=$work/nothing.yaml
      printf 'apiVersion: v1\nkind: List\nitems: []\n' >"$before"
    fi
  fi
  export_head
  [ -n "$live" ] || case $before in "$work"/before/*) before=../before/$after ;; *) before=../nothing.yaml ;; esac
else
  [ -n "$after" ] || fail "nothing to compare: give --base and --manifests, or --before and --after (see the head of $0)"
  [ -n "$before$live" ] || fail "--after needs --before (or --live)"
  for path in ${before:+"$before"} "$after"; do
    [ -e "$path" ] || fail "there is no $path"
    plain "$path"
    if [ -d "$path" ]; then contained "$path" "$path"; fi
  done
fi

if [ -n "$live" ]; then
  what=(--with="$after")
  [ $# -gt 0 ] || set -- -A
else
  what=("$before" "$after")
fi
[ -z "$fail_on" ] || what+=(--fail-on="$fail_on")

code=0
"$doctor" diff "${what[@]}" "$@" -o markdown >"$out/comment.md" 2>"$work/errors" || code=$?

# What runs in GitHub Actions takes lines that start with two colons as commands.
stop=''
if [ "${GITHUB_ACTIONS:-}" = true ]; then
  stop=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  printf '::stop-commands::%s\n' "$stop"
fi
cat "$work/errors" >&2
changes=0
case $code in
  0 | 1 | 3)
    for format in sarif junit; do
      file=$out/result.sarif
      [ $format = sarif ] || file=$out/junit.xml
      "$doctor" diff "${what[@]}" "$@" -o $format >"$file" 2>/dev/null || [ $? -eq $code ] || fail "the comparison ended with $code, and as $format with another code: did the cluster change meanwhile? Run it again"
      [ -s "$file" ] || rm -f "$file"
    done
    [ ! -f "$out/result.sarif" ] || changes=$(grep -cE '"ruleId": "(Flow|WayIn)' "$out/result.sarif" || true)
    ;;
esac
if [ ! -s "$out/comment.md" ]; then # bad input, or a cluster that cannot be read
  text=''
  if [ -z "$live" ]; then text=$(cat "$work/errors"); fi # where the API server is, is nobody's business
  not_compared "$code" "$text"
fi
cat "$out/comment.md"
[ -z "$stop" ] || printf '::%s::\n' "$stop"
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
  cat "$out/comment.md" >>"$GITHUB_STEP_SUMMARY"
fi
printf '%s\n' "$code" >"$out/code"
printf '%s\n' "$changes" >"$out/changes"
exit "$code"

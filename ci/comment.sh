#!/usr/bin/env bash
# Puts what diff.sh wrote into one comment on a pull request of GitHub or a merge request of GitLab, and updates it
# from then on.
#
#   comment.sh DIR [NAME]     DIR is --out of diff.sh; NAME tells several comments on one request apart
#
# GitHub: GITHUB_TOKEN, GITHUB_REPOSITORY, PULL_REQUEST; GITHUB_API_URL, COMMENT_AUTHOR (github-actions[bot])
# GitLab: GITLAB_TOKEN, CI_API_V4_URL, CI_PROJECT_ID, CI_MERGE_REQUEST_IID
# LOG_URL is where the whole of a comment is that was cut.
#
# Where nothing changes and there is no comment yet, none is made. Ends with 4 where the forge refuses.
set -euo pipefail

fail() {
  printf 'Error: %s\n' "$*" >&2
  exit 4
}

if [ $# -lt 1 ] || [ ! -f "$1/comment.md" ]; then fail "comment.sh takes the folder that diff.sh wrote to (--out)"; fi
folder=$1 name=${2:-netpol-doctor}
case $name in *[!A-Za-z0-9._/-]* | *--*) fail "the name of a comment has letters, digits, dots, dashes and slashes; got $(printf '%q' "$name")" ;; esac
command -v jq >/dev/null || fail "jq is needed"
marker="<!-- netpol-doctor: $name -->"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ -n "${GITLAB_TOKEN:-}" ] && [ -n "${CI_MERGE_REQUEST_IID:-}" ]; then
  forge=GitLab most=900000 request="merge request $CI_MERGE_REQUEST_IID"
  api=$CI_API_V4_URL comments=projects/$CI_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID/notes
  header="PRIVATE-TOKEN: $GITLAB_TOKEN" update=PUT needs='the token needs the scope api and the role Reporter, and may not be missing from pipelines of forks'
else
  [ -n "${GITHUB_TOKEN:-}" ] || fail "neither GITHUB_TOKEN nor GITLAB_TOKEN with CI_MERGE_REQUEST_IID is set"
  [ -n "${PULL_REQUEST:-}" ] || fail "PULL_REQUEST is not set: this run belongs to no pull request, so there is nothing to comment on"
  # 65,536 characters are GitHub's limit.
  forge=GitHub most=65000 request="pull request $PULL_REQUEST"
  api=${GITHUB_API_URL:-https://api.github.com} comments=repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments
  header="Authorization: Bearer $GITHUB_TOKEN" update=PATCH needs='the job needs "permissions: pull-requests: write", and gets no more than reading for pull requests from forks'
fi
case $comments in *[!A-Za-z0-9._/%-]* | *..*) fail "$comments is no path of comments" ;; esac

# call METHOD PATH [FILE]: one request; the answer is in $work/answer. The token is no argument of a process.
call() {
  local status
  status=$(printf 'header = "%s"\n' "$header" | curl --config - --silent --show-error --max-time 60 --output "$work/answer" --write-out '%{http_code}' \
    --request "$1" --header 'Accept: application/json' ${3:+--header 'Content-Type: application/json' --data-binary "@$3"} "$api/$2") ||
    fail "$forge cannot be reached at $api for the comment on $request"
  case $status in
    2??) ;;
    401 | 403 | 404) fail "$forge answered $status to $1 $2, so there is no comment on $request: $needs. It said: $(said)" ;;
    *) fail "$forge answered $status to $1 $2, so there is no comment on $request. It said: $(said)" ;;
  esac
}

# said is the answer of the forge in one printable line.
said() { head -c 300 "$work/answer" | tr -cd '[:print:]'; }

# The comment is the one that starts with the marker and is our own: anybody may write one that starts so.
if [ $forge = GitLab ]; then
  call GET user
  own=$(jq '.id' "$work/answer") author='.author.id'
else
  own=$(printf '%s' "${COMMENT_AUTHOR:-github-actions[bot]}" | jq -Rs .) author='.user.login'
fi
id='' page=1
while [ -z "$id" ]; do
  call GET "$comments?per_page=100&page=$page"
  jq -e 'type == "array"' "$work/answer" >/dev/null 2>&1 || fail "what $api answered is no list of comments on $request. It said: $(said)"
  id=$(jq -r --arg marker "$marker" --argjson own "$own" "[.[] | select($author == \$own and (.body | startswith(\$marker)))][0] | if . then .id else empty end" "$work/answer")
  [ "$(jq length "$work/answer")" -eq 100 ] || break
  page=$((page + 1))
done

changes=$(cat "$folder/changes" 2>/dev/null || echo 0) code=$(cat "$folder/code" 2>/dev/null || echo 3)
if [ -z "$id" ] && [ "$changes" = 0 ] && [ "$code" = 0 ]; then
  echo "Nothing changes, and there is no comment on $request yet: none is made."
  exit 0
fi

# Cut at the end of a line, and said in front, where no open table or block of code swallows it.
jq -Rs --arg marker "$marker" --argjson most "$most" --arg log "${LOG_URL:-the log of the job}" '
  ($marker + "\n") as $head
  | if (length + ($head | length)) <= $most then $head + .
    else ("**Cut to fit into a comment. The whole is in " + $log + ".**\n\n") as $note
    | .[0:($most - ($head + $note | length))] | split("\n")[:-1] | $head + $note + join("\n") + "\n"
    end
  | {body: .}' "$folder/comment.md" >"$work/body"

if [ -n "$id" ]; then
  path=$comments/$id
  [ $forge = GitLab ] || path=repos/$GITHUB_REPOSITORY/issues/comments/$id
  call "$update" "$path" "$work/body"
  echo "Updated the comment on $request."
else
  call POST "$comments" "$work/body"
  echo "Commented on $request."
fi

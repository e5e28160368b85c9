#!/usr/bin/env bash
# Fetches the files of the package that SOURCE names, with npm, and replaces those here if it is the
# very package.
set -euo pipefail
cd "$(dirname "$0")"

field() { sed -n "s/^$1  *//p" SOURCE; }
package=$(field package) version=$(field version) integrity=$(field integrity)

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
archive=$folder/$(npm pack --silent --pack-destination "$folder" "$package@$version")
got=sha512-$(openssl dgst -sha512 -binary "$archive" | base64 -w0)
if [ "$got" != "$integrity" ]; then
  echo "$package $version is $got, SOURCE says $integrity" >&2
  exit 1
fi
tar -xzf "$archive" -C "$folder"
for file in $(field files); do
  cp "$folder/package/$file" .
done
echo "$package $version is as SOURCE says"

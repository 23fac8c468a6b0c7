#!/bin/sh
# Makes .venv from a lock: `requirements/install.sh run` (to use sweeptree) or `... dev` (to test and change it).
# Needs python3 >= 3.11 and nothing else. Does nothing when the lock, pyproject.toml, the Python and the place are unchanged.
set -eu
cd "$(dirname "$0")/.."
kind=${1:?usage: requirements/install.sh run|dev}
lock=requirements/$kind.txt
[ -f "$lock" ] || { echo "No lock $lock: the first argument is run or dev." >&2; exit 2; }

fits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

choose_python() {
    if [ -n "${PYTHON:-}" ]; then
        fits "$PYTHON" && { echo "$PYTHON"; return; }
        echo "PYTHON=$PYTHON is not a Python 3.11, 3.12 or 3.13: $("$PYTHON" --version 2>&1 || true)" >&2
        exit 2
    fi
    # The Python of an earlier call stays, so that PYTHON= need not be said each time.
    for name in "$(cat .venv/made-with 2>/dev/null || true)" python3 python3.13 python3.12 python3.11; do
        if fits "$name"; then echo "$name"; return; fi
    done
    echo "sweeptree needs Python 3.11, 3.12 or 3.13; python3 here is: $(python3 --version 2>&1 || true)" >&2
    echo "Install one (Debian, Ubuntu: apt install python3 python3-venv), or say where it is: make install PYTHON=/path/to/python3.12" >&2
    exit 2
}

# What the environment was made from. `dev` holds all that `run` holds, so it also satisfies `run`.
wanted() {
    cat "requirements/$1.txt" pyproject.toml requirements/install.sh | cksum
    pwd
    "$python" --version
}

is_made() {
    [ -x .venv/bin/sweeptree ] && [ -f ".venv/made-$1" ] && [ "$(cat ".venv/made-$1")" = "$(wanted "$1")" ]
}

# Ours, but of another Python or moved here (scripts in it name its full path): it must be made anew.
is_stale() {
    [ -f .venv/made-in ] || return 1
    [ "$(cat .venv/made-in)" != "$(pwd)" ] || [ "$(.venv/bin/python --version 2>&1)" != "$("$python" --version)" ]
}

make_venv() {
    clear=
    if is_stale; then
        clear=--clear
    elif [ -x .venv/bin/python ] && fits .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1; then
        return
    fi
    if said=$("$python" -m venv $clear .venv 2>&1); then return; fi
    # ensurepip is a package of its own on Debian; the system's pip, where there is one, can fill the environment.
    if "$python" -m pip --version >/dev/null 2>&1 && "$python" -m venv --without-pip --clear .venv; then return; fi
    echo "$said" >&2
    echo "$python cannot make an environment. Debian, Ubuntu: apt install python3-venv   (or choose another: make install PYTHON=...)" >&2
    exit 2
}

pip() {
    if .venv/bin/python -m pip --version >/dev/null 2>&1; then
        .venv/bin/python -m pip "$@"
    else
        "$python" -m pip --python .venv/bin/python "$@"
    fi
}

# Now, and also where PYTHONDONTWRITEBYTECODE is set (as in many containers): every start would else compile it anew.
compile_what_is_used() {
    PYTHONDONTWRITEBYTECODE= .venv/bin/python -c '
import cyclopts, git, github, pandas, pynvml, uvicorn
import prefect.server.api.server, sweeptree.flows.sweep'
    PYTHONDONTWRITEBYTECODE= .venv/bin/python -m compileall -q sweeptree flows agents tasks \
        .venv/lib/python3.*/site-packages/prefect/server/database
}

python=$(choose_python)
if is_made "$kind" || { [ "$kind" = run ] && is_made dev; }; then exit 0; fi
echo "Making .venv with $("$python" --version) from $lock" >&2
make_venv
rm -f .venv/made-run .venv/made-dev
pwd >.venv/made-in
echo "$python" >.venv/made-with
# --no-deps: the lock is complete, and pip would look for newer versions of what it wants with extras.
# --no-compile: only what is used is compiled, which is a small part.
pip install --quiet --no-compile --disable-pip-version-check --no-deps --require-hashes -r "$lock"
pip install --quiet --no-compile --disable-pip-version-check --no-deps --no-build-isolation --editable .
compile_what_is_used
wanted "$kind" >.venv/made-"$kind"

#!/bin/sh
# Makes .venv from a lock: `requirements/install.sh run` (to use sweeptree) or `... dev` (to test and change it).
# Needs python3 >= 3.11 and nothing else. Does nothing when the lock, pyproject.toml, the Python and the place are unchanged.
# uv does the work, in a tenth of pip's time; where it cannot, or with SWEEPTREE_INSTALL=pip, pip does it.
set -eu
cd "$(dirname "$0")/.."
kind=${1:?usage: requirements/install.sh run|dev}
lock=requirements/$kind.txt
[ -f "$lock" ] || { echo "No lock $lock: the first argument is run or dev." >&2; exit 2; }
case ${SWEEPTREE_INSTALL:-uv} in
    uv | pip) ;;
    *) echo "SWEEPTREE_INSTALL=$SWEEPTREE_INSTALL: it is uv (where it can be had) or pip." >&2; exit 2 ;;
esac
log=.venv/install.log

say() {
    echo "$@" >&2
}

fits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

choose_python() {
    if [ -n "${PYTHON:-}" ]; then
        fits "$PYTHON" && { echo "$PYTHON"; return; }
        say "PYTHON=$PYTHON is not a Python 3.11, 3.12 or 3.13: $("$PYTHON" --version 2>&1 || true)"
        exit 2
    fi
    # The Python of an earlier call stays, so that PYTHON= need not be said each time.
    for name in "$(cat .venv/made-with 2>/dev/null || true)" python3 python3.13 python3.12 python3.11; do
        if fits "$name"; then echo "$name"; return; fi
    done
    say "sweeptree needs Python 3.11, 3.12 or 3.13; python3 here is: $(python3 --version 2>&1 || true)"
    say "Install one (Debian, Ubuntu: apt install python3 python3-venv), or say where it is: make install PYTHON=/path/to/python3.12"
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

# Without pip, which takes 8 s of CPU to install; `ready_pip` finds one.
make_venv() {
    clear=
    if is_stale; then
        clear=--clear
    elif [ -x .venv/bin/python ] && fits .venv/bin/python; then
        return
    fi
    said=$("$python" -m venv --without-pip $clear .venv 2>&1) || cannot_make_venv "$said"
}

cannot_make_venv() {
    [ -z "$1" ] || say "$1"
    say "$python cannot make an environment. Debian, Ubuntu: apt install python3-venv   (or choose another: make install PYTHON=...)"
    exit 2
}

# The environment's own pip, else that of its Python; else its own is made, by ensurepip: a package apart on Debian.
# Its settings are asked for, as a pip that answers can also install.
ready_pip() {
    pip_is=own
    if settings=$(pip config list 2>/dev/null); then return; fi
    pip_is=outside
    if settings=$(pip config list 2>/dev/null); then return; fi
    pip_is=own
    said=$(.venv/bin/python -m ensurepip 2>&1) || cannot_make_venv "$said"
    settings=$(pip config list 2>&1) || fail_by_pip "$settings"
}

fail_by_pip() {
    say "$1"
    say "pip does not run in .venv: mend its settings (pip config debug), or choose another: make install PYTHON=..."
    exit 1
}

pip() {
    if [ "$pip_is" = own ]; then
        .venv/bin/python -m pip --disable-pip-version-check "$@"
    else
        "$python" -m pip --python .venv/bin/python --disable-pip-version-check "$@"
    fi
}

# --no-deps: the lock is complete, and pip would look for newer versions of what it wants with extras.
# --no-compile: only what is used is compiled, which is a small part.
by_pip() {
    pip install --quiet --no-compile --no-deps --require-hashes -r "$lock" &&
        pip install --quiet --no-compile --no-deps --no-build-isolation --editable .
}

# uv itself is of a lock too. Only a wheel will do: its sources need a compiler.
ready_uv() {
    version=$(sed -n 's/^uv==\([0-9.]*\).*/\1/p' requirements/uv.txt)
    case $(.venv/bin/uv --version 2>/dev/null || true) in
        "uv $version" | "uv $version "*) return ;;
    esac
    pip install --quiet --no-compile --no-deps --only-binary :all: --require-hashes -r requirements/uv.txt
}

uv() {
    .venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps "$@"
}

# In a subshell: what it exports for uv must not reach pip.
by_uv() (
    exported=$(printf '%s\n' "$settings" | "$python" sweeptree/hosts/setting_up/uv_settings.py) || return 1
    ready_uv || return 1
    eval "$exported"
    uv --require-hashes -r "$lock" && uv --no-build-isolation --editable .
)

install_lock() {
    if [ "${SWEEPTREE_INSTALL:-uv}" = uv ]; then
        if by_uv >>"$log" 2>&1; then installer=uv; return; fi
        say "uv cannot do it here ($(tail -n 1 "$log" | cut -c 1-200)): pip does, which takes longer"
    fi
    installer=pip
    by_pip >>"$log" 2>&1
}

# Now, and also where PYTHONDONTWRITEBYTECODE is set (as in many containers): every start would else compile it anew.
# What is imported is compiled; on a second core, what that comes to last and what it does not import.
compile_what_is_used() (
    export PYTHONDONTWRITEBYTECODE=
    compile_beside &
    beside=$!
    .venv/bin/python -c '
import gc; gc.disable()
import uvicorn, prefect.server.api.server, sweeptree.flows.sweep' || { wait; return 1; }
    make_empty_database || say "The first start of the server will make its database: it takes some seconds longer"
    wait "$beside"
)

# With all of Prefect's migrations, for every new home to be copied; 8 s of CPU.
make_empty_database() {
    .venv/bin/python -c 'from sweeptree.engine.server.template import make_template; make_template()'
}

compile_beside() {
    site=$(echo .venv/lib/python3.*/site-packages)
    .venv/bin/python -m compileall -q sweeptree flows agents tasks "$site/prefect/server" \
        "$site/sqlalchemy/orm" "$site/sqlalchemy/sql" "$site/sqlalchemy/engine" &&
        .venv/bin/python -c '
import gc; gc.disable()
import cyclopts, git, github, pandas, pynvml'
}

fail() {
    say "$1. The end of $log:"
    tail -n 40 "$log" >&2
    exit 1
}

python=$(choose_python)
if is_made "$kind" || { [ "$kind" = run ] && is_made dev; }; then exit 0; fi
begun=$(date +%s)
say "Making .venv with $("$python" --version) from $lock"
make_venv
: >"$log"
rm -f .venv/made-run .venv/made-dev
pwd >.venv/made-in
echo "$python" >.venv/made-with
ready_pip
install_lock || fail "$lock cannot be installed"
say "Installed by $installer after $(($(date +%s) - begun)) s; compiling what is used"
compile_what_is_used >>"$log" 2>&1 || fail "What was installed does not start"
wanted "$kind" >.venv/made-"$kind"
say "Made .venv/bin/sweeptree in $(($(date +%s) - begun)) s"
say "To call it anywhere:  export PATH=\"$(pwd)/.venv/bin:\$PATH\"   (jobs run without it, in your own environment)"

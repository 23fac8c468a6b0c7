#!/bin/sh
# Repairs what tools can repair: the repository's pre-commit hooks, else ruff on the files that were changed.
# In a job's worktree that is all; the sweep commits. Elsewhere the result becomes a branch and a draft pull request:
#   auto_fix_and_pr.sh [--dry-run] [--no-pr] [--branch B] [--title T] [--body B] [--repo OWNER/REPO]
set -u
here=$(dirname "$0")
dry_run= no_pr= branch=auto-fix/$(date -u +%Y%m%d-%H%M%S) title="Automatic fixes" body= repo=
while [ $# -gt 0 ]; do
    case $1 in
        --dry-run | --dry_run) dry_run=yes ;;
        --no-pr | --no_pr) no_pr=yes ;;
        --branch) branch=${2:?--branch wants a name}; shift ;;
        --title) title=${2:?--title wants a text}; shift ;;
        --body) body=${2?--body wants a text}; shift ;;
        --repo) repo=${2:?--repo wants OWNER/REPO}; shift ;;
        *) echo "unknown option: $1 (--dry-run --no-pr --branch --title --body --repo)" >&2; exit 2 ;;
    esac
    shift
done

changed_python_files() {
    { git diff --name-only -z --diff-filter=d HEAD; git ls-files -z --others --exclude-standard; } |
        tr '\0' '\n' | grep '\.py$' || true
}

fix() {
    if [ -f .pre-commit-config.yaml ] && command -v pre-commit >/dev/null; then
        pre-commit run --all-files # 1 when it changed files, which is what it is for
        return 0
    fi
    command -v ruff >/dev/null || { echo "neither pre-commit nor ruff is here: nothing was fixed" >&2; return 0; }
    changed_python_files | while IFS= read -r file; do
        ruff check --quiet --fix "$file" || true
        ruff format --quiet "$file"
    done
}

cd "$(git rev-parse --show-toplevel)" || exit 2
if [ -n "$dry_run" ]; then
    echo "would run the fixers in $(pwd)"
    if [ -z "$no_pr" ] && [ -z "${SWEEPTREE_JOB:-}" ]; then echo "would put what they change on $branch"; fi
    exit 0
fi
fix
if [ -n "${SWEEPTREE_JOB:-}" ] || [ -n "$no_pr" ]; then exit 0; fi
if git diff --quiet HEAD && [ -z "$(git ls-files --others --exclude-standard)" ]; then
    echo "nothing was changed"
    exit 0
fi
. "$here/find_sweeptree.sh"
set -- pr . "$branch" --title "$title"
[ -z "$body" ] || set -- "$@" --body "$body"
[ -z "$repo" ] || set -- "$@" --repo "$repo"
exec "$sweeptree" "$@"

#!/bin/sh
# Labels and reviewers for a pull request: --pr-url URL | --repo OWNER/REPO --pr N, then --label L ... --reviewer R ...
# [--dry-run]. Handed to `sweeptree label`.
set -eu
. "$(dirname "$0")/find_sweeptree.sh"
subject= labels= reviewers=
set -- "$@" --
while [ "$1" != -- ]; do
    case $1 in
        --pr-url | --pr_url) subject=${2:?--pr-url wants an address}; shift ;;
        --pr) subject=${2:?--pr wants a number}; shift ;;
        --label) labels=$labels,${2:?--label wants a name}; shift ;;
        --reviewer) reviewers=$reviewers,${2:?--reviewer wants a name}; shift ;;
        --repo) repo=${2:?--repo wants OWNER/REPO}; set -- "$@" --repo "$repo"; shift ;;
        --dry-run | --dry_run) set -- "$@" --dry_run ;;
        *) echo "unknown option: $1 (--pr-url --repo --pr --label --reviewer --dry-run)" >&2; exit 2 ;;
    esac
    shift
done
shift
[ -n "$subject" ] || { echo "name the pull request: --pr-url URL, or --repo OWNER/REPO --pr N" >&2; exit 2; }
exec "$sweeptree" label "$subject" --labels "${labels#,}" --reviewers "${reviewers#,}" "$@"

"""Cut GitHub's official OpenAPI document (npm @octokit/openapi, MIT licence) down to what sweeptree
uses.

The 13 MB document becomes a few hundred kB, with `nullable` in JSON Schema's words: {operations,
components}. Run by the tests when the cache is empty; by hand: python -m forge.cut_openapi OUT.json
(in tests/).
"""

import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

PACKAGE = "@octokit/openapi@23.0.2"
MEMBER = "package/generated/api.github.com.json"
REPO = "/repos/{owner}/{repo}"
OPERATIONS = (
    ("GET", REPO),
    ("GET", f"{REPO}/pulls"),
    ("POST", f"{REPO}/pulls"),
    ("GET", f"{REPO}/pulls/{{pull_number}}"),
    ("PATCH", f"{REPO}/pulls/{{pull_number}}"),
    ("PUT", f"{REPO}/pulls/{{pull_number}}/merge"),
    ("GET", f"{REPO}/pulls/{{pull_number}}/reviews"),
    ("POST", f"{REPO}/pulls/{{pull_number}}/reviews"),
    ("POST", f"{REPO}/pulls/{{pull_number}}/comments"),
    ("POST", f"{REPO}/pulls/{{pull_number}}/requested_reviewers"),
    ("POST", f"{REPO}/issues/{{issue_number}}/labels"),
    ("GET", f"{REPO}/issues/{{issue_number}}/comments"),
    ("POST", f"{REPO}/issues/{{issue_number}}/comments"),
    ("PATCH", f"{REPO}/issues/comments/{{comment_id}}"),
    ("POST", f"{REPO}/statuses/{{sha}}"),
    ("GET", f"{REPO}/commits/{{ref}}/status"),
    ("GET", f"{REPO}/commits/{{ref}}/check-runs"),
    ("GET", f"{REPO}/branches/{{branch}}"),
    ("GET", f"{REPO}/rules/branches/{{branch}}"),
)


def download(folder: Path) -> Path:
    """Fetch the package by npm; the path of the document.

    Raises OSError or CalledProcessError where it cannot be.
    """
    words = ("npm", "pack", PACKAGE, "--silent", "--pack-destination", str(folder))
    subprocess.run(words, check=True, capture_output=True, timeout=240, cwd=folder)
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        archive.extract(MEMBER, folder, filter="data")
    return folder / MEMBER


def cut(document: dict[str, Any]) -> dict[str, Any]:
    """The operations above, and everything that they refer to."""
    operations: dict[str, Any] = {}
    for verb, path in OPERATIONS:
        operation = document["paths"][path][verb.lower()]
        kept = {
            key: operation[key]
            for key in ("parameters", "requestBody", "responses")
            if key in operation
        }
        operations[f"{verb} {path}"] = kept
    components: dict[str, dict[str, Any]] = {}
    _close(document, operations, components)
    return {"operations": _adapt(operations), "components": _adapt(components)}


def _close(document: dict[str, Any], value: object, components: dict[str, dict[str, Any]]) -> None:
    """Copy what `value` refers to, and what that refers to."""
    for reference in _references(value):
        _, _, kind, name = reference.split("/", 3)
        if name not in components.setdefault(kind, {}):
            components[kind][name] = document["components"][kind][name]
            _close(document, components[kind][name], components)


def _references(value: object) -> set[str]:
    if isinstance(value, dict):
        found = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return found.union(*(_references(item) for item in value.values()))
    return set().union(*(_references(item) for item in value)) if isinstance(value, list) else set()


def _adapt(value: Any) -> Any:
    """OpenAPI 3.0's `nullable` as JSON Schema says it."""
    if isinstance(value, list):
        return [_adapt(item) for item in value]
    if not isinstance(value, dict):
        return value
    adapted = {key: _adapt(item) for key, item in value.items()}
    if adapted.pop("nullable", None) is True:
        return {"anyOf": [adapted, {"type": "null"}]}
    return adapted


def make(target: Path) -> None:
    """Download and cut; `target` appears whole."""
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        document = json.loads(download(Path(folder)).read_text(encoding="utf-8"))
        aside = Path(folder, "cut.json")
        aside.write_text(json.dumps(cut(document), separators=(",", ":")), encoding="utf-8")
        aside.replace(target)


if __name__ == "__main__":
    make(Path(sys.argv[1]))

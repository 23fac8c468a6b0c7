"""The truth of the test forge: a bare repository.

Everything that git can answer is asked of git.
"""

import subprocess
from pathlib import Path

PROTECTED_HOOK = """#!/bin/sh
if grep -qxF "$1" "$GIT_DIR/protected" 2>/dev/null; then
  echo "error: GH006: Protected branch update failed for $1." >&2
  exit 1
fi
"""


class Bare:
    """One bare repository with a protected list, read by its update hook."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)
        self.git("init", "-q", "--bare", "-b", "main", ".")
        self.git("config", "http.receivepack", "true")
        self.git("config", "uploadpack.allowAnySHA1InWant", "true")
        hook = path / "hooks" / "update"
        hook.write_text(PROTECTED_HOOK)
        hook.chmod(0o755)

    def git(self, *words: str, check: bool = True) -> str:
        """Run git here."""
        result = subprocess.run(("git", *words), cwd=self.path, capture_output=True, text=True)
        if check and result.returncode:
            raise AssertionError(f"git {words}: {result.stderr}")
        return result.stdout.strip() if not result.returncode else ""

    def tip(self, branch: str) -> str:
        """The commit of a branch, empty when there is none."""
        return self.git("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}", check=False)

    def branches(self) -> dict[str, str]:
        """All branches and their commits."""
        lines = self.git(
            "for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads"
        ).splitlines()
        return {name: commit for commit, _, name in (line.partition(" ") for line in lines)}

    def ahead(self, base: str, head: str) -> int:
        """How many commits `head` has that `base` lacks."""
        return int(self.git("rev-list", "--count", head, f"^{base}"))

    def contains(self, commit: str, later: str) -> bool:
        """True when `later` came after `commit` or is it."""
        words = ("git", "merge-base", "--is-ancestor", commit, later)
        return subprocess.run(words, cwd=self.path, capture_output=True).returncode == 0

    def merge(self, base: str, head: str, method: str, title: str) -> str | None:
        """Merge on the server. The new tip of the base, or None for a conflict."""
        merged = subprocess.run(
            ("git", "merge-tree", "--write-tree", base, head),
            cwd=self.path,
            capture_output=True,
            text=True,
        )
        if merged.returncode:
            return None
        parents = ("-p", base) if method == "squash" else ("-p", base, "-p", head)
        commit = self.git("commit-tree", merged.stdout.split()[0], *parents, "-m", title)
        self.git("update-ref", "refs/heads/main", commit, base)
        return commit

    def protect(self, branch: str) -> None:
        """Refuse pushes to a branch."""
        with (self.path / "protected").open("a") as file:
            file.write(f"refs/heads/{branch}\n")

    def is_protected(self, branch: str) -> bool:
        """Whether pushes to a branch are refused."""
        file = self.path / "protected"
        return file.exists() and f"refs/heads/{branch}" in file.read_text().splitlines()

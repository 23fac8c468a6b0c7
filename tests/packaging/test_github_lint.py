"""What other people's linters and schemas say of the files that GitHub and pre-commit read."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from github_files import CI, GITHUB, RELEASE, ROOT, TEMPLATE, WORKFLOWS
from linters_kit import Linters
from linters_kit import actionlint as actionlint  # noqa: PLC0414 - fixtures
from linters_kit import linters as linters  # noqa: PLC0414

Actionlint = Callable[[str, str], list[object]]

SCHEMAS = {
    "dependabot": ["dependabot.yml"],
    "github-issue-config": ["ISSUE_TEMPLATE/config.yml"],
    "github-issue-forms": ["ISSUE_TEMPLATE/bug.yml", "ISSUE_TEMPLATE/feature.yml"],
    "github-workflows": ["workflows/ci.yml", "workflows/release.yml"],
}
FILES = [(schema, name) for schema, names in SCHEMAS.items() for name in names]


def zizmor(*paths: Path) -> subprocess.CompletedProcess[str]:
    beside = str(Path(sys.executable).parent)
    program = shutil.which("zizmor", path=beside) or shutil.which("zizmor")
    if program is None:
        pytest.skip("zizmor is not installed: pip install zizmor")

    words = [program, "--offline", "--no-progress", *map(str, paths)]
    return subprocess.run(words, capture_output=True, text=True)


def schema_of(linters: Linters, schema: str, path: Path) -> subprocess.CompletedProcess[str]:
    words = ("--builtin-schema", f"vendor.{schema}", path)
    return linters.call("check_jsonschema", *words, cwd=path.parent)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_actionlint_finds_nothing(actionlint: Actionlint, workflow: Path) -> None:
    assert actionlint(workflow.name, workflow.read_text()) == []


def test_actionlint_would_find_faults(actionlint: Actionlint) -> None:
    late = TEMPLATE.read_text().replace('"0 2 * * *"', '"77 2 * * *"')
    broken = late.replace("secrets.GITHUB", "secret.GITHUB")
    assert len(actionlint(TEMPLATE.name, broken)) >= 2


@pytest.mark.parametrize("path", [TEMPLATE, GITHUB], ids=["template", "github"])
def test_zizmor_finds_nothing(path: Path) -> None:
    done = zizmor(path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("workflow", "old", "new", "audit"),
    [
        (CI, "persist-credentials: false", "fetch-depth: 1", "artipacked"),
        (RELEASE, 'if [ "$TAG"', 'if [ "${{ github.ref_name }}"', "template-injection"),
    ],
)
def test_zizmor_would_find_faults(
    workflow: Path, old: str, new: str, audit: str, tmp_path: Path
) -> None:
    broken = tmp_path / ".github" / "workflows" / workflow.name
    broken.parent.mkdir(parents=True)
    broken.write_text(workflow.read_text().replace(old, new))

    done = zizmor(broken)
    assert done.returncode != 0
    assert audit in done.stdout


@pytest.mark.parametrize(("schema", "name"), FILES)
def test_github_takes_the_file(schema: str, name: str, linters: Linters) -> None:
    done = schema_of(linters, schema, GITHUB / name)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("schema", "name"), FILES)
def test_github_would_refuse_an_unknown_key(
    schema: str, name: str, linters: Linters, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.yml"
    broken.write_text((GITHUB / name).read_text() + "\nunheard_of: true\n")

    done = schema_of(linters, schema, broken)
    assert done.returncode == 1
    assert "unheard_of" in done.stdout


def test_precommit_takes_the_hooks(linters: Linters, tmp_path: Path) -> None:
    hooks = ROOT / ".pre-commit-config.yaml"
    done = linters.call("pre_commit", "validate-config", hooks, cwd=tmp_path)
    assert done.returncode == 0, done.stdout


def test_a_hook_stops_a_commit_that_the_check_would_refuse(linters: Linters, repo: Path) -> None:
    shutil.copy(ROOT / ".pre-commit-config.yaml", repo)
    (repo / ".venv").symlink_to(sys.prefix)
    (repo / "unused.py").write_text("import json\n")
    subprocess.run(["git", "add", "unused.py", ".pre-commit-config.yaml"], cwd=repo, check=True)

    done = linters.call("pre_commit", "run", "lint", cwd=repo)
    assert done.returncode == 1
    assert "F401" in done.stdout

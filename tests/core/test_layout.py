"""The shape of the repository: folders, symlinks, sizes, words, versions, locks, deployments."""

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import sweeptree

ROOT = Path(__file__).resolve().parents[2]
LINKS = ("flows", "tasks", "agents", "examples")
OURS = ("sweeptree", *LINKS, "tests", "docs", "requirements", ".ci", ".github")
TEXT = {
    ".py",
    ".md",
    ".toml",
    ".yaml",
    ".yml",
    ".json",
    ".sh",
    ".txt",
    ".cff",
    ".cfg",
    ".ini",
    ".js",
    ".css",
    ".html",
}
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKED = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[^ ;]+)(?: ; (?P<marker>[^\\]+))? \\")


def sources() -> Iterator[Path]:
    """Every text file that is ours, each once: symlinks are not followed."""
    yield from (
        p for p in ROOT.iterdir() if p.is_file() and (p.suffix in TEXT or p.name == "Makefile")
    )
    for name in OURS:
        yield from (p for p in below(ROOT / name) if p.suffix in TEXT or p.parent.name == ".ci")


def below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_symlink() or path.name == "__pycache__":
            continue
        if path.is_dir():
            yield from below(path)
        else:
            yield path


def locked(name: str) -> dict[str, set[str]]:
    """Distribution to locked versions (one for each marker)."""
    versions: dict[str, set[str]] = {}
    for found in LOCKED.finditer((ROOT / "requirements" / name).read_text()):
        versions.setdefault(found["name"], set()).add(found["version"])
    return versions


def group(name: str) -> Iterator[str]:
    for entry in PYPROJECT["dependency-groups"][name]:
        yield from [entry] if isinstance(entry, str) else group(entry["include-group"])


def unmet(requirements: list[str], lock: dict[str, set[str]]) -> list[str]:
    """Requirements that a lock lacks or holds in a version outside their bounds."""
    each = [Requirement(text) for text in requirements]
    return [str(r) for r in each if not all_fit(r, lock.get(canonicalize_name(r.name), set()))]


def all_fit(requirement: Requirement, versions: set[str]) -> bool:
    return bool(versions) and all(
        requirement.specifier.contains(v, prereleases=True) for v in versions
    )


@pytest.mark.parametrize("name", ["flows", "tasks", "agents", "tests", "results"])
def test_top_level_folders_are_real(name: str) -> None:
    assert (ROOT / name).is_dir()
    assert not (ROOT / name).is_symlink()


@pytest.mark.parametrize("name", LINKS)
def test_symlinks_are_relative_and_lead_to_the_folder(name: str) -> None:
    assert str((ROOT / "sweeptree" / name).readlink()) == f"../{name}"
    assert (ROOT / "sweeptree" / name).is_dir()


def test_no_other_symlinks_in_the_package() -> None:
    links = {p.name for p in (ROOT / "sweeptree").rglob("*") if p.is_symlink()}
    assert links - {"prefect.yaml", "requirements.txt"} == set(LINKS)


@pytest.mark.parametrize("name", ["flows", "tasks", "agents"])
def test_no_file_bears_a_third_party_name(name: str) -> None:
    taken = {
        "git.py",
        "github.py",
        "prefect.py",
        "pandas.py",
        "queue.py",
        "pynvml.py",
        "yaml.py",
        "httpx.py",
    }
    assert not {p.name for p in (ROOT / name).glob("*.py")} & taken


def test_no_python_file_is_longer_than_500_lines() -> None:
    long = {
        str(p.relative_to(ROOT)): n
        for p in sources()
        if p.suffix == ".py" and (n := lines_of(p)) > 500
    }
    assert not long


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


# Built from parts, so that this file does not hold the words itself.
FORBIDDEN = {
    "a path of one machine": re.compile(
        r"(?<![\w.$}~-])/(?:" + "|".join(["wo" + "rk", "ro" + "ot"]) + r")/"
    ),
    "a package index": re.compile(
        "|".join(["py" + r"pi\.(?:org|io)", "python" + "hosted", "extra-index" + "-url "])
    ),
    "unfinished work": re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b"),
    "a token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,})\b"),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in sources()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if FORBIDDEN[what].search(line)
    ]
    assert not found


def test_the_package_carries_the_deployments() -> None:
    assert (ROOT / "sweeptree" / "prefect.yaml").read_bytes() == (
        ROOT / "prefect.yaml"
    ).read_bytes()


def test_one_version_everywhere() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert PYPROJECT["project"]["version"] == sweeptree.__version__ == citation["version"]
    assert f"## [{sweeptree.__version__}]" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("name", ["run.txt", "dev.txt", "uv.txt"])
def test_locks_hold_names_versions_markers_and_hashes_only(name: str) -> None:
    digest = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?")
    lines = (ROOT / "requirements" / name).read_text().splitlines()
    assert not [line for line in lines if not (LOCKED.fullmatch(line) or digest.fullmatch(line))]


def test_the_run_lock_meets_what_the_project_asks_for() -> None:
    assert not unmet([*PYPROJECT["project"]["dependencies"], *group("build")], locked("run.txt"))


def test_the_dev_lock_meets_the_extras_and_the_tools() -> None:
    extras = [
        text for texts in PYPROJECT["project"]["optional-dependencies"].values() for text in texts
    ]
    assert not unmet([*extras, *group("dev")], locked("dev.txt"))


def test_the_installers_lock_meets_what_the_project_asks_for() -> None:
    assert not unmet(group("installer"), locked("uv.txt"))


def test_prefect_yaml_names_the_locked_prefect() -> None:
    assert {yaml.safe_load((ROOT / "prefect.yaml").read_text())["prefect-version"]} == locked(
        "run.txt"
    )["prefect"]


def test_the_dev_lock_holds_the_run_lock() -> None:
    assert locked("run.txt").items() <= locked("dev.txt").items()


def test_prefect_yaml_names_module_entrypoints_that_exist() -> None:
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    assert not [d["entrypoint"] for d in deployments if not is_a_function(d["entrypoint"])]


def is_a_function(entrypoint: str) -> bool:
    """True for `package.module.function` where the module defines the function; nothing is
    imported."""
    module, _, name = entrypoint.rpartition(".")
    if "/" in entrypoint or ":" in entrypoint or not module.startswith("sweeptree."):
        return False
    spec = find_spec(module)
    body = ast.parse(Path(spec.origin).read_text()).body if spec and spec.origin else []
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name
        for node in body
    )


def test_scripts_are_executable() -> None:
    names = (".ci/run", "requirements/install.sh", "tests/emulate/install.sh")
    scripts = [ROOT / name for name in names]
    assert all(p.stat().st_mode & 0o111 for p in scripts)

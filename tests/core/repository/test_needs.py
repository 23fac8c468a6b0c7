"""Which files of the checkout a command needs."""

from pathlib import Path

import pytest

from sweeptree.repository.needs import Need, needed_files


@pytest.fixture
def top(tmp_path: Path) -> Path:
    for path, text in {
        "train.py": "import helpers.loss\n",
        "helpers/__init__.py": "",
        "helpers/loss.py": "from . import scale\n",
        "helpers/scale.py": "",
        "conf/a b.yaml": "",
        "tools/go.py": "",
    }.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def named(top: Path, command: str) -> list[str]:
    return [need.path for need in needed_files(top, top, [command]) if not need.by]


def test_imports_are_followed_and_say_who_imports(top: Path) -> None:
    found = {need.path: need.by for need in needed_files(top, top, ["python train.py"])}
    assert found["helpers/loss.py"] == "train.py"
    assert found["helpers/scale.py"] == "helpers/loss.py"


@pytest.mark.parametrize("command", ["x --conf='conf/a b.yaml'", "cd conf && x 'a b.yaml'"])
def test_files_are_named_in_quotes_options_and_after_cd(top: Path, command: str) -> None:
    assert named(top, command) == ["conf/a b.yaml"]


@pytest.mark.parametrize("command", ["python -m tools.go", "PYTHONPATH=tools python -m go"])
def test_modules_are_found_by_name(top: Path, command: str) -> None:
    module = command.rsplit(maxsplit=1)[-1]
    assert needed_files(top, top, [command]) == [Need("tools/go.py", f"python -m {module}")]


def test_a_broken_script_and_a_broken_quote_are_no_obstacle(top: Path) -> None:
    (top / "train.py").write_text("import (\n")
    assert named(top, "python train.py 'oops") == ["train.py"]


def test_files_elsewhere_do_not_count(top: Path) -> None:
    assert needed_files(top / "helpers", top, ["python tools/go.py"]) == []

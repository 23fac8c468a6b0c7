"""The house: the floors as written down, as import-linter holds them, and as the imports are."""

import ast
import importlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "sweeptree"
TOP_FOLDERS = ("flows", "tasks", "agents")
DATA_FOLDERS = {"schemas", "templates", "examples"}
ROOT_MODULES = {"__init__", "__main__", "errors", "jobside", "settings"}
ANYWHERE = {"sweeptree", "jobside"}
ACROSS = {("cli", "dispatch"), ("sweep", "search"), ("sweep", "repair"), ("hosts", "sweep")}
MOST_NAMES = 22


def floors_of_the_contract() -> list[list[str]]:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = pyproject["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if each["type"] == "layers")
    return [[room.strip() for room in line.replace("sweeptree.", "").split("|")] for line in layers]


def floors_of_the_page() -> list[list[str]]:
    page = (ROOT / "docs" / "architecture.md").read_text()
    block = re.search(r"## Direction\n.*?```\n(.*?)```", page, re.DOTALL)
    assert block is not None
    return [[room.strip() for room in line.split("|")] for line in block[1].splitlines()]


FLOOR = {
    room.strip("()"): height
    for height, rooms in enumerate(reversed(floors_of_the_contract()))
    for room in rooms
}


def folder_of(room: str) -> Path:
    return ROOT / room if room in TOP_FOLDERS else PACKAGE / room


def rooms() -> list[str]:
    """Every room that stands: the packages of the core and the three top-level folders."""
    packages = (path.parent.name for path in PACKAGE.glob("*/__init__.py"))
    return sorted({*packages, *TOP_FOLDERS} - DATA_FOLDERS)


def modules(room: str) -> list[Path]:
    return sorted(folder_of(room).rglob("*.py"))


def imported_rooms(file: Path) -> Iterator[str]:
    """The rooms that a file imports from, also inside its functions and for its types."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "sweeptree":
            names = [f"sweeptree.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("sweeptree."))


def wrong_imports(room: str) -> Iterator[str]:
    for file in modules(room):
        for other in imported_rooms(file):
            if other == room or other not in FLOOR or (room, other) in ACROSS:
                continue
            if FLOOR[other] >= FLOOR[room]:
                yield f"{file.relative_to(ROOT)} imports {other}"


def test_the_page_prints_the_floors_that_the_linter_holds() -> None:
    assert floors_of_the_page() == floors_of_the_contract()


def test_every_room_has_a_floor_and_rooms_in_parentheses_are_not_built() -> None:
    written = {room for floor in floors_of_the_contract() for room in floor}
    built = {room for room in written if not room.startswith("(")}
    assert built - {"errors", "settings"} == set(rooms())
    assert not [room for room in written - built if folder_of(room.strip("()")).exists()]


@pytest.mark.parametrize("room", rooms())
def test_a_room_imports_from_floors_below_its_own(room: str) -> None:
    assert not list(wrong_imports(room))


def test_only_what_every_room_may_use_stands_at_the_root() -> None:
    assert {path.stem for path in PACKAGE.glob("*.py")} == ROOT_MODULES


@pytest.mark.parametrize("room", rooms())
def test_a_door_says_what_the_room_hides_and_exports_few_names(room: str) -> None:
    door = importlib.import_module(f"sweeptree.{room}")
    assert door.__doc__
    assert len(getattr(door, "__all__", ())) <= MOST_NAMES


MIRRORED = sorted(set(rooms()) - set(TOP_FOLDERS))


@pytest.mark.parametrize("room", MIRRORED)
def test_every_module_of_the_core_has_a_test_of_its_own(room: str) -> None:
    tests = ROOT / "tests" / "core" / room
    lacking = []
    for module in modules(room):
        below = module.relative_to(folder_of(room))
        if module.stem.startswith("__"):
            continue
        mirror = tests / below.parent / f"test_{module.stem}.py"
        if not mirror.is_file():
            lacking.append(str(below))
    assert not lacking

"""README and docs: links lead somewhere, and what they tell people to type exists."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from cyclopts import App, CycloptsError

from sweeptree.cli.app import build_app, with_implied_values
from sweeptree.model import JobRecord

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    *(ROOT / f"{name}.md" for name in ("CHANGELOG", "CONTRIBUTING", "SECURITY", "AGENTS")),
    ROOT / "results" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
]
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
CALL = re.compile(
    r"(?<![\w./-])(?<!--profile )sweeptree +(?!import )([a-z][\w-]*)"
    r"((?:(?!  sweeptree |[;|`]|&&).)*)"
)

TYPED = re.compile(r"\s*(?:\$ )?sweeptree +([a-z][\w-]* ?.*)")


def commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each `sweeptree VERB ...` that stands in code: the verb and its further words."""
    blocks = FENCED.findall(text)
    spans = INLINE.findall(FENCED.sub("", text))
    for line in "\n".join([*blocks, *spans]).replace("\\\n", " ").splitlines():
        for verb, rest in CALL.findall(line):
            yield verb, words_of(rest)


def words_of(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=True)
    except ValueError:  # the output of a command, not a command
        return text.split()


@cache
def app() -> App:
    return build_app()


@cache
def flags(verb: str, below: str = "") -> frozenset[str]:
    """The options of a command, spelt with hyphens; none for a command that does not exist."""
    command = app()[verb] if verb in list(app()) else App()
    command = command[below] if below in list(command) else command
    is_group = command.default_command is None  # of commands, with no options of its own
    arguments = [] if is_group else command.assemble_argument_collection()
    names = {name for argument in arguments for name in argument.names}
    return frozenset({hyphens(name) for name in names} | {"--help", "--debug"})


def hyphens(flag: str) -> str:
    return "--" + flag.removeprefix("--").partition("=")[0].replace("_", "-")


def anchors(page: Path) -> set[str]:
    """The names that a code host gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall(page.read_text()):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_commands_exist(page: Path) -> None:
    known = list(app())
    assert not [verb for verb, _ in commands(page.read_text()) if verb not in known]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_options_exist(page: Path) -> None:
    unknown = []
    for verb, words in commands(page.read_text()):
        given = {hyphens(word) for word in words if word.startswith("--") and word != "--"}
        unknown += [f"{verb} {flag}" for flag in given - flags(verb, *words[:1])]
    assert not unknown


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_command_lines_parse(page: Path) -> None:
    wrong = [
        f"{' '.join(words)}: {trouble}"
        for words in typed(page.read_text())
        if (trouble := parse_trouble(words))
    ]
    assert not wrong


def typed(text: str) -> Iterator[list[str]]:
    """The whole command lines of sweeptree in blocks of code: those that people copy."""
    for block in FENCED.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            found = TYPED.match(line)
            if found and "..." not in line and "…" not in line:
                yield words_of(re.split(r"\s(?:&&|\||>|;)\s", found[1])[0])


def parse_trouble(words: list[str]) -> str | None:
    """Why the command line takes these words not; None where it takes them."""
    try:
        app().parse_args(with_implied_values(words), exit_on_error=False, print_error=False)
    except CycloptsError as error:
        return str(error)
    return None


def test_lone_options_in_the_sweeps_page_are_options_of_run() -> None:
    text = (ROOT / "docs" / "sweeps.md").read_text()
    lone = {
        hyphens(span.split()[0])
        for span in INLINE.findall(FENCED.sub("", text))
        if span.startswith("--")
    }
    others = {"--lr", "--seed", "--out"}.union(*map(flags, ("resume", "show", "cancel", "share")))
    assert not lone - flags("run") - others


def test_readme_names_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text()
    assert "make demo" in text
    assert "make test" in text


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert not [page for page in pages if f"({page}" not in index]


def test_every_field_of_the_record_is_described() -> None:
    text = (ROOT / "docs" / "files.md").read_text()
    assert not [name for name in JobRecord.model_fields if f"`{name}`" not in text]


def test_images_are_small() -> None:
    images = list((ROOT / "docs" / "images").iterdir())
    assert images
    assert not [image.name for image in images if image.stat().st_size > 300_000]

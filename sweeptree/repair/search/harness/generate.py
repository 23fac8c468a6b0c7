"""The candidates, best first and one at a time: most suspicious line and likeliest template."""

from __future__ import annotations

import ast
import fnmatch
import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .site import Site
from .source import MOST_BYTES, Candidate, SourceFile, own_expressions
from .templates import TEMPLATES, Weighted
from .templates import statements as statement_templates

MOST_STATEMENTS = 400
MOST_PER_TEMPLATE = 300  # of one template at one statement
_TESTS = ("test_*.py", "*_test.py", "conftest.py", "setup.py", "sitecustomize.py")
_TEST_FOLDERS = frozenset({"tests", "test", "testing", "site-packages", "node_modules"})
_SIMPLE = (ast.Assign, ast.AnnAssign)


@dataclass(order=True, frozen=True, slots=True)
class _Turn:
    """A template at a statement, with the negative of its score: the heap gives the lowest."""

    rank: float
    order: int
    site: Site = field(compare=False)
    template: Weighted = field(compare=False)


def is_candidate_file(path: str, root: str) -> bool:
    """Whether a file may be changed: the user's own code, no test and no configuration."""
    if not path.startswith(root) or not path.endswith(".py"):
        return False
    below = Path(path).relative_to(root)
    if any(part in _TEST_FOLDERS or part.startswith(".") for part in below.parts):
        return False
    return not any(fnmatch.fnmatch(below.name, pattern) for pattern in _TESTS)


def read_sources(paths: list[str], root: str) -> dict[str, SourceFile]:
    """The files that may be changed, parsed; without those that cannot be read or are too large."""
    found = {}
    for path in paths:
        if not is_candidate_file(path, root):
            continue
        try:
            source = SourceFile(path)
        except (OSError, SyntaxError, ValueError):
            continue
        if len(source.data) <= MOST_BYTES:
            found[path] = source
    return found


def candidates(
    sources: Mapping[str, SourceFile], scores: Mapping[str, Mapping[int, float]]
) -> Iterator[Candidate]:
    """Every candidate of the most suspicious statements, made only when it is asked for."""
    sites = [pair for path, source in sources.items() for pair in _sites(source, scores[path])]
    sites.sort(key=lambda pair: -pair[0])
    turns = list(_turns(sites[:MOST_STATEMENTS]))
    heapq.heapify(turns)
    seen: set[tuple[str, int]] = set()
    while turns:
        turn = heapq.heappop(turns)
        for candidate in _made(turn):
            key = candidate.path, hash(sources[candidate.path].edited(candidate.edits))
            if key not in seen:
                seen.add(key)
                yield candidate


def _turns(sites: list[tuple[float, Site]]) -> Iterator[_Turn]:
    order = 0
    for score, site in sites:
        for template in TEMPLATES:
            if (
                site.function is None
                and template.changes.__module__ == statement_templates.__name__
            ):
                continue  # what is put beside a definition is never run again
            order += 1
            yield _Turn(-score * template.weight, order, site, template)


def _made(turn: _Turn) -> Iterator[Candidate]:
    site, template = turn.site, turn.template
    path, line = site.source.path, site.statement.lineno
    for number, edits in enumerate(template.changes(site)):
        if number >= MOST_PER_TEMPLATE:
            return
        if edits:
            yield Candidate(path, edits, template.name, line, -turn.rank)


def _sites(source: SourceFile, lines: Mapping[int, float]) -> Iterator[tuple[float, Site]]:
    """Every suspicious statement with its score, and what a suspicious one reads of the module."""
    used: dict[str, float] = {}
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.stmt):
            continue
        score = max((lines.get(line, 0.0) for line in _own_lines(node)), default=0.0)
        is_definition = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if score and not is_definition:
            yield score, Site(source, node)
            _note(used, node, score)
    yield from _module_sites(source, used, lines)


def _module_sites(
    source: SourceFile, used: Mapping[str, float], lines: Mapping[int, float]
) -> Iterator[tuple[float, Site]]:
    """Values that are made at import, and defaults of parameters, by who uses them."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef) and (node.args.defaults or node.args.kw_defaults):
            inside = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            score = max(lines.get(line, 0.0) for line in inside)
            if score:
                yield score * 0.9, Site(source, node)
        elif isinstance(node, _SIMPLE) and _is_at_import(source, node):
            names = [each.id for each in own_expressions(node) if isinstance(each, ast.Name)]
            score = max((used.get(name, 0.0) for name in names), default=0.0)
            if score:
                yield score * 0.9, Site(source, node)


def _is_at_import(source: SourceFile, node: ast.stmt) -> bool:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    return not any(isinstance(each, functions) for each in source.above(node))


def _note(used: dict[str, float], node: ast.stmt, score: float) -> None:
    for each in own_expressions(node):
        name = getattr(each, "id", None) or getattr(each, "attr", None)
        if name:
            used[name] = max(used.get(name, 0.0), score)


def _own_lines(node: ast.stmt) -> range:
    """The lines of a statement itself, without those of the block in it."""
    body = getattr(node, "body", None)
    last = node.end_lineno or node.lineno
    if isinstance(body, list) and body:
        last = max(node.lineno, body[0].lineno - 1)
    return range(node.lineno, last + 1)

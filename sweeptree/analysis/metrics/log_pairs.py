"""Numbers that a script prints for people: `val_auc = 0.9`, `loss: 0.3`, tables of trainers.

Which numbers are metrics is told by the name that is wanted; without one, by the words that metrics
are called by, so that neither settings nor times are taken for results.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from sweeptree.analysis.metrics.points import Point, finite, point

_MAX_LINE = 4000
_NOT_FINITE = frozenset({"nan", "inf", "infinity"})
_WORDS = frozenset(
    (
        *("acc", "accuracy", "ap", "auc", "aupr", "auprc", "auroc", "bleu", "dice", "error"),
        *("f1", "fbeta", "iou", "jaccard", "kappa", "loss", "mae", "map", "mape", "mcc", "mse"),
        *("ndcg", "nll", "perplexity", "ppl", "pr", "precision", "prauc", "psnr", "r2", "recall"),
        *("rmse", "roc", "rouge", "score", "sensitivity", "snr", "specificity", "ssim", "wer"),
    )
)
_WORD_END = re.compile(r"[_\W]+")
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_NUMBER = r"[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|nan|inf(?:inity)?)"
_END = r"(?![\w:/])(?!\.\d)"
_PAIR = re.compile(
    rf"(['\"]?)([A-Za-z][\w./@%-]{{0,100}})\1\s{{0,20}}[=:]\s{{0,20}}({_NUMBER}){_END}",
    re.IGNORECASE,
)
_STEP = re.compile(
    r"\b(?:epoch|step|iter(?:ation)?|round)s?\b['\"]?\s*[=:#]?\s*\[?(\d{1,12})", re.IGNORECASE
)
_COUNTED = re.compile(r"\s*\[(\d{1,12})\]")
_CELL_END = re.compile(r"\s*[|│┃║]\s*|\s{2,}|\t+")
_RULE = re.compile(r"[\s|+=\-─━═┄╌┌┬┐├┼┤└┴┘┏┳┓┡╇┩╞╪╡]*")
_STEP_COLUMNS = ("step", "epoch")
_LINE_END = re.compile(r"[\r\n]")


def pair_points(data: bytes, name: str | None) -> Iterator[Point]:
    """The numbers that stand beside names, line by line, and in tables of two kinds: a name and its
    number in a row, or a row of names above rows of numbers."""
    step: float | None = None
    header: Sequence[str] = ()
    for line in lines_of(data):
        step = step_in(line, step)
        cells = _cells(line)
        header = _header(cells, header, name, line)
        numbers = _pairs(line) or _row(cells) or _under(header, cells, line)
        if _is_wanted(numbers, name):
            yield point_of_words(step, numbers)


def lines_of(data: bytes) -> Iterator[str]:
    """The lines of a log without colours; a carriage return ends a line too."""
    for line in _LINE_END.split(data.decode("utf-8", "replace")):
        yield _ESCAPE.sub("", line[:_MAX_LINE])


def point_of_words(step: float | None, words: Mapping[str, str]) -> Point:
    """A point of numbers as they were written."""
    numbers = {name: finite(text) for name, text in words.items()}
    plain = {name: number for name, number in numbers.items() if number is not None}
    lost = [name for name, text in words.items() if text.lower().lstrip("+-") in _NOT_FINITE]
    told = next((plain[name] for name in _STEP_COLUMNS if name in plain), step)
    made = point(told, plain)
    return Point(made.step, made.numbers, frozenset(lost))


def step_in(line: str, before: float | None) -> float | None:
    """The step that a line names, else the last one named."""
    found = _STEP.search(line) or _COUNTED.match(line)
    return float(found[1]) if found else before


def _pairs(line: str) -> dict[str, str]:
    if "=" not in line and ":" not in line:
        return {}
    return {match[2]: match[3] for match in _PAIR.finditer(line)}


def _cells(line: str) -> Sequence[str]:
    if _RULE.fullmatch(line):
        return ()
    return [cell for cell in _CELL_END.split(line.strip(" |│┃║")) if cell]


def _row(cells: Sequence[str]) -> dict[str, str]:
    """A table's row of a name and its number."""
    is_row = len(cells) >= 2 and _is_number(cells[1]) and not _is_number(cells[0])
    return {cells[0]: cells[1]} if is_row else {}


def _header(
    cells: Sequence[str], before: Sequence[str], name: str | None, line: str
) -> Sequence[str]:
    """The names above the rows that follow; rules between them do not end a table."""
    if not cells:
        return before if line.strip() else ()
    is_header = len(cells) >= 2 and not any(map(_is_number, cells))
    if is_header and any(_is_metric(cell, name) for cell in cells):
        return cells
    is_row = len(before) in (len(cells), len(line.split()))
    return before if is_row else ()


def _under(header: Sequence[str], cells: Sequence[str], line: str) -> dict[str, str]:
    """A row of numbers below names; some trainers part numbers by a single blank."""
    if not header:
        return {}
    words = cells if len(cells) == len(header) else line.split()
    if len(words) != len(header):
        return {}
    under = zip(header, words, strict=True)
    return {name: word for name, word in under if _is_number(word)}


def _is_number(cell: str) -> bool:
    return re.fullmatch(_NUMBER, cell, re.IGNORECASE) is not None


def _is_wanted(numbers: Mapping[str, str], name: str | None) -> bool:
    return any(_is_metric(each, name) for each in numbers)


def _is_metric(word: str, name: str | None) -> bool:
    if name is not None:
        return word == name
    return not _WORDS.isdisjoint(_WORD_END.split(word.lower()))

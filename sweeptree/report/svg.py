"""SVG as a tree of elements, so that no name or log line can become a tag; scales of its axes.

Hides: ElementTree, how numbers are cut to keep the page small, and where ticks stand. Positions are
percentages of the drawing's width or height: a chart keeps its letters and dots in shape at any
width, without a script.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from sweeptree.analysis.wording import printable

Element = ET.Element
_TINY = 1e-100  # below it a range over it overflows
_ROOM = 0.04
_WIDE = 100.0


def element(tag: str, *children: Element | str, **attributes: object) -> Element:
    """An element.

    `class_` is class, `_` in a name is `-`; a string among the children is its text.
    """
    made = ET.Element(tag)
    for name, value in attributes.items():
        if value is not None:
            made.set(name.rstrip("_").replace("_", "-"), _attribute(value))
    for child in children:
        if isinstance(child, str):
            made.text = printable(child)
        else:
            made.append(child)
    return made


def _attribute(value: object) -> str:
    return short(value) if isinstance(value, float) else printable(value)


def short(value: float) -> str:
    """A position to two places, without the zeros at its end."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def percent(fraction: float) -> str:
    """0.375 as 37.5%."""
    return f"{short(100 * fraction)}%"


def drawing(*children: Element, label: str, **attributes: object) -> Element:
    """A picture with a text alternative."""
    return element("svg", *children, role="img", aria_label=label, **attributes)


def field() -> Element:
    """An empty field of 1000 by 1000 that fills its drawing; `path` draws on it."""
    size = {"width": "100%", "height": "100%"}
    return element("svg", viewBox="0 0 1000 1000", preserveAspectRatio="none", **size)


def markup(tree: Element) -> str:
    """The element as text for an HTML page."""
    return ET.tostring(tree, encoding="unicode")


def path(points: Sequence[tuple[float, float]]) -> str:
    """The `points` of a line through fractions of a 1000 by 1000 field, y upwards."""
    return " ".join(f"{short(1000 * x)},{short(1000 * (1 - y))}" for x, y in points)


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis from `low` to `high` (low < high); `is_log`: by logarithms (0 < low)."""

    low: float
    high: float
    is_log: bool = False

    def at(self, value: float) -> float:
        """Where a value stands, 0 to 1; what is beyond an end stands at it."""
        return min(1.0, max(0.0, self._share(value)))

    def _share(self, value: float) -> float:
        if not self.is_log:
            return (value - self.low) / (self.high - self.low)
        if value <= 0:
            return 0.0
        return math.log(value / self.low) / math.log(self.high / self.low)

    def holds(self, value: float) -> bool:
        """Whether a value lies within."""
        return self.low <= value <= self.high

    def ticks(self, wanted: int = 5) -> list[tuple[float, str]]:
        """Round values within the axis and how they are written, some `wanted` of them."""
        if self.is_log:
            return _log_ticks(self.low, self.high, wanted)
        step = _step((self.high - self.low) / wanted)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        places = max(0, -math.floor(math.log10(step) + 1e-9))
        return [(number * step, _tick(number * step, places)) for number in range(first, last + 1)]


def scale(values: Sequence[float], *, room: float = _ROOM, may_be_log: bool = False) -> Scale:
    """The axis that holds all values with a little room at both ends; at least one value.

    `may_be_log`: by logarithms where the values are positive and range over a factor of 100.
    """
    low, high = min(values), max(values)
    if may_be_log and low > _TINY and high / low >= _WIDE:
        factor = (high / low) ** room
        return Scale(low / factor, high * factor, is_log=True)
    if high - low <= 1e-12 * max(abs(low), abs(high), 1e-300):
        half = abs(low) * 0.05 if abs(low) > 1e-200 else 0.5
        return Scale(low - half, high + half)
    return Scale(low - room * (high - low), high + room * (high - low))


def _log_ticks(low: float, high: float, wanted: int) -> list[tuple[float, str]]:
    """Powers of ten within, every second or third of them where there are many."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    step = max(1, math.ceil((last - first + 1) / (wanted + 1)))
    powers = range(first, last + 1, step)
    return [(10.0**power, f"{10.0**power:g}") for power in powers]


def _step(rough: float) -> float:
    magnitude: float = 10.0 ** math.floor(math.log10(rough))
    return next(
        factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= rough * (1 - 1e-9)
    )


def _tick(value: float, places: int) -> str:
    if places > 5 or abs(value) >= 1e6:
        return f"{value:.3g}"
    return f"{value:.{places}f}".replace("-", "\N{MINUS SIGN}")

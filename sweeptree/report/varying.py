"""The parameters that vary over a sweep's configs, and the short names that they make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from sweeptree.analysis.document import Group
from sweeptree.model import Scalar

Params = Mapping[str, Scalar]


def varying(configs: Sequence[Params]) -> tuple[str, ...]:
    """The parameters that have several values, in the order they are met."""
    names = dict.fromkeys(name for params in configs for name in params)
    return tuple(name for name in names if _varies(configs, name))


def constant(configs: Sequence[Params]) -> dict[str, str]:
    """The parameters with one value for all, and that value."""
    names = dict.fromkeys(name for params in configs for name in params)
    return {name: value_text(configs[0], name) for name in names if not _varies(configs, name)}


def _varies(configs: Sequence[Params], name: str) -> bool:
    return len({value_text(params, name) for params in configs}) > 1


def value_text(params: Params, name: str) -> str:
    """A parameter's value as it is written; `-` where a config does not have it."""
    if name not in params:
        return "-"
    value = params[name]
    return f"{value:g}" if isinstance(value, float) else str(value)


def short_names(groups: Sequence[Group]) -> dict[str, str]:
    """config_id -> `lr=0.1 depth=3` with the varying parameters alone.

    The config_id itself where two configs would have one name, or none varies.
    """
    names = varying([group.params for group in groups])
    found = {group.config_id: _short_name(group.params, names) for group in groups}
    many = Counter(found.values())
    return {long: short if short and many[short] == 1 else long for long, short in found.items()}


def _short_name(params: Params, names: Sequence[str]) -> str:
    return " ".join(f"{name}={value_text(params, name)}" for name in names if name in params)

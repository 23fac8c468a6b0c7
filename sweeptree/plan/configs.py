"""The config that a job belongs to: its parameters without its seed, under a name for people.

Hides: which parameters are worth a place in that name, and how names stay short and distinct.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sweeptree.model import Scalar
from sweeptree.plan.params import Reading, typed

MAX_CONFIG_ID = 80
_Identity = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Kinds:
    """What the configs of a sweep have in common.

    `varying`: parameters that differ; `common`: words that all of them hold.
    """

    varying: frozenset[str]
    common: frozenset[str]
    is_single: bool


def config_ids(readings: Sequence[Reading], ends: Sequence[int] = ()) -> list[str]:
    """The config of each job: readable, the same for all seeds, distinct for distinct parameters.

    Only what varies over the sweep is named (`lr=3e-4`); where nothing varies, everything is. At
    most 80 characters; longer or colliding names end in eight digits of a hash. `ends`: how many
    jobs there were before each extension of the sweep; a config keeps the name that it had then.
    """
    identities = [_identity(reading) for reading in readings]
    names: dict[_Identity, str] = {}
    for end in dict.fromkeys((*ends, len(readings))):
        names = _names(_configs(identities[:end], readings), names)
    return [names[identity] for identity in identities]


def _configs(
    identities: Sequence[_Identity], readings: Sequence[Reading]
) -> dict[_Identity, Reading]:
    """The first reading of each config."""
    configs: dict[_Identity, Reading] = {}
    for identity, reading in zip(identities, readings, strict=False):
        configs.setdefault(identity, reading)
    return configs


def _names(
    configs: Mapping[_Identity, Reading], known: Mapping[_Identity, str]
) -> dict[_Identity, str]:
    kinds = _kinds(list(configs.values()))
    names = dict(known)
    taken = set(known.values())
    for identity, reading in configs.items():
        if identity in known:
            continue
        name = _name(reading, kinds)
        if len(name) > MAX_CONFIG_ID or name in taken:
            name = _hashed(name, identity)
        taken.add(name)
        names[identity] = name
    return names


def _hashed(name: str, identity: _Identity) -> str:
    digest = hashlib.sha256(repr(identity).encode("utf-8", "backslashreplace")).hexdigest()[:8]
    return f"{name[: MAX_CONFIG_ID - 9]}-{digest}"


def _kinds(readings: Sequence[Reading]) -> _Kinds:
    return _Kinds(
        varying=_varying(readings), common=_common(readings), is_single=len(readings) == 1
    )


def _common(readings: Sequence[Reading]) -> frozenset[str]:
    """The words that every config holds; none where no parameter says what a config is.

    `sleep 3` says more than `3`.
    """
    has_parameters = any(reading.raw for reading in readings)
    if len(readings) < 2 or not has_parameters:
        return frozenset()
    first, *others = (frozenset(reading.rest) for reading in readings)
    return first.intersection(*others)


def _varying(readings: Sequence[Reading]) -> frozenset[str]:
    names = {name for reading in readings for name in reading.raw}
    seen: dict[str, set[object]] = {name: set() for name in names}
    for reading in readings:
        for name in names:
            seen[name].add(_compared(reading, name))
    return frozenset(name for name, values in seen.items() if len(values) > 1)


def _compared(reading: Reading, name: str) -> tuple[str, Scalar] | None:
    return _comparable(reading.raw[name], reading.seed) if name in reading.raw else None


def _identity(reading: Reading) -> _Identity:
    named = sorted((name, _comparable(value, reading.seed)) for name, value in reading.raw.items())
    rest = tuple(_without_seed(word, reading.seed) for word in reading.rest)
    return (*((name, *value) for name, value in named), rest)


def _comparable(value: Scalar, seed: int | None) -> tuple[str, Scalar]:
    """Numbers compare as numbers (3e-4 is 0.0003), truth values and texts only with their like."""
    known = typed(value)
    if isinstance(known, bool):
        return "truth", known
    if isinstance(known, str):
        return "text", _without_seed(known, seed)
    return "number", known


@lru_cache(maxsize=1024)
def _seed_pattern(seed: int) -> re.Pattern[str]:
    return re.compile(rf"(?i)((?<![a-z0-9])(?:seed|s)[_=-]?)0*{seed}(?!\d)|(?<=/)0*{seed}(?=/|$)")


def _without_seed(text: str, seed: int | None) -> str:
    """The text without the seed: runs/lr3e-4_seed1 would make every seed a config of its own."""
    if seed is None or str(seed) not in text:
        return text
    return _seed_pattern(seed).sub(lambda match: match[1] or "", text)


def _name(reading: Reading, kinds: _Kinds) -> str:
    name = _only_name(reading) if kinds.is_single else _name_among(reading, kinds)
    return name or "default"


def _only_name(reading: Reading) -> str:
    """The name where a sweep has one config: all its parameters, else its words."""
    parameters = _clean(_parameters(reading, reading.raw))
    arguments = _clean(" ".join(_words(reading, reading.rest[reading.lead :])))
    return parameters or arguments or " ".join(reading.rest[: reading.lead])


def _name_among(reading: Reading, kinds: _Kinds) -> str:
    """The name where there are others: what it does not share with them."""
    parameters = _parameters(reading, kinds.varying)
    own = [word for word in reading.rest if word not in kinds.common]
    return _clean(" ".join([parameters, *_words(reading, own)]))


def _parameters(reading: Reading, names: Mapping[str, Scalar] | frozenset[str]) -> str:
    shown = [_shown(name, reading) for name in reading.raw if name in names]
    return ",".join(shown)


def _words(reading: Reading, words: Sequence[str]) -> list[str]:
    return [_without_seed(word, reading.seed) for word in words]


def _clean(text: str) -> str:
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(text.split())


def _shown(name: str, reading: Reading) -> str:
    value = reading.raw[name]
    if isinstance(value, bool):
        return name if value else f"{name}=false"
    return f"{name}={_without_seed(str(value), reading.seed)}"

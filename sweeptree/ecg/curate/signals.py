"""The two files of a record: is the header right, is the signal what it says, is it one at all.

Hides: the WFDB header and format 16, and the order of the checks. A record costs a few array
passes; arrays are turned to (leads, samples) once, because passes along memory are several times
faster. `look` handles several records at once, because at 100 Hz the calls cost more than the sums;
what it finds suspicious is read again, one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sweeptree.ecg import ptbxl
from sweeptree.ecg.wording import counted

LIMB_LIMIT_UV = 10
"""Einthoven's and Goldberger's equations hold within the rounding of a few microvolts."""
AMPLITUDE_LIMIT_UV = 20_000
CLIP_SECONDS = 0.1
FINGERPRINT_LEADS = 2
FINGERPRINT_PARTS = 32
_EPSILON = 1e-6

_LEAD = rb"\1\.dat 16 1000\.0\(0\)/mV 16 0 -?\d{1,6} (-?\d{1,6}) 0 %s\r?(?:\n|\Z)"
_HEADER = re.compile(
    rb"(\S+) 12 (\d+) (\d+)\r?\n" + b"".join(_LEAD % lead.encode() for lead in ptbxl.HEADER_LEADS)
)  # the whole header in one match: twelve matches cost more than the signal's sums
_LOOSE = re.compile(
    r"(\S+) (\S+) (\S+)\((-?\d+)\)/(\S+) \d+ -?\d+ -?\d+ -?\d+ -?\d+ (\S.*)", re.ASCII
)
_GAIN = "1000.0(0)/mV"


@dataclass(frozen=True, slots=True)
class Problem:
    """A check that a record failed. `suffix` is `.hea` or `.dat`."""

    check: str
    suffix: str
    detail: str


@dataclass(frozen=True, slots=True)
class Signal:
    """What is kept of B verified signals: per lead, in microvolts, exact sums and extremes (B, 12).

    `fingerprint` has unit length; recordings whose fingerprints correlate below 0.99 are not copies
    of each other.
    """

    sums: NDArray[np.int64]
    squares: NDArray[np.int64]
    low: NDArray[np.int16]
    high: NDArray[np.int16]
    fingerprint: NDArray[np.float32]

    def part(self, at: NDArray[np.intp]) -> Signal:
        """Some of them."""
        return Signal(
            self.sums[at], self.squares[at], self.low[at], self.high[at], self.fingerprint[at]
        )


def read_header(header: bytes, stem: str, rate: int) -> tuple[list[int], list[Problem]]:
    """The 12 checksums of a header and what is wrong with it; no checksums where anything is."""
    name = stem.rpartition("/")[2]
    match = _HEADER.match(header)
    expected = (name.encode(), b"%d" % rate, b"%d" % ptbxl.samples(rate))
    if match and match.group(1, 2, 3) == expected:
        return [int(checksum) % 65536 for checksum in match.groups()[3:]], []
    return [], _why_not(header, name, rate)


def _header(check: str, detail: str) -> Problem:
    return Problem(check, ".hea", detail)


def _why_not(header: bytes, name: str, rate: int) -> list[Problem]:
    """Name each thing that differs from a PTB-XL header."""
    lines = header.decode("latin-1").replace("\r", "").split("\n")
    words = lines[0].split()
    if len(lines) < 13 or not _are_numbers(words):
        return [_header("header_syntax", f"not a WFDB header of 12 leads: {lines[0][:60]!r}")]
    problems = []
    samples = ptbxl.samples(rate)
    if words[2] != str(rate):
        problems.append(_header("header_rate", f"sampling rate {words[2][:20]}, not {rate} Hz"))
    if words[3] != str(samples):
        problems.append(_header("header_length", f"{words[3][:20]} samples, not {samples}"))
    if words[:2] != [name, "12"]:
        problems.append(_header("header_syntax", f"begins {lines[0][:60]!r}, not '{name} 12 ...'"))
    problems += _why_not_leads(lines[1:13], f"{name}.dat")
    return problems or [_header("header_syntax", "not as PTB-XL writes it")]


def _are_numbers(words: Sequence[str]) -> bool:
    """Whether a header's first line has its four words: name, leads, rate, samples."""
    return len(words) >= 4 and words[1].isdecimal() and words[3].isdecimal()


@dataclass(frozen=True, slots=True)
class _Lead:
    """A lead's line in a header."""

    file: str
    format: str
    gain: str
    name: str


def _lead(line: str) -> _Lead | None:
    match = _LOOSE.fullmatch(line)
    if match is None:
        return None
    file, format_, gain, baseline, unit, name = match.groups()
    return _Lead(file, format_, f"{gain}({baseline})/{unit}", name)


def _why_not_leads(lines: Sequence[str], dat: str) -> list[Problem]:
    leads = [lead for line in lines if (lead := _lead(line)) is not None]
    if len(leads) < len(lines):
        return [_header("header_syntax", "a lead's line cannot be read")]
    return [*_wrong_files(leads, dat), *_wrong_gains(leads), *_wrong_names(leads)]


def _wrong_files(leads: Sequence[_Lead], dat: str) -> Iterator[Problem]:
    others = sorted({lead.file for lead in leads} - {dat})
    if others:
        yield _header("header_file", f"names {others[0][:80]!r} as signal file, not {dat}")


def _wrong_gains(leads: Sequence[_Lead]) -> Iterator[Problem]:
    others = sorted({lead.gain for lead in leads} - {_GAIN})
    formats = {lead.format for lead in leads}
    if others or formats != {"16"}:
        named = ", ".join(others)[:60]
        yield _header("header_gain", f"gain {named}, not {_GAIN} in format 16")


def _wrong_names(leads: Sequence[_Lead]) -> Iterator[Problem]:
    names = [lead.name for lead in leads]
    if names != list(ptbxl.HEADER_LEADS):
        yield _header("header_leads", f"leads are {' '.join(names)[:80]}")


def look(
    batch: Sequence[bytes], checksums: Sequence[Sequence[int]], rate: int
) -> tuple[Signal, NDArray[np.bool_]]:
    """Check B .dat contents of the right length; (B,) is true for what must be read by itself."""
    length = ptbxl.samples(rate)
    stacked = np.frombuffer(b"".join(batch), "<i2").reshape(len(batch), length, 12)
    x = np.ascontiguousarray(stacked.transpose(0, 2, 1))
    sums, low, high = x.sum(axis=2, dtype=np.int64), x.min(axis=2), x.max(axis=2)
    # the one large temporary: each further one costs more than the sums themselves
    wide = x.astype(np.int32)
    top = np.maximum(-low.astype(np.int32), high)
    odd = (sums % 65536 != np.asarray(checksums)) | (low == high) | (top >= AMPLITUDE_LIMIT_UV)
    odd |= _may_clip(x, low, high, rate)
    bad = odd.any(axis=1) | (_limb_error(wide) > LIMB_LIMIT_UV)
    squares = np.square(wide, out=wide).sum(axis=2, dtype=np.int64)
    return Signal(sums, squares, low, high, _fingerprint(x)), bad


def read_signal(
    data: bytes, checksums: list[int], rate: int
) -> tuple[Signal | None, list[Problem]]:
    """Check a .dat of (samples, 12) little-endian int16 microvolts.

    The signal is None when it cannot be used.

    A checksum (WFDB: sum of the samples modulo 65536) that differs, or a wrong length, means
    damage; an empty list of checksums skips that comparison.
    """
    size = ptbxl.signal_bytes(rate)
    if len(data) != size:
        return None, [_signal("file_size", f"{len(data)} bytes, not {size}")]
    seen, _ = look([data], [checksums or [-1] * 12], rate)
    differs = seen.sums[0] % 65536 != (checksums or seen.sums[0] % 65536)
    if differs.any():
        return None, [_signal("checksum", f"WFDB checksum differs in {_names(differs)}")]
    x = np.ascontiguousarray(np.frombuffer(data, "<i2").reshape(-1, 12).T)
    return seen, _oddities(x, seen.low[0], seen.high[0], rate)


def _signal(check: str, detail: str) -> Problem:
    return Problem(check, ".dat", detail)


def _fingerprint(x: NDArray[np.int16]) -> NDArray[np.float32]:
    """The slow course of leads I and II per record, of unit length: the same at both rates."""
    part = x.shape[2] // FINGERPRINT_PARTS
    cut = x[:, :FINGERPRINT_LEADS, : part * FINGERPRINT_PARTS]
    parts = cut.reshape(len(x), FINGERPRINT_LEADS * FINGERPRINT_PARTS, part)
    means = parts.mean(axis=2, dtype=np.float64)
    means -= means.mean(axis=1, keepdims=True)
    size = np.sqrt((means * means).sum(axis=1, keepdims=True))
    unit: NDArray[np.float32] = (means / np.maximum(size, _EPSILON)).astype(np.float32)
    return unit


def _oddities(
    x: NDArray[np.int16], low: NDArray[np.int16], high: NDArray[np.int16], rate: int
) -> list[Problem]:
    """What makes a signal useless or odd."""
    invalid = low == ptbxl.INVALID
    if invalid.any():
        count = counted(int((x == ptbxl.INVALID).sum()), "sample")
        detail = f"{count} marked invalid ({ptbxl.INVALID}) in {_names(invalid)}"
        return [_signal("invalid_samples", detail)]
    problems = []
    flat = low == high
    if flat.any():
        problems.append(_signal("flat_lead", f"no signal in {_names(flat)}"))
    top = np.maximum(np.abs(low.astype(np.int32)), np.abs(high.astype(np.int32)))
    huge = top >= AMPLITUDE_LIMIT_UV
    if huge.any():
        detail = f"{int(top.max()) / 1000:.1f} mV in {_names(huge)}: no heart gives that"
        problems.append(_signal("amplitude", detail))
    worst = float(_limb_error(x[None].astype(np.int32))[0])
    if worst > LIMB_LIMIT_UV:
        detail = f"limb leads contradict Einthoven or Goldberger by {worst:.0f} uV"
        problems.append(_signal("limb_leads", detail))
    return problems + _clipped(x, low, high, rate)


def _limb_error(x: NDArray[np.int32]) -> NDArray[np.float64]:
    """Per record the largest deviation, in uV, from Einthoven's and Goldberger's equations.

    III = II - I, aVR = -(I + II)/2, aVL = I - II/2, aVF = II - I/2.
    """
    i, ii, iii, avr, avl, avf = (x[:, lead] for lead in range(6))
    worst = np.abs(ii - i - iii).max(axis=1) * 2
    for twice in (2 * avr + i + ii, 2 * avl - 2 * i + ii, 2 * avf - 2 * ii + i):
        np.maximum(worst, np.abs(twice).max(axis=1), out=worst)
    return np.asarray(worst / 2)


def _may_clip(
    x: NDArray[np.int16], low: NDArray[np.int16], high: NDArray[np.int16], rate: int
) -> NDArray[np.bool_]:
    """Leads at an extreme in two neighbours of a sparse grid; a run of 0.1 s always holds two."""
    sparse = x[:, :, :: int(CLIP_SECONDS * rate) // 2]
    at_low, at_high = sparse == low[:, :, None], sparse == high[:, :, None]
    twice_low = at_low[:, :, 1:] & at_low[:, :, :-1]
    twice_high = at_high[:, :, 1:] & at_high[:, :, :-1]
    return np.asarray((twice_low | twice_high).any(axis=2))


def _clipped(
    x: NDArray[np.int16], low: NDArray[np.int16], high: NDArray[np.int16], rate: int
) -> list[Problem]:
    """Leads that stay at their highest or lowest value for 0.1 s on end: the amplifier's rail."""
    shortest = int(CLIP_SECONDS * rate)
    clipped = np.zeros(len(x), np.bool_)
    for lead in np.flatnonzero(low != high):
        longest = max(_longest(x[lead] == low[lead]), _longest(x[lead] == high[lead]))
        clipped[lead] = longest >= shortest
    if not clipped.any():
        return []
    detail = f"stays at its extreme for {CLIP_SECONDS} s or longer in {_names(clipped)}"
    return [_signal("clipped_lead", detail)]


def _longest(at: NDArray[np.bool_]) -> int:
    """Length of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], at, [False])).view(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _names(mask: NDArray[np.bool_]) -> str:
    return ", ".join(lead for lead, bad in zip(ptbxl.LEADS, mask, strict=True) if bad)

"""The two files of a record: is the header what it must be, is the signal what the header says, is
it a signal at all.

Hides: the WFDB header and format 16, and the order of the checks. A record costs a few array
passes; arrays are turned to (leads, samples) once, because passes along memory are several times
faster. `look` handles several records at once, because at 100 Hz the calls cost more than the sums;
what it finds suspicious is read again, one by one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sweeptree.ecg import ptbxl

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
_LOOSE = re.compile(rb"(\S+) (\S+) (\S+)\((-?\d+)\)/(\S+) \d+ -?\d+ -?\d+ -?\d+ -?\d+ (\S.*)")


@dataclass(frozen=True, slots=True)
class Problem:
    """A check that a record failed. `suffix` is `.hea` or `.dat`."""

    check: str
    suffix: str
    detail: str


@dataclass(frozen=True, slots=True)
class Signal:
    """What is kept of B verified signals, per lead and in microvolts: exact sums, extremes (B, 12),
    and fingerprints.

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
    """The 12 checksums of a header (empty when it is not what PTB-XL writes) and what is wrong with
    it."""
    name = stem.rpartition("/")[2]
    match = _HEADER.match(header)
    if match and match.group(1, 2, 3) == (name.encode(), b"%d" % rate, b"%d" % ptbxl.samples(rate)):
        return [int(checksum) % 65536 for checksum in match.groups()[3:]], []
    return [], _why_not(header, name, rate)


def _why_not(header: bytes, name: str, rate: int) -> list[Problem]:
    """Name each thing that differs from a PTB-XL header."""
    lines = header.decode("latin-1").replace("\r", "").split("\n")
    words = lines[0].split()
    if len(words) < 4 or not all(w.isdecimal() for w in (words[1], words[3])) or len(lines) < 13:
        return [
            Problem("header_syntax", ".hea", f"not a WFDB header of 12 leads: {lines[0][:60]!r}")
        ]
    problems = []
    if words[2] != str(rate):
        problems.append(
            Problem("header_rate", ".hea", f"sampling rate {words[2][:20]}, not {rate} Hz")
        )
    if words[3] != str(ptbxl.samples(rate)):
        problems.append(
            Problem("header_length", ".hea", f"{words[3][:20]} samples, not {ptbxl.samples(rate)}")
        )
    if words[0] != name or words[1] != "12":
        problems.append(
            Problem("header_syntax", ".hea", f"begins {lines[0][:60]!r}, not '{name} 12 ...'")
        )
    problems += _why_not_leads(lines[1:13], f"{name}.dat")
    return problems or [Problem("header_syntax", ".hea", "not as PTB-XL writes it")]


def _why_not_leads(lines: list[str], dat: str) -> list[Problem]:
    matches = [_LOOSE.fullmatch(line.encode("latin-1")) for line in lines]
    if not all(matches):
        return [Problem("header_syntax", ".hea", "a lead's line cannot be read")]
    rows = [tuple(part.decode("latin-1") for part in m.groups()) for m in matches if m]
    files = sorted({row[0] for row in rows} - {dat})
    gains = sorted({f"{row[2]}({row[3]})/{row[4]}" for row in rows} - {"1000.0(0)/mV"})
    leads = [row[5] for row in rows]
    problems = []
    if files:
        problems.append(
            Problem("header_file", ".hea", f"names {files[0][:80]!r} as signal file, not {dat}")
        )
    if gains or any(row[1] != "16" for row in rows):
        problems.append(
            Problem(
                "header_gain",
                ".hea",
                f"gain {', '.join(gains)[:60]}, not 1000.0(0)/mV in format 16",
            )
        )
    if leads != list(ptbxl.HEADER_LEADS):
        problems.append(Problem("header_leads", ".hea", f"leads are {' '.join(leads)[:80]}"))
    return problems


def look(
    batch: Sequence[bytes], checksums: Sequence[Sequence[int]], rate: int
) -> tuple[Signal, NDArray[np.bool_]]:
    """Check B .dat contents of the right length; (B,) is true for what is odd and must be read by
    itself."""
    length = ptbxl.samples(rate)
    stacked = np.frombuffer(b"".join(batch), "<i2").reshape(len(batch), length, 12)
    x = np.ascontiguousarray(stacked.transpose(0, 2, 1))
    sums, low, high = x.sum(axis=2, dtype=np.int64), x.min(axis=2), x.max(axis=2)
    wide = x.astype(
        np.int32
    )  # the one large temporary: each further one costs more than the sums themselves
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
    length = ptbxl.samples(rate)
    if len(data) != 24 * length:
        return None, [Problem("file_size", ".dat", f"{len(data)} bytes, not {24 * length}")]
    seen, _ = look([data], [checksums or [-1] * 12], rate)
    if checksums and (seen.sums[0] % 65536 != checksums).any():
        wrong = [
            lead
            for lead, s, c in zip(ptbxl.LEADS, seen.sums[0], checksums, strict=True)
            if s % 65536 != c
        ]
        return None, [Problem("checksum", ".dat", f"WFDB checksum differs in {', '.join(wrong)}")]
    x = np.ascontiguousarray(np.frombuffer(data, "<i2").reshape(length, 12).T)
    return seen, _oddities(x, seen.low[0], seen.high[0], rate)


def _fingerprint(x: NDArray[np.int16]) -> NDArray[np.float32]:
    """The slow course of leads I and II, centred, of unit length, per record: the same at 100 and
    at 500 Hz."""
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
    problems = []
    if (low == ptbxl.INVALID).any():
        count = int((x == ptbxl.INVALID).sum())
        leads = _names(low == ptbxl.INVALID)
        return [
            Problem(
                "invalid_samples",
                ".dat",
                f"{count} samples are marked invalid ({ptbxl.INVALID}) in {leads}",
            )
        ]
    if (low == high).any():
        problems.append(Problem("flat_lead", ".dat", f"no signal in {_names(low == high)}"))
    top = np.maximum(np.abs(low.astype(np.int32)), np.abs(high.astype(np.int32)))
    if (top >= AMPLITUDE_LIMIT_UV).any():
        millivolts = int(top.max()) / 1000
        leads = _names(top >= AMPLITUDE_LIMIT_UV)
        problems.append(
            Problem("amplitude", ".dat", f"{millivolts:.1f} mV in {leads}: no heart gives that")
        )
    worst = float(_limb_error(x[None].astype(np.int32))[0])
    if worst > LIMB_LIMIT_UV:
        detail = f"limb leads contradict Einthoven or Goldberger by {worst:.0f} uV"
        problems.append(Problem("limb_leads", ".dat", detail))
    return problems + _clipped(x, low, high, rate)


def _limb_error(x: NDArray[np.int32]) -> NDArray[np.float64]:
    """Per record the largest deviation, in uV, from III = II - I, aVR = -(I + II)/2, aVL = I -
    II/2, aVF = II - I/2."""
    i, ii, iii, avr, avl, avf = (x[:, lead] for lead in range(6))
    worst = np.abs(ii - i - iii).max(axis=1) * 2
    for twice in (2 * avr + i + ii, 2 * avl - 2 * i + ii, 2 * avf - 2 * ii + i):
        np.maximum(worst, np.abs(twice).max(axis=1), out=worst)
    return np.asarray(worst / 2)


def _may_clip(
    x: NDArray[np.int16], low: NDArray[np.int16], high: NDArray[np.int16], rate: int
) -> NDArray[np.bool_]:
    """Leads that are at an extreme in two neighbours of a sparse grid; a run of 0.1 s always holds
    two."""
    sparse = x[:, :, :: int(CLIP_SECONDS * rate) // 2]
    at_low, at_high = sparse == low[:, :, None], sparse == high[:, :, None]
    two = (at_low[:, :, 1:] & at_low[:, :, :-1]) | (at_high[:, :, 1:] & at_high[:, :, :-1])
    return np.asarray(two.any(axis=2))


def _clipped(
    x: NDArray[np.int16], low: NDArray[np.int16], high: NDArray[np.int16], rate: int
) -> list[Problem]:
    """Leads that stay at their own highest or lowest value for 0.1 s on end: the amplifier's rail."""
    run = int(CLIP_SECONDS * rate)
    found = [
        ptbxl.LEADS[lead]
        for lead in np.flatnonzero(low != high)
        if max(_longest(x[lead] == low[lead]), _longest(x[lead] == high[lead])) >= run
    ]
    if not found:
        return []
    return [
        Problem(
            "clipped_lead",
            ".dat",
            f"stays at its extreme for {CLIP_SECONDS} s or longer in {', '.join(found)}",
        )
    ]


def _longest(at: NDArray[np.bool_]) -> int:
    """Length of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], at, [False])).view(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _names(mask: NDArray[np.bool_]) -> str:
    return ", ".join(lead for lead, bad in zip(ptbxl.LEADS, mask, strict=True) if bad)

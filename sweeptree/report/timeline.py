"""The timeline: which job had which GPU, or which place among those at once, from when to when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from sweeptree.analysis.document import JobRow
from sweeptree.analysis.wording import spoken, word
from sweeptree.model import Attempt, JobState
from sweeptree.records.read import runs_elsewhere
from sweeptree.report.sheet import Sheet
from sweeptree.report.svg import Element, Scale, drawing, element, markup, percent
from sweeptree.system.clock import parse_time

MAX_LANES = 32
MAX_BARS = 400
_HEIGHT = 22
_PIXEL = 1 / 1000


@dataclass(frozen=True, slots=True)
class Bar:
    """One attempt of a job on one lane; seconds since 1970. `host` is "" on one machine."""

    host: str
    lane: str
    begin: float
    end: float
    succeeded: bool
    title: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One GPU, or one place among the jobs that ran at once; `busy`: its share of time in use."""

    name: str
    svg: str
    busy: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """The lanes over `seconds`, first start to last end; `merged`: bars within a pixel are one."""

    lanes: tuple[Lane, ...]
    axis: str
    seconds: float
    merged: bool
    left_out: int


def timeline(sheet: Sheet) -> Timeline | None:
    """The chart; None when no attempt has both its times."""
    bars = _bars(sheet)
    if not bars:
        return None
    start, end = min(bar.begin for bar in bars), max(bar.end for bar in bars)
    seconds = max(end - start, 1e-3)
    axis, lanes = Scale(start, start + seconds), _by_lane(bars)
    merged = len(bars) > MAX_BARS
    shown = [_lane(name, own, axis, merged=merged) for name, own in list(lanes.items())[:MAX_LANES]]
    return Timeline(
        tuple(shown), markup(_axis_picture(seconds)), seconds, merged, len(lanes) - len(shown)
    )


def _bars(sheet: Sheet) -> list[Bar]:
    names = _device_names(sheet.facts)
    bars: list[Bar] = []
    without_gpu: dict[str, list[Bar]] = {}
    for job in sheet.jobs:
        own = _bars_of(sheet, job)
        lanes = _gpu_lanes(sheet, job, names)
        bars += [_on(bar, lane) for bar in own for lane in lanes]
        if not lanes:
            without_gpu.setdefault(_host(sheet, job), []).extend(own)
    placed = (_placed(own) for own in without_gpu.values())
    return [*bars, *chain.from_iterable(placed)]


def _gpu_lanes(sheet: Sheet, job: JobRow, names: Mapping[str, str]) -> list[str]:
    """What a job's GPUs are called; those of another host that have no name here have no lane."""
    if _host(sheet, job):
        return [names[uuid] for uuid in job.gpus if uuid in names]
    return [names.get(uuid, uuid[:12]) for uuid in job.gpus]


def _host(sheet: Sheet, job: JobRow) -> str:
    """Where a job ran, of a sweep over hosts or nodes."""
    return job.host or "" if runs_elsewhere(sheet.facts) else ""


def _bars_of(sheet: Sheet, job: JobRow) -> list[Bar]:
    """One bar per attempt that has both its times; legacy records tell of one attempt only."""
    name = sheet.name_of(job)
    title, host = f"job {job.id} {name}", _host(sheet, job)
    bars = (_bar(host, title, attempt) for attempt in job.attempts or (job,))
    return [bar for bar in bars if bar is not None]


def _bar(host: str, title: str, attempt: Attempt | JobRow) -> Bar | None:
    begin, end = parse_time(attempt.start_time), parse_time(attempt.end_time)
    if begin is None or end is None:
        return None
    ended_well = attempt.state in {JobState.SUCCEEDED, None}
    said = f"{title} {word(str(attempt.state))}"
    return Bar(host, "", begin.timestamp(), end.timestamp(), ended_well, said)


def _on(bar: Bar, lane: str) -> Bar:
    title = f"{bar.title}, {spoken(bar.end - bar.begin)}"
    end = max(bar.begin, bar.end)
    return Bar(bar.host, lane, bar.begin, end, bar.succeeded, title)


def _placed(bars: Iterable[Bar]) -> list[Bar]:
    """Bars without a GPU, each on the first lane that is free when it begins."""
    free: list[float] = []
    placed = []
    for bar in sorted(bars, key=lambda bar: (bar.begin, bar.end)):
        place = next((n for n, end in enumerate(free) if end <= bar.begin), len(free))
        free[place : place + 1] = [bar.end]
        placed.append(_on(bar, f"slot {place + 1}"))
    return placed


def _device_names(facts: Mapping[str, Any]) -> dict[str, str]:
    devices = facts.get("devices")
    if not isinstance(devices, list):
        return {}
    known = [device for device in devices if isinstance(device, dict)]
    return {str(device.get("uuid")): f"GPU {device.get('index')}" for device in known}


def _by_lane(bars: Sequence[Bar]) -> dict[str, list[Bar]]:
    """The bars of each lane by its name, host by host, GPUs first."""
    lanes: dict[tuple[str, str], list[Bar]] = {}
    for bar in bars:
        lanes.setdefault((bar.host, bar.lane), []).append(bar)
    ordered = sorted(lanes.items(), key=lambda lane: _lane_order(*lane[0]))
    return {" ".join(filter(None, name)): _by_begin(own) for name, own in ordered}


def _lane_order(host: str, lane: str) -> tuple[str, bool, int, str]:
    return host, not lane.startswith("GPU"), len(lane), lane


def _by_begin(bars: Sequence[Bar]) -> list[Bar]:
    return sorted(bars, key=lambda bar: bar.begin)


def _lane(name: str, bars: Sequence[Bar], axis: Scale, *, merged: bool) -> Lane:
    whole = _union(bars, 0.0)
    busy = sum(bar.end - bar.begin for bar in whole) / (axis.high - axis.low)
    drawn = _union(bars, _PIXEL * (axis.high - axis.low)) if merged else bars
    label = f"{name}: {len(bars)} attempts, in use {busy:.0%} of the time"
    picture = drawing(
        *(_box(bar, axis) for bar in drawn), label=label, class_="row lane", height=_HEIGHT
    )
    return Lane(name, markup(picture), min(1.0, busy))


def _union(bars: Sequence[Bar], gap: float) -> list[Bar]:
    """The bars, those that overlap or follow within `gap` and ended alike as one."""
    joined: list[Bar] = []
    for bar in bars:
        last = joined[-1] if joined else None
        if last is not None and _touches(last, bar, gap):
            joined[-1] = replace(last, end=max(last.end, bar.end), title="")
        else:
            joined.append(bar)
    return joined


def _touches(last: Bar, bar: Bar, gap: float) -> bool:
    ended_alike = not gap or bar.succeeded == last.succeeded
    return ended_alike and bar.begin <= last.end + gap


def _box(bar: Bar, axis: Scale) -> Element:
    begin, end = axis.at(bar.begin), axis.at(bar.end)
    titles = [element("title", bar.title)] if bar.title else []
    kind = "bar" if bar.succeeded else "bar bad"
    return element(
        "rect",
        *titles,
        class_=kind,
        x=percent(begin),
        width=percent(end - begin),
        y=3,
        height=_HEIGHT - 6,
    )


def _axis_picture(seconds: float) -> Element:
    unit, name = _unit(seconds)
    axis = Scale(0.0, seconds / unit)
    labels = []
    for place, (value, text) in enumerate(axis.ticks(6)):
        anchor = "end" if place else "start"
        x = percent(axis.at(value))
        labels.append(element("text", f"{text} {name}", x=x, y=14, text_anchor=anchor))
    return element("svg", *labels, class_="row axis", height=20, aria_hidden="true")


def _unit(seconds: float) -> tuple[float, str]:
    """The largest unit of which there are two or more."""
    if seconds >= 7200:
        return 3600.0, "h"
    return (60.0, "min") if seconds >= 120 else (1.0, "s")

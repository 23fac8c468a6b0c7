"""What a short run of one job has shown, for people and for scripts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from sweeptree.analysis.wording import counted
from sweeptree.cli.screens.terminal import clock, fact_line, printable
from sweeptree.model import JobState
from sweeptree.sweep.preflight import PreparedSweep
from sweeptree.sweep.smoke import Smoke

_LINES = 8


def smoke_screen(smoke: Smoke, whole: PreparedSweep) -> str:
    """The findings, one line each; the end of the log where the job failed."""
    return "\n".join([_headline(smoke), *_facts(smoke, whole), *_log(smoke)]) + "\n"


def smoke_document(smoke: Smoke) -> dict[str, Any]:
    """The same as plain values."""
    step = smoke.seconds_per_step
    return {**asdict(smoke), "seconds_per_step": step, "is_good": smoke.is_good}


def _headline(smoke: Smoke) -> str:
    took = f"{smoke.seconds:.1f} s"
    if smoke.state is JobState.SUCCEEDED:
        return f"Smoke  it ends well, after {took}"
    if smoke.state is JobState.TIMED_OUT:
        return f"Smoke  it starts and runs; it was stopped after {took}"
    return f"Smoke  it FAILS after {took}: {printable(smoke.reason or str(smoke.state))}"


def _facts(smoke: Smoke, whole: PreparedSweep) -> Iterator[str]:
    yield fact_line("metric", printable(_metric(smoke)))
    if smoke.peak_rss is not None:
        yield fact_line("memory", _memory(smoke))
    step = smoke.seconds_per_step
    if step is not None:
        text = f"{smoke.steps} in that time: {step:.3g} s each, its start included"
        yield fact_line("steps", text)
    yield fact_line("estimate", _estimate(smoke, whole))
    yield fact_line("its log", f"sweeptree logs {smoke.name}")


def _metric(smoke: Smoke) -> str:
    if smoke.metric is None:
        return "none was found, and none is asked for: --metric NAME:max"
    if smoke.value is None:
        return f"! {smoke.metric} was never seen: {smoke.source or 'nothing was reported'}"
    return f"{smoke.metric} = {smoke.value:g}, from {smoke.source}"


def _memory(smoke: Smoke) -> str:
    gpu = "" if smoke.peak_vram is None else f", {smoke.peak_vram:.0f} MiB on its GPUs"
    return f"{smoke.peak_rss:.0f} MiB at its peak{gpu}"


def _estimate(smoke: Smoke, whole: PreparedSweep) -> str:
    jobs = counted(len(whole.jobs), "job")
    if smoke.estimate is None:
        return f"unknown for {jobs}: the log does not say how far it came (epoch 3/30)"
    return f"about {clock(smoke.estimate)} for {jobs}, {whole.parallel} at a time"


def _log(smoke: Smoke) -> list[str]:
    if smoke.has_started:
        return []
    return [f"    {printable(line)}" for line in smoke.log_end.splitlines()[-_LINES:]]

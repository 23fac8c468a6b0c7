"""Who ran when."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from core.report.sheet_kit import sheet_of
from sweeptree.report.sheet import Sheet
from sweeptree.report.timeline import timeline


def test_jobs_without_a_gpu_share_lanes_one_after_the_other(tmp_path: Path) -> None:
    chart = timeline(sheet_of(tmp_path))
    assert chart is not None
    assert [lane.name for lane in chart.lanes] == ["slot 1"]
    assert chart.seconds == 29.0
    assert round(chart.lanes[0].busy, 2) == round(24 / 29, 2)
    assert chart.lanes[0].svg.count("<rect") == 6


def test_a_failed_attempt_is_drawn_as_one(tmp_path: Path) -> None:
    chart = timeline(sheet_of(tmp_path, failing={2: "no\n"}))
    assert chart is not None
    assert chart.lanes[0].svg.count('class="bar bad"') == 1


def on_hosts(sheet: Sheet, hosts: Sequence[str], gpus: Sequence[str] = ()) -> Sheet:
    """The sheet as of a sweep over hosts."""
    places = zip(sheet.jobs, hosts, strict=True)
    jobs = [job.model_copy(update={"host": host, "gpus": tuple(gpus)}) for job, host in places]
    devices = [{"uuid": "GPU-1", "index": 1, "name": "H200", "host": "gpu2"}]
    facts = {**sheet.facts, "spec": {"hosts": ["all"]}, "devices": devices}
    document = sheet.document.model_copy(update={"jobs": tuple(jobs)})
    return replace(sheet, document=document, facts=facts)


def test_lanes_stand_host_by_host(tmp_path: Path) -> None:
    hosts = ("gpu2", "gpu1", "gpu1", "gpu2", "gpu1", "gpu2")
    chart = timeline(on_hosts(sheet_of(tmp_path), hosts))
    assert chart is not None
    assert [lane.name for lane in chart.lanes] == ["gpu1 slot 1", "gpu2 slot 1"]
    assert [lane.svg.count("<rect") for lane in chart.lanes] == [3, 3]


def test_gpus_of_hosts_bear_their_own_numbers(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path)
    chart = timeline(on_hosts(sheet, ["gpu2"] * 6, ("GPU-1",)))
    unknown = timeline(on_hosts(sheet, ["gpu2"] * 6, ("GPU-816ddeb2-0000",)))
    assert chart is not None and unknown is not None
    assert [lane.name for lane in chart.lanes] == ["gpu2 GPU 1"]
    assert [lane.name for lane in unknown.lanes] == ["gpu2 slot 1"]

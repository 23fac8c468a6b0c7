"""What a finished sweep of 1,000 jobs costs to look at: `show`, `report`, and a filter in the
browser."""

from __future__ import annotations

import statistics
from pathlib import Path

from sweeptree.records import SweepPaths
from tests.bench import records
from tests.bench.lab import SWEEPTREE, Lab
from tests.bench.measure import measured
from tests.core.browser_kit import CHROMIUM, Browser

_FILTER = """(() => {
  const box = document.querySelector("input.find");
  box.value = %r;
  const begin = performance.now();
  box.dispatchEvent(new Event("input"));
  document.body.offsetHeight;
  return performance.now() - begin;
})()"""


def run(lab: Lab) -> None:
    """CPU of the commands, bytes of the page, milliseconds of a filter with its layout."""
    jobs = lab.size(1000, 20)
    paths = records.write(lab.place("results") / "done", jobs)
    rows = [_row(lab, paths, verb) for verb in ("aggregate", "show", "report")]
    rows.append({"what": "report.html", "bytes": paths.report.stat().st_size})
    if CHROMIUM is not None:
        rows.append({"what": "filter", "worst_ms": _filter(lab, paths.report)})
    lab.report("pages", rows, note=f"{jobs} jobs")


def _row(lab: Lab, paths: SweepPaths, verb: str) -> dict[str, object]:
    argv = [SWEEPTREE, verb, str(paths.root)]
    costs = [measured(argv, cwd=lab.folder, env=lab.env) for _ in range(lab.size(5, 1))]
    assert not any(cost.code for cost in costs), f"{verb} failed"
    return {
        "what": verb,
        "cpu_s": statistics.median(cost.cpu for cost in costs),
        "wall_s": statistics.median(cost.wall for cost in costs),
    }


def _filter(lab: Lab, page: Path) -> float:
    """The slowest of some filters, the first included."""
    with Browser(lab.place("profile")) as browser:
        browser.open(page.as_uri())
        words = ("lr", "lr 1", "nothing has this", "")
        return max(float(browser.evaluate(_FILTER % word)) for word in words)

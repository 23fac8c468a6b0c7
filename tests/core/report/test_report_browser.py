"""report.html in a real browser: no error, no request beyond the file, tables that sort; and
without a script."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.browser_kit import CHROMIUM, Browser
from core.report_kit import make_sweep
from sweeptree.analysis.aggregate import aggregate
from sweeptree.records import SweepPaths
from sweeptree.report import write_report

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]
ROWS = "[...document.querySelector('table.data').tBodies[0].rows]"
FIRST_CELLS = ROWS + ".map(row => row.cells[{}].textContent)"

SHOWN = ROWS + ".filter(row => !row.hidden).length"


def event(kind: str, selector: str, x: float, y: float) -> str:
    """The script that sends a pointer's event to a part, at fractions of its size."""
    return (
        f"part = document.querySelector({selector!r}); box = part.getBoundingClientRect();"
        f"part.setPointerCapture = () => 0; part.dispatchEvent(new PointerEvent({kind!r}, {{"
        f"clientX: box.left + {x} * box.width, clientY: box.top + {y} * box.height,"
        "bubbles: true}))"
    )


def point_at(browser: Browser, selector: str, x: float, y: float) -> None:
    """Move the pointer there."""
    browser.evaluate(event("pointermove", selector, x, y))


def press(browser: Browser, selector: str, x: float, ends: tuple[float, float]) -> None:
    """Drag from one height to the other."""
    browser.evaluate(event("pointerdown", selector, x, ends[0]))
    browser.evaluate(event("pointermove", selector, x, ends[1]))
    browser.evaluate(event("pointerup", selector, x, ends[1]))


@pytest.fixture
def paths(tmp_path: Path) -> SweepPaths:
    """Twelve configs in two parameters, one failed job, and a page."""
    grid = {"lr": (0.1, 0.01, 0.001, 0.0001), "depth": (2, 3, 4)}
    paths = make_sweep(tmp_path / "results", grid=grid, failing={4: "ValueError: <b>no</b>\n"})
    write_report(paths, aggregate(paths))
    return paths


@pytest.fixture
def browser(tmp_path: Path, paths: SweepPaths) -> Iterator[Browser]:
    with Browser(tmp_path / "profile") as browser:
        browser.open(paths.report.as_uri())
        yield browser


def test_no_error_and_no_request_beyond_the_file(browser: Browser, paths: SweepPaths) -> None:
    browser.evaluate("document.querySelectorAll('summary, button').forEach(one => one.click())")
    assert browser.requests == [paths.report.as_uri()]
    assert not browser.troubles


def test_a_click_sorts_and_another_turns_it_round(browser: Browser) -> None:
    best_first = browser.evaluate(FIRST_CELLS.format(0))
    assert best_first == [str(n) for n in range(1, 13)]
    head = "document.querySelector('table.data th button')"
    browser.evaluate(f"{head}.click()")
    browser.evaluate(f"{head}.click()")
    assert browser.evaluate(FIRST_CELLS.format(0)) == best_first[::-1]
    assert browser.evaluate(f"{head}.parentElement.getAttribute('aria-sort')") == "descending"


def test_words_filter_the_rows(browser: Browser) -> None:
    typed = "box.value = 'depth=3 lr=0.1'; box.dispatchEvent(new Event('input'))"
    browser.evaluate(f"box = document.querySelector('input.find'); {typed}")
    shown = ROWS + ".filter(row => !row.hidden).length"
    assert browser.evaluate(shown) == 1


def test_a_click_in_the_legend_isolates_a_config(browser: Browser) -> None:
    browser.evaluate("document.querySelector('.legend li').click()")
    dim = browser.evaluate("document.querySelectorAll('.panels .series.dim').length")
    assert dim == browser.evaluate("document.querySelectorAll('.panels .series').length") - 1


def test_the_values_of_curves_and_points_are_told_at_the_pointer(browser: Browser) -> None:
    told = "document.querySelector('.tip').textContent"
    point_at(browser, ".plot[data-x]", 0.99, 0.5)
    assert browser.evaluate(told).startswith("step 5\nlr=")
    point_at(browser, "circle", 0.5, 0.5)
    assert browser.evaluate(told).startswith("seed 1: 0.8")


def test_a_button_draws_a_panel_by_logarithms_and_back(browser: Browser) -> None:
    shape = "document.querySelector('.plot .curve').getAttribute('points')"
    before = browser.evaluate(shape)
    browser.evaluate("document.querySelector('button.log').click()")
    assert browser.evaluate(shape) != before
    browser.evaluate("document.querySelector('button.log').click()")
    assert browser.evaluate(shape) == before


def test_a_link_to_a_job_opens_the_list_that_it_stands_in(browser: Browser) -> None:
    browser.evaluate("location.hash = '#job-30'")
    opened = "new Promise(done => setTimeout(() => done(job.closest('details').open), 100))"
    assert browser.evaluate(f"job = document.getElementById('job-30'); {opened}")


@pytest.mark.parametrize("width", [400, 800, 1200])
def test_the_page_is_never_wider_than_the_window(browser: Browser, width: int) -> None:
    browser.call(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=800,
        deviceScaleFactor=1,
        mobile=width < 500,
    )
    assert browser.evaluate("document.documentElement.scrollWidth") <= width


def test_a_brush_on_an_axis_filters_the_tables(tmp_path: Path) -> None:
    grid = {"lr": (0.1, 0.01, 0.001), "depth": (2, 3), "opt": ("adam", "sgd")}
    paths = make_sweep(tmp_path / "results", grid=grid, seeds=(1,))
    write_report(paths, aggregate(paths))
    with Browser(tmp_path / "profile") as browser:
        browser.open(paths.report.as_uri())
        press(browser, "svg.parallel", 0, (0.6, 1.0))
        assert browser.evaluate(SHOWN) == 4  # those with the least lr
        browser.evaluate("document.querySelector('.brushed button').click()")
        assert browser.evaluate(SHOWN) == 12


def test_without_a_script_everything_is_there(tmp_path: Path, paths: SweepPaths) -> None:
    with Browser(tmp_path / "profile", script=False) as browser:
        browser.open(paths.report.as_uri())
        found = browser.evaluate(
            "[document.querySelectorAll('table.data tbody tr').length,"
            " document.querySelectorAll('circle').length,"
            " document.querySelectorAll('button, input').length]"
        )
        assert found == [12 + 36, 35, 0] and not browser.troubles

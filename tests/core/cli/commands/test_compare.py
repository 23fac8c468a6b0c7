"""`sweeptree compare`: sides, differences, the floor of p, and what cannot be compared."""

import json
from pathlib import Path

import pytest

from core.cli_records import Ran, call
from core.report_kit import make_sweep
from sweeptree.analysis import stats


def compare(results: Path, *words: str) -> Ran:
    return call("compare", *words, "--results_dir", str(results))


def test_two_configs_of_a_sweep_stand_side_by_side(tmp_path: Path) -> None:
    make_sweep(tmp_path)
    out = compare(tmp_path, "unet", "--config", "lr=0.1", "--config", "lr=0.01").out
    rows = [line.split() for line in out.splitlines()]
    assert ["unet", "lr=0.1", "0.8190", "±", "0.0090", "3", "-"] in rows
    assert "differs   lr 0.1 | 0.01" in out and "the same, 4f2c9a1" in out
    assert "per seed  1 -0.0030   2 -0.0030   3 -0.0030   0 of 3 better" in out
    assert "no less than 0.1 is possible here" in out and "4 runs on each side could" in out


def test_the_numbers_are_those_of_the_statistics(tmp_path: Path) -> None:
    make_sweep(tmp_path)
    document = json.loads(compare(tmp_path, "unet:lr=0.1", "unet:lr=0.01", "--json").out)
    a, b = (list(side["values"].values()) for side in document["sides"])
    (row,), (found,) = document["comparisons"], stats.differences([(a, b)])
    assert (row["delta"], row["p"], row["p_floor"]) == (found.delta, found.test.p, found.test.floor)
    assert row["ci95"] == pytest.approx(found.ci95)
    assert document["differs"]["params"] == {"lr": [0.1, 0.01]}


def test_sweeps_are_compared_by_their_best_and_by_the_configs_they_share(tmp_path: Path) -> None:
    make_sweep(tmp_path, "old")
    make_sweep(
        tmp_path, "new", commit="abcdef0" + "0" * 33, shift=0.05, grid={"lr": (0.1, 0.01, 0.5)}
    )
    ran = compare(tmp_path, "old", "new")
    assert "commit    4f2c9a1 | abcdef0" in ran.out and "the same configs" in ran.out
    document = json.loads(compare(tmp_path, "old", "new", "--json").out)
    assert [one["b"] for one in document["same_configs"]] == ["new:lr=0.1", "new:lr=0.01"]
    assert [one["delta"] for one in document["same_configs"]] == pytest.approx([0.05, 0.05])


def test_p_is_adjusted_over_all_that_is_compared(tmp_path: Path) -> None:
    make_sweep(tmp_path, grid={"lr": (0.1, 0.01, 0.001)})
    words = [word for config in ("lr=0.1", "lr=0.01", "lr=0.001") for word in ("--config", config)]
    rows = json.loads(compare(tmp_path, "unet", *words, "--json").out)["comparisons"]
    assert [row["p_holm"] for row in rows] == pytest.approx(
        list(stats.holm([row["p"] for row in rows]))
    )


def test_for_a_loss_less_is_better(tmp_path: Path) -> None:
    make_sweep(tmp_path)
    out = compare(
        tmp_path, "unet", "--config", "lr=0.1", "--config", "lr=0.01", "--by", "loss:min"
    ).out
    assert "loss, less is better" in out and "0 of 3 better" in out


def test_different_metrics_are_refused_and_by_settles_it(tmp_path: Path) -> None:
    make_sweep(tmp_path, "a")
    make_sweep(tmp_path, "b", metric="loss:min")
    ran = compare(tmp_path, "a", "b")
    assert ran.code == 2 and not ran.out
    assert (
        "a ranks by val_auc:max; b ranks by loss:min" in ran.err and "--by val_auc:max" in ran.err
    )
    assert compare(tmp_path, "a", "b", "--by", "loss:min").code == 0


def test_sweeps_on_different_data_are_refused_unless_told(tmp_path: Path) -> None:
    make_sweep(tmp_path, "a", data="0a" * 32)
    make_sweep(tmp_path, "b", data="7f" * 32)
    ran = compare(tmp_path, "a", "b")
    assert ran.code == 2 and not ran.out
    assert "a:lr=0.1 on 0a0a0a0a0a0a" in ran.err and "--mix_data" in ran.err
    told = compare(tmp_path, "a", "b", "--mix_data")
    assert told.code == 0 and "data      0a0a0a0a0a0a | 7f7f7f7f7f7f" in told.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["unet"], "there is nothing to compare it with"),
        (["unet", "--config", "lr=0.1"], "--config goes with one sweep"),
        (["unet", "unet:lr=9"], "unet has no config 'lr=9'"),
        (["unet", "nothing"], "there is no sweep 'nothing'"),
        (["unet", "unet:lr=0.1", "--by", "f1"], "no config of unet has the metric 'f1'"),
    ],
)
def test_a_mistake_says_what_to_type(tmp_path: Path, words: list[str], said: str) -> None:
    make_sweep(tmp_path)
    ran = compare(tmp_path, *words)
    assert ran.code == 2 and said in ran.err and "\n  " in ran.err


@pytest.mark.parametrize("room", ["60", "120"])
def test_widths(tmp_path: Path, room: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make_sweep(tmp_path)
    monkeypatch.setenv("COLUMNS", room)
    lines = compare(tmp_path, "unet", "--config", "lr=0.1", "--config", "lr=0.01").out.splitlines()
    assert {"config", "mean", "difference", "p"} <= set(lines[2].split())
    assert all(len(line) <= int(room) for line in lines[2:8])

"""What a lane is told: the sweep's spec, without what is the driver's."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from sweeptree.errors import UsageError
from sweeptree.hosts.lanes.order import LaneOrder, lane_folder, spec_for_lane
from sweeptree.model import SweepSpec

SPEC = SweepSpec(
    exp_name="exp",
    template="python train.py --lr {lr}",
    grid={"lr": (1e-3, 1e-4)},
    seeds=(1, 2),
    setup="uv sync",
    timeout=60,
    gpus=1,
    gpu_mem=9000,
    retries=3,
    on_fail="stop",
    time_limit=3600,
    dirty="snapshot",
    only=(1,),
    hosts=("all",),
    links=("data",),
    auto_fix_before_pr=True,
    commit_and_pr=True,
    pr_artifacts=("*.pt",),
    post_pr_labels=("sweep",),
    post_pr_reviewers=("ada",),
)
FOLDER = Path("/far/lanes/exp-1-2")


def on_host() -> SweepSpec:
    return spec_for_lane(SPEC, cache=Path("/far/cache/p.git"), commit="c" * 40, folder=FOLDER)


def test_the_commands_and_what_they_need_are_those_of_the_sweep() -> None:
    spec = on_host()
    same = ("exp_name", "template", "grid", "seeds", "setup", "timeout", "gpus", "gpu_mem")
    assert [getattr(spec, name) for name in same] == [getattr(SPEC, name) for name in same]


def test_tries_fixes_and_deliveries_are_the_drivers() -> None:
    spec = on_host()
    assert (spec.retries, spec.on_fail, spec.stop_after_same) == (0, "continue", 0)
    assert (spec.time_limit, spec.only, spec.hosts, spec.links) == (None, (), (), None)
    assert not (spec.delivers or spec.auto_fix_before_pr or spec.wants_review)
    assert (spec.use_worktree, spec.dirty) == (True, "ignore")


def test_a_lanes_results_stand_in_its_folder() -> None:
    order = LaneOrder(sweep="exp-1-2", host="gpu2", spec=on_host())
    assert order.folder == lane_folder(Path("/far"), "exp-1-2") == FOLDER
    assert order.paths.root == FOLDER / "results" / "exp"
    assert LaneOrder.model_validate_json(order.model_dump_json()) == order


@pytest.mark.parametrize("fields", [{"sweep": "../x"}, {"host": "-o"}])
def test_names_are_checked(fields: dict[str, str]) -> None:
    with pytest.raises((ValidationError, UsageError)):
        LaneOrder.model_validate({"sweep": "s", "host": "h", "spec": on_host(), **fields})

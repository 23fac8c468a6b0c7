"""What an extension adds to the jobs of a sweep."""

from typing import Any

import pytest

from sweeptree.errors import UsageError
from sweeptree.model import SweepSpec
from sweeptree.plan import make_jobs, spec_hash

TEMPLATE: dict[str, Any] = {
    "template": "train --lr {lr} --bs {bs} --seed {seed}",
    "grid": ["lr=1e-3", "bs=32,64"],
    "seeds": "1-2",
}


def planned(*extensions: dict[str, Any], **fields: Any) -> list[tuple[str, int | None, str]]:
    spec = SweepSpec.model_validate({"exp_name": "x", **fields, "extensions": extensions})
    return [(job.command, job.seed, job.config_id) for job in make_jobs(spec)]


def test_more_seeds_follow_for_every_config() -> None:
    before, after = planned(**TEMPLATE), planned({"seeds": "3"}, **TEMPLATE)
    assert after[:4] == before
    assert [job[1:] for job in after[4:]] == [(3, "bs=32"), (3, "bs=64")]


def test_a_config_keeps_its_name_when_more_varies() -> None:
    after = planned({"grid": "lr=1e-4"}, {"seeds": "3"}, **TEMPLATE)
    names = list(dict.fromkeys(name for *_, name in after))
    assert names == ["bs=32", "bs=64", "lr=1e-4,bs=32", "lr=1e-4,bs=64"]
    assert [sum(job[2] == name for job in after) for name in names] == [3, 3, 3, 3]


def test_what_is_there_already_is_not_added() -> None:
    again = planned({"seeds": "1-2", "grid": "lr=0.001"}, **TEMPLATE)
    assert again == planned(**TEMPLATE)


def test_seeds_in_the_commands_are_written_anew() -> None:
    after = planned({"seeds": "2"}, commands=["t --lr 1 --seed 1", "t --lr 2 --seed 1"])
    assert [job[0] for job in after[2:]] == ["t --lr 1 --seed 2", "t --lr 2 --seed 2"]


def test_seeds_of_the_environment_go_on() -> None:
    after = planned({"seeds": "5"}, commands=["t"], seeds="4")
    assert [job[:2] for job in after] == [("t", 4), ("t", 5)]


def test_commands_are_added_as_written() -> None:
    assert planned({"commands": ["c"]}, commands=["a", "b"])[2][0] == "c"


@pytest.mark.parametrize(
    ("extension", "fields"),
    [
        ({"grid": "wd=1"}, TEMPLATE),
        ({"commands": ["c"]}, TEMPLATE),
        ({"grid": "lr=1"}, {"commands": ["a"]}),
        ({"seeds": "2"}, {"commands": ["a --seed 1 --out runs/seed1"]}),
    ],
)
def test_what_does_not_fit_is_a_usage_error(
    extension: dict[str, Any], fields: dict[str, Any]
) -> None:
    with pytest.raises(UsageError):
        planned(extension, **fields)


def test_only_leaves_out_nothing_that_is_added() -> None:
    after = planned({"commands": ["c"]}, commands=["a", "b"], only="1")
    assert [job[0] for job in after] == ["b", "c"]


def test_an_extension_makes_another_hash() -> None:
    spec = SweepSpec.model_validate({"exp_name": "x", **TEMPLATE})
    more = SweepSpec.model_validate({"exp_name": "x", **TEMPLATE, "extensions": [{"seeds": "3"}]})
    assert spec_hash(spec, "c") != spec_hash(more, "c")

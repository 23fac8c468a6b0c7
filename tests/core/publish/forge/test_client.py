"""One repository's requests: reads are repeated, writes never, waits are bounded."""

from pathlib import Path

import pytest

from core.publish.kit import Said, Scripted
from sweeptree.errors import ForgeError
from sweeptree.publish.forge.client import Refused4xx, UnknownOutcome

BUSY = {"message": "You have exceeded a secondary rate limit."}


def test_a_read_is_repeated_after_a_fault(forge: Scripted, tmp_path: Path) -> None:
    forge.says("GET /pulls", Said(502), Said(502), ["found"])
    assert forge.client(tmp_path).read("/pulls", "reading") == ["found"]
    assert (len(forge.log), forge.waits) == (3, [0.5, 1.0])


def test_a_write_whose_answer_is_lost_is_not_repeated(forge: Scripted, tmp_path: Path) -> None:
    forge.says("POST /pulls", Said(502))
    with pytest.raises(UnknownOutcome):
        forge.client(tmp_path).write("POST", "/pulls", "opening", {"title": "x"})
    assert forge.log == ["POST /pulls"]


def test_a_refusal_is_the_caller_s_to_judge(forge: Scripted, tmp_path: Path) -> None:
    forge.says("POST /pulls", Said(422, {"message": "No commits between main and x"}))
    with pytest.raises(Refused4xx) as refused:
        forge.client(tmp_path).write("POST", "/pulls", "opening", {})
    assert refused.value.refusal.says_no_commits


@pytest.mark.parametrize("value", ["0", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_retry_at_once_for_ever_is_given_up(forge: Scripted, tmp_path: Path, value: str) -> None:
    forge.says("GET /pulls", Said(429, BUSY, {"Retry-After": value}))
    with pytest.raises(ForgeError, match="rate limit"):
        forge.client(tmp_path).read("/pulls", "reading")
    assert len(forge.log) <= 10
    assert sum(forge.waits) <= 120 and min(forge.waits) > 0


def test_a_limit_that_never_resets_is_given_up(forge: Scripted, tmp_path: Path) -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}
    forge.says("GET /pulls", Said(403, BUSY, headers))
    with pytest.raises(ForgeError, match="rate limit"):
        forge.client(tmp_path).read("/pulls", "reading")
    assert len(forge.log) <= 10


def test_a_list_is_read_page_by_page(forge: Scripted, tmp_path: Path) -> None:
    forge.says("GET /x", {"total_count": 101, "items": [1] * 100}, {"items": [2]})
    assert sum(forge.client(tmp_path).pages("/x", "reading")) == 102

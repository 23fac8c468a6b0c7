import socket

import pytest

from core.publish.notify.far_side import far_side
from sweeptree.errors import UsageError
from sweeptree.publish.notify import Notice, Occasion, Recipients, check, send

NOTICE = Notice(Occasion.FAILED, "lr failed", "jobs: 1 failed\nnext: sweeptree status lr")


def test_the_far_side_gets_title_text_and_kind() -> None:
    with far_side() as side:
        assert send(NOTICE, Recipients((side.url,))) == []
    (got,) = side.got
    assert (got["title"], got["message"], got["type"]) == (NOTICE.title, NOTICE.text, "failure")


def test_who_wants_other_occasions_is_not_told() -> None:
    with far_side() as side:
        assert send(NOTICE, Recipients((side.url,), frozenset({Occasion.FINISHED}))) == []
    assert side.got == []


def test_a_far_side_that_refuses_is_one_line_without_the_address(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with far_side(500) as side:
        (trouble,) = send(NOTICE, Recipients((side.url,)))
    assert trouble.startswith("json://… was not notified")
    said = trouble + caplog.text + "".join(capfd.readouterr())
    assert "hunter2" not in said and "hook-secret" not in said


def test_one_that_is_silent_holds_up_nobody() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"json://127.0.0.1:{silent.getsockname()[1]}"
        (trouble,) = send(NOTICE, Recipients((url,)), seconds=0.2)
    assert "no answer" in trouble


def test_the_others_are_told_all_the_same() -> None:
    with far_side() as side:
        assert len(send(NOTICE, Recipients(("json://127.0.0.1:1/", side.url)))) == 1
    assert len(side.got) == 1


def test_an_address_of_no_known_kind_is_refused_unseen() -> None:
    with pytest.raises(UsageError) as caught:
        check(Recipients(("jsn://host/s3cr3t",), source="--notify"))
    assert "jsn://…" in caught.value.message
    assert "s3cr3t" not in caught.value.message

"""Which errors pass by themselves."""

import errno
import os

import pytest
from helpers import no_file_handles

from sweeptree.system.lacks import is_passing, lacks_handles


def test_what_cannot_be_opened_for_want_of_handles_is_known_as_that() -> None:
    with no_file_handles(), pytest.raises(OSError) as error:
        os.open(os.devnull, os.O_RDONLY)
    assert lacks_handles(error.value) and is_passing(error.value)


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOSPC, errno.EROFS, errno.ENOMEM])
def test_a_full_disk_and_a_lack_of_processes_pass(number: int) -> None:
    assert is_passing(OSError(number, "x"))


@pytest.mark.parametrize("error", [OSError(errno.ENOENT, "x"), ValueError("x"), OSError("x")])
def test_others_stay(error: Exception) -> None:
    assert not is_passing(error) and not lacks_handles(error)

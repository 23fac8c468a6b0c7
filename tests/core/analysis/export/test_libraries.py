"""Libraries of the extras."""

import pytest

from sweeptree.analysis.export.libraries import library
from sweeptree.errors import UsageError
from sweeptree.system.extras import install_command


def test_a_missing_library_says_what_to_install() -> None:
    with pytest.raises(UsageError, match="needs no_such_thing") as caught:
        library("no_such_thing.part", "mlflow")
    assert caught.value.hint == (install_command("mlflow"),)


def test_a_library_that_is_there_is_imported() -> None:
    assert library("json", "x").loads("1") == 1

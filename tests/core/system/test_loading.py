"""Large imports are not interrupted by the collector."""

import gc

import pytest

from sweeptree.system.loading import much_at_once


def test_the_collector_rests_meanwhile() -> None:
    with much_at_once():
        assert not gc.isenabled()
    assert gc.isenabled()
    gc.unfreeze()


def test_the_collector_works_again_after_an_error() -> None:
    with pytest.raises(ImportError), much_at_once():
        raise ImportError
    assert gc.isenabled()
    gc.unfreeze()

"""What a sweep may be called."""

import pytest

from sweeptree.model.names import check_exp_name


@pytest.mark.parametrize("name", ["a", "unet_lr-3.e4", "A" * 64])
def test_a_good_name_comes_back(name: str) -> None:
    assert check_exp_name(name) == name


@pytest.mark.parametrize("name", ["", "-a", "a/b", "a..b", "a.", "a.lock", "A" * 65])
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="a sweep's name is"):
        check_exp_name(name)

"""Names, commands, metrics and devices: what is let through, and the sentence for what is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sweeptree.model import checks


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (checks.check_exp_name, "ecg_lr-3.1"),
        (checks.check_command, "python train.py"),
        (checks.check_metric, "val_auc:max"),
        (checks.check_metric_regex, r"val_auc → (\S+)"),
        (checks.check_device_name, "^3"),
        (checks.check_device_name, "GPU-12ab"),
        (checks.check_host_choice, "gpu2.lab-1"),
    ],
)
def test_what_is_right_comes_back(check: Callable[[str], str], text: str) -> None:
    assert check(text) == text


@pytest.mark.parametrize(
    ("check", "text", "why"),
    [
        (checks.check_exp_name, "../up", "a sweep's name is"),
        (checks.check_exp_name, "a..b", "a sweep's name is"),
        (checks.check_command, " ", "a command is empty"),
        (checks.check_command, "a\0b", "NUL"),
        (checks.check_metric, "val auc", "name:max"),
        (checks.check_metric_regex, "val", "brackets"),
        (checks.check_metric_regex, "(", "no regular expression"),
        (checks.check_device_name, "gpu0", "by its index"),
        (checks.check_host_choice, "-oProxyCommand=x", "a host is named by"),
        (checks.check_host_choice, "a/b", "a host is named by"),
    ],
)
def test_what_is_wrong_is_named(check: Callable[[str], str], text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        check(text)

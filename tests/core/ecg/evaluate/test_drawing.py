"""What is said where matplotlib is missing."""

import subprocess
import sys

import pytest

from sweeptree.ecg.evaluate import drawing
from sweeptree.errors import UsageError
from sweeptree.system.extras import install_command


def test_a_missing_matplotlib_is_named_with_two_ways_on(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UsageError, match="need matplotlib") as caught:
        drawing.check()
    assert caught.value.hint == (install_command("ecg"), "or go without: --no-figures")


@pytest.mark.slow
def test_an_evaluation_without_figures_does_not_load_matplotlib():
    code = "import sys, sweeptree.ecg.evaluate.evaluator; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"

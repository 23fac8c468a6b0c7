"""The doors of the extra: functions under the names of their rooms, numpy only when it is used."""

import subprocess
import sys

import pytest

from sweeptree.ecg.extra import lazily
from sweeptree.errors import UsageError
from sweeptree.system.extras import install_command


def in_python(code):
    argv = [sys.executable, "-c", code]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.slow
def test_the_rooms_give_their_functions_in_whatever_order_they_are_imported():
    code = """
import sweeptree.ecg.curate.curator, sweeptree.ecg.evaluate.evaluator
from sweeptree.ecg.curate import curate
from sweeptree.ecg.evaluate import evaluate
print(callable(curate), callable(evaluate))
"""
    assert in_python(code) == "True True"


def test_the_package_alone_does_not_load_numpy():
    assert in_python("import sys, sweeptree.ecg; print('numpy' in sys.modules)") == "False"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nothing"):
        lazily({})("nothing")


def test_a_missing_library_is_named_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "numpy", None)
    monkeypatch.delitem(sys.modules, "sweeptree.ecg.dataset", raising=False)
    with pytest.raises(UsageError, match="need numpy, which is not installed") as caught:
        lazily({"load": "dataset"})("load")
    assert caught.value.hint == (install_command("ecg"),)

"""A small project about ECGs, before the changes that the reviewer is graded on."""

PROJECT = {
    "pyproject.toml": """\
[project]
name = "ecgnet"
version = "0.3.0"
dependencies = ["numpy>=1.26", "torch>=2.1"]
""",
    "README.md": "# ecgnet\n\nClassifies ECGs.\n",
    "ecgnet/__init__.py": '"""ECG models."""\n',
    "ecgnet/signal.py": '''\
"""Windows and filters."""

from __future__ import annotations

import numpy as np


def window(x: np.ndarray, size: int, step: int = 1) -> np.ndarray:
    """Cut a signal into windows of `size` samples, `step` apart."""
    starts = range(0, len(x) - size + 1, step)
    return np.stack([x[start : start + size] for start in starts])


def normalise(x: np.ndarray, eps: float = 1e-8) -> np.ndarray:
    """Zero mean and unit variance."""
    return (x - x.mean()) / (x.std() + eps)


def resample(x: np.ndarray, factor: int) -> np.ndarray:
    """Keep every `factor`-th sample."""
    if factor < 1:
        raise ValueError("factor must be at least 1")
    return x[::factor]


def heart_rate(peaks: list[int], rate: float) -> float:
    """Beats per minute, from the samples of the R peaks."""
    if len(peaks) < 2:
        return 0.0
    gaps = np.diff(peaks) / rate
    return 60.0 / float(np.mean(gaps))


def _unused_gain(x: np.ndarray) -> np.ndarray:
    return x * 2
''',
    "ecgnet/metrics.py": '''\
"""Scores."""

from __future__ import annotations


def accuracy(truth: list[int], guess: list[int]) -> float:
    """The share of equal labels."""
    if len(truth) != len(guess):
        raise ValueError("lengths differ")
    same = sum(a == b for a, b in zip(truth, guess, strict=True))
    return same / len(truth)


def f1(truth: list[int], guess: list[int]) -> float:
    """The harmonic mean of precision and recall of label 1."""
    hits = sum(a == b == 1 for a, b in zip(truth, guess, strict=True))
    total = sum(truth) + sum(guess)
    return 2 * hits / total if total else 0.0


def grade(score: float) -> str:
    """A letter for a score between 0 and 1."""
    if score >= 0.9:
        return "A"
    if score >= 0.7:
        return "B"
    return "C"
''',
    "ecgnet/records.py": '''\
"""Records on disk."""

from __future__ import annotations

import json
from pathlib import Path


def read_record(path: Path) -> dict[str, float]:
    """The numbers of one record."""
    return {key: float(value) for key, value in json.loads(path.read_text()).items()}


def find_records(folder: Path, pattern: str = "*.json") -> list[Path]:
    """The records in a folder, by name."""
    return sorted(folder.glob(pattern))


def best(records: dict[str, float]) -> str | None:
    """The name with the highest score; None where there is none."""
    if not records:
        return None
    return max(records, key=lambda name: records[name])


def title(records: dict[str, float]) -> str:
    """A headline."""
    name = best(records)
    return "nothing" if name is None else name.upper()
''',
    "ecgnet/train.py": '''\
"""Training."""

from __future__ import annotations

import torch
from torch.utils.data import DataLoader


def loader(data, batch_size: int = 32):
    """Batches of the data."""
    return DataLoader(data, batch_size=batch_size, shuffle=True, num_workers=4, pin_memory=True)


def train(model, batches, optimizer, device: str = "cuda"):
    """One epoch; the mean loss."""
    total = torch.zeros((), device=device)
    for x, y in batches:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x.to(device)), y.to(device))
        loss.backward()
        optimizer.step()
        total += loss.detach()
    return total / len(batches)


@torch.no_grad()
def evaluate(model, batches, device: str = "cuda"):
    """The share of right answers."""
    model.eval()
    right = [(model(x.to(device)).argmax(1).cpu() == y).float().mean() for x, y in batches]
    return torch.stack(right).mean()
''',
    "ecgnet/service.py": '''\
"""Jobs for the cluster."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path


def archive(folder: Path, target: Path) -> int:
    """Pack a folder."""
    return subprocess.run(["tar", "-cf", str(target), str(folder)], check=False).returncode


async def poll(seconds: float, times: int) -> int:
    """Wait a few times."""
    done = 0
    for _ in range(times):
        await asyncio.sleep(seconds)
        done += 1
    return done


def collect(names: list[str], seen: list[str] | None = None) -> list[str]:
    """Names that were not seen before."""
    known = set(seen or [])
    return [name for name in names if name not in known]
''',
    "tests/test_signal.py": """\
import numpy as np
import pytest

from ecgnet.signal import heart_rate, normalise, resample, window


@pytest.mark.parametrize("size", [1, 2, 3])
def test_window_has_the_size(size):
    assert window(np.arange(6), size).shape == (7 - size, size)


def test_window_steps():
    assert window(np.arange(6), 2, step=2).tolist() == [[0, 1], [2, 3], [4, 5]]
    assert window(np.arange(3), 2).tolist() == [[0, 1], [1, 2]]


def test_normalise():
    done = normalise(np.array([1.0, 2.0, 3.0]))
    assert done.mean() == pytest.approx(0.0, abs=1e-9)
    assert done.std() == pytest.approx(1.0, rel=1e-6)


def test_resample():
    assert resample(np.arange(6), 2).tolist() == [0, 2, 4]
    with pytest.raises(ValueError):
        resample(np.arange(6), 0)


def test_heart_rate():
    assert heart_rate([0, 100, 200], 100.0) == 60.0
    assert heart_rate([5], 100.0) == 0.0
""",
    "tests/test_metrics.py": """\
import pytest

from ecgnet.metrics import accuracy, f1, grade


def test_accuracy():
    assert accuracy([1, 0, 1, 1], [1, 0, 0, 1]) == 0.75
    with pytest.raises(ValueError):
        accuracy([1], [])


def test_f1():
    assert f1([1, 0, 1], [1, 1, 1]) == pytest.approx(0.8)
    assert f1([0], [0]) == 0.0


def test_grade():
    assert [grade(score) for score in (0.95, 0.8, 0.1)] == ["A", "B", "C"]
""",
    "tests/test_records.py": """\
import json

from ecgnet.records import best, find_records, read_record, title


def test_records(tmp_path):
    for name in ("b", "a"):
        (tmp_path / f"{name}.json").write_text(json.dumps({"auc": 1}))
    assert [path.name for path in find_records(tmp_path)] == ["a.json", "b.json"]
    assert read_record(tmp_path / "a.json") == {"auc": 1.0}


def test_best():
    assert best({"x": 0.1, "y": 0.9}) == "y"
    assert best({}) is None
    assert (title({"x": 1.0}), title({})) == ("X", "nothing")
""",
    "tests/test_service.py": """\
import asyncio

from ecgnet.service import archive, collect, poll


def test_archive(tmp_path):
    (tmp_path / "a").mkdir()
    assert archive(tmp_path / "a", tmp_path / "a.tar") == 0


def test_poll():
    assert asyncio.run(poll(0.0, 3)) == 3


def test_collect():
    assert collect(["a", "b"], ["a"]) == ["b"]
""",
}

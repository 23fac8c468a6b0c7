"""The benchmarks run: a small one, whose figures nobody judges."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "tests.bench", *words]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_benchmark_prints_a_table_and_appends_its_figures(tmp_path: Path) -> None:
    ran = bench("output", "--quick", "--results", str(tmp_path))
    assert ran.returncode == 0, ran.stderr
    assert "our_cpu_s" in ran.stdout
    (line,) = (tmp_path / "output.jsonl").read_text().splitlines()
    found = json.loads(line)
    assert found["quick"]
    assert [row["bytes"] for row in found["rows"]] == [0, 1_000_000]
    assert all(row["our_cpu_s"] > 0 for row in found["rows"])


def test_an_unknown_benchmark_is_a_usage_error(tmp_path: Path) -> None:
    ran = bench("nonsense", "--results", str(tmp_path))
    assert ran.returncode == 2
    assert "overhead_large" in ran.stderr

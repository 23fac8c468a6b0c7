"""Signals against wfdb."""

import numpy as np
import pytest
import wfdb

from core.ecg import ptbxl_like
from sweeptree.ecg import CurateSpec, load
from sweeptree.ecg.curate import curate


def run(source, out, **options):
    return curate(CurateSpec(source=str(source), out=out, **options))


def test_signals_equal_those_that_wfdb_reads(both_rates, tmp_path):
    run(both_rates, tmp_path / "out", rate="both")
    data = load(tmp_path / "out")
    for rate in (100, 500):
        for row in (0, 7, 19):
            record = wfdb.rdrecord(str(both_rates / ptbxl_like.stem(int(data.ecg_ids[row]), rate)))
            mine = data.signals[rate][row] / np.float32(1000)
            np.testing.assert_array_equal(mine, record.p_signal.astype(np.float32))


@pytest.mark.slow
@pytest.mark.realdata
def test_real_signals_equal_those_that_wfdb_reads(real, tmp_path):
    run(real, tmp_path / "out", rate="100", limit=100)
    data = load(tmp_path / "out")
    for row in range(100):
        record = wfdb.rdrecord(str(real / ptbxl_like.stem(int(data.ecg_ids[row]), 100)))
        np.testing.assert_array_equal(
            data.signals[100][row] / np.float32(1000), record.p_signal.astype(np.float32)
        )

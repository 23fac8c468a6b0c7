"""Scores per subgroup."""

from core.ecg.evaluation_kit import judge, on_dataset, table


def test_subgroups_count_every_record_once_per_kind(processed, tmp_path):
    judge(
        on_dataset(processed, tmp_path / "run"),
        data=processed,
        resample="patient",
        out=tmp_path / "out",
    )
    rows = table(tmp_path / "out" / "subgroups.csv")
    for kind in ("sex", "age", "device", "site", "signal", "pacemaker"):
        assert sum(int(r["n"]) for r in rows if r["group"] == kind) == 2

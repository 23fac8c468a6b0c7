"""What a job reports, and in which form; whatever it writes, nothing is raised."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import sweeptree
from sweeptree.analysis import metrics
from sweeptree.analysis.metrics.found import MAX_NAMES
from sweeptree.model.values import Metrics


def collected(
    tmp_path: Path, file: bytes | None = None, log: bytes = b"", metric: str | None = None
) -> Metrics:
    if file is not None:
        (tmp_path / "job_0.metrics.jsonl").write_bytes(file)
    (tmp_path / "job_0.log").write_bytes(log)
    return read(tmp_path / "job_0.metrics.jsonl", tmp_path / "job_0.log", metric)


def read(file: Path, log: Path, metric: str | None = None) -> Metrics:
    return metrics.collect(metrics.Places(file, log), metrics.Wanted(metric)).metrics


def test_the_last_value_of_each_name_counts(tmp_path: Path) -> None:
    found = collected(tmp_path, b'{"step":1,"val_auc":0.9,"loss":2}\n{"step":2,"val_auc":0.8}\n')
    assert found.values == {"val_auc": 0.8, "loss": 2.0}
    assert found.source == "job_0.metrics.jsonl"
    assert found.best is None


@pytest.mark.parametrize(
    ("metric", "value", "step"), [("m", 3, 2), ("m:min", 1, 1), ("m:max", 3, 2)]
)
def test_best_is_the_first_best_by_its_goal(
    tmp_path: Path, metric: str, value: float, step: int
) -> None:
    lines = b"".join(b'{"step":%d,"m":%d}\n' % pair for pair in [(1, 1), (2, 3), (3, 3), (4, 2)])
    best = collected(tmp_path, lines, metric=metric).best
    assert best is not None
    assert (best["metric"], best["value"], best["step"]) == ("m", value, step)


def test_one_object_may_be_nested_and_spread_over_lines(tmp_path: Path) -> None:
    text = json.dumps({"val": {"auc": 0.9, "per": {"af": 0.8}}, "ok": True, "note": "x"}, indent=2)
    assert collected(tmp_path, text.encode()).values == {"val.auc": 0.9, "val.per.af": 0.8}


def test_a_history_of_lists_is_a_series(tmp_path: Path) -> None:
    found = collected(
        tmp_path, b'{"val_loss": [3, 1, 2], "train_loss": [3, 2, 1]}', metric="val_loss"
    )
    assert found.values == {"val_loss": 2.0, "train_loss": 1.0}
    assert found.best == {"metric": "val_loss", "value": 1.0, "step": 2, "goal": "min"}


def test_torn_lines_and_other_text_are_skipped(tmp_path: Path) -> None:
    assert collected(tmp_path, b'{"a":1}\nhello\n[1]\n\x00\xff\n{"a":2,"b":3}\n{"a":9').values == {
        "a": 2.0,
        "b": 3.0,
    }


def test_what_is_not_finite_is_left_out_and_named(tmp_path: Path) -> None:
    found = collected(tmp_path, b'{"a":NaN,"b":Infinity,"c":1' + b"0" * 400 + b',"d":1}')
    assert found.values == {"d": 1.0}
    assert found.source == "job_0.metrics.jsonl (not finite: a, b, c)"


def test_marked_lines_come_before_the_last_json_line(tmp_path: Path) -> None:
    log = b'SWEEPTREE {"auc": 0.7}\rx SWEEPTREE {"auc": 1}\n'
    log += b'  SWEEPTREE {"auc": 0.8, "n": 2}\r\n{"auc": 0.1}\n'
    found = collected(tmp_path, b"", log)
    assert found.values == {"auc": 0.8, "n": 2.0}
    assert found.source == "job_0.log: SWEEPTREE lines"


def test_the_first_source_with_the_wanted_metric_wins(tmp_path: Path) -> None:
    found = collected(tmp_path, b'{"loss": 1}\n', b"val_auc = 0.9\n", metric="val_auc:max")
    assert found.values == {"val_auc": 0.9}
    assert found.source == "job_0.log: printed numbers"


def test_where_only_others_stand_the_first_source_wins_and_says_so(tmp_path: Path) -> None:
    found = collected(tmp_path, b'{"loss": 1}\n', b"val_auc -> 0.9\n", metric="val_auc")
    assert found.values == {"loss": 1.0}
    assert found.source is not None
    assert found.source.startswith("job_0.metrics.jsonl; no val_auc there: val_auc stands at line")


def test_another_value_elsewhere_is_told(tmp_path: Path) -> None:
    found = collected(tmp_path, b'{"auc": 0.9}', b"auc = 0.7\n", metric="auc")
    assert found.source == "job_0.metrics.jsonl; auc is 0.7 in job_0.log: printed numbers"


def test_a_rounded_value_elsewhere_is_the_same(tmp_path: Path) -> None:
    found = collected(tmp_path, b'{"auc": 0.91234}', b"auc = 0.91\n", metric="auc")
    assert found.source == "job_0.metrics.jsonl"


def test_a_metrics_file_that_says_nothing_is_told_beside_the_log(tmp_path: Path) -> None:
    found = collected(tmp_path, b"\xffoo", b"val_auc = 0.9\n", metric="val_auc")
    assert found.values == {"val_auc": 0.9}
    assert found.source is not None
    assert found.source.startswith("job_0.log: printed numbers; job_0.metrics.jsonl holds no JSON")


def test_the_last_json_line_with_a_number_counts(tmp_path: Path) -> None:
    found = collected(
        tmp_path, None, b'{"auc": 0.1}\n{"auc": 0.9}\n{"state": "done"}\n{torn}\nbye\n'
    )
    assert found.values == {"auc": 0.9}
    assert found.source == "job_0.log: last JSON object"


def test_only_the_end_of_a_huge_log_is_read(tmp_path: Path) -> None:
    log = tmp_path / "job_0.log"
    with log.open("wb") as stream:
        stream.truncate(50 * 1024**3)
        stream.seek(0, os.SEEK_END)
        stream.write(b'\n{"auc": 0.9}\n')
    assert read(tmp_path / "none", log, None).values == {"auc": 0.9}


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text('{"a": 1}')
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    assert read(tmp_path / "link", tmp_path / "link", None) == Metrics()


def test_a_fifo_in_place_of_the_file_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    assert read(tmp_path / "fifo", tmp_path / "fifo", None) == Metrics()


def test_hostile_names_and_numbers_of_names_are_bounded(tmp_path: Path) -> None:
    values = {"x" * 500: 1, "a\nb": 1, **{f"m{i}": i for i in range(3000)}}
    found = collected(tmp_path, json.dumps(values).encode())
    assert len(found.values) == MAX_NAMES
    assert "only the first 1000 names" in str(found.source)


@pytest.mark.parametrize("text", [b"[" * 100_000, b'{"a":' * 100_000, b"", b'{"\\ud800": 1}'])
def test_whatever_a_job_writes_nothing_is_raised(tmp_path: Path, text: bytes) -> None:
    assert collected(tmp_path, text, text).values == {}


def test_log_appends_lines_that_collect_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "job_0.metrics.jsonl"
    monkeypatch.setenv("SWEEPTREE_METRICS", str(file))
    sweeptree.log(step=1, val_auc=0.5)
    sweeptree.log(step=2, val_auc=0.9, **{"val/f1": 1})
    assert file.read_text() == '{"step":1,"val_auc":0.5}\n{"step":2,"val_auc":0.9,"val/f1":1.0}\n'
    assert read(file, tmp_path / "none", "val_auc").best == {
        "metric": "val_auc", "value": 0.9, "step": 2, "goal": "max",
    }  # fmt: skip


def test_log_does_nothing_outside_a_sweep_and_in_other_ranks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SWEEPTREE_METRICS", raising=False)
    sweeptree.log(a=1)
    monkeypatch.setenv("SWEEPTREE_METRICS", str(tmp_path / "m"))
    monkeypatch.setenv("RANK", "1")
    sweeptree.log(a=1)
    assert not (tmp_path / "m").exists()


def test_log_needs_the_standard_library_only() -> None:
    heavy = "[m for m in ('pydantic', 'pandas', 'prefect') if m in sys.modules]"
    code = f"import sys, sweeptree; sweeptree.log(a=1); print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("metric", ["val_auc:max", "val_auc:min"])
@pytest.mark.parametrize("last", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b'"NaN"'])
def test_a_metric_that_ends_with_no_number_has_diverged(
    tmp_path: Path, metric: str, last: bytes
) -> None:
    lines = b'{"val_auc":0.9,"loss":1}\n{"val_auc":%s,"loss":2}\n' % last
    found = collected(tmp_path, lines, metric=metric)
    assert (found.values, found.best) == ({"loss": 2.0}, None)
    assert found.diverged == ("val_auc",)


def test_a_metric_that_comes_back_has_not_diverged(tmp_path: Path) -> None:
    found = collected(tmp_path, b'{"m":NaN}\n{"m":2}\n', metric="m")
    assert (found.values, found.diverged) == ({"m": 2.0}, ())
    assert found.best is not None


@pytest.mark.parametrize(
    ("file", "log"),
    [
        (b'{"m": [1, 2, NaN]}', b""),
        (b'{"m": NaN}', b'SWEEPTREE {"m": 1}\n'),
        (None, b'{"m": 1}\n{"m": NaN}\n'),
    ],
)
def test_no_other_source_stands_in_for_a_diverged_one(
    tmp_path: Path, file: bytes | None, log: bytes
) -> None:
    found = collected(tmp_path, file, log, metric="m")
    assert (dict(found.values), found.diverged) == ({}, ("m",))


@pytest.mark.parametrize(
    "bar",
    [
        b"\r 20%|##        | 2/10 [00:01<00:04, 1.9it/s]",
        "\rEpoch 3:  40%|████      | 4/10".encode(),
        b"\x1b[32m",
        b"\r12.5it/s ",
    ],
)
@pytest.mark.parametrize("line", [b'SWEEPTREE {"a": 1}', b'{"a": 1}'])
def test_a_progress_bar_before_a_metric_does_not_hide_it(
    tmp_path: Path, bar: bytes, line: bytes
) -> None:
    assert collected(tmp_path, log=b"start\n" + bar + line + b"\n").values == {"a": 1.0}


@pytest.mark.parametrize(
    "file",
    [
        b'\xef\xbb\xbf{"a": 0}\n{"a": 1}\n',
        b'[{"a": 0},\n {"a": 1}]\n',
        b'\xef\xbb\xbf[{"a": 1}, 3]',
    ],
)
def test_a_byte_order_mark_and_an_array_are_read(tmp_path: Path, file: bytes) -> None:
    assert collected(tmp_path, file).values == {"a": 1.0}
    assert metrics.history([tmp_path / "job_0.metrics.jsonl"], {"a"})["a"][-1][1] == 1.0


@pytest.mark.parametrize(
    ("file", "log", "says"),
    [
        (b"a,b\n1,2\n", b"", "it begins with 'a,b'"),
        ("{}".encode("utf-16"), b"", "UTF-16"),
        (None, b"SWEEPTREE a=1\n", "no line SWEEPTREE {json}"),
    ],
)
def test_where_nothing_was_found_a_word_says_what_stood_there(
    tmp_path: Path, file: bytes | None, log: bytes, says: str
) -> None:
    source = collected(tmp_path, file, log).source
    assert source is not None
    assert says in source


def test_a_file_whose_name_is_no_text_has_a_name_for_the_record(tmp_path: Path) -> None:
    folder = tmp_path / "job_0" / "artifacts"
    folder.mkdir(parents=True)
    (folder / os.fsdecode(b"\xff.csv")).write_text("val_auc\n0.5\n")
    places = metrics.Places(tmp_path / "m", tmp_path / "log", tmp_path / "job_0")
    found = metrics.collect(places, metrics.Wanted("val_auc")).metrics
    assert found.values == {"val_auc": 0.5}
    assert str(found.source).encode() == "job_0/artifacts/\ufffd.csv".encode()


def test_what_was_wrong_with_files_that_say_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "job_0").mkdir()
    (tmp_path / "job_0" / "metrics.csv").write_bytes(b"val_auc" + bytes(9))
    places = metrics.Places(tmp_path / "m", tmp_path / "log", tmp_path / "job_0")
    found = metrics.collect(places, metrics.Wanted("val_auc")).metrics
    assert found.source == "none found: job_0/metrics.csv (not text)"

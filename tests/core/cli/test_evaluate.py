"""`sweeptree evaluate` on the command line."""

import json

import pytest

from core.ecg.evaluation_kit import save
from sweeptree.cli.commands.evaluate import evaluate, summary
from sweeptree.ecg.evaluate.spec import EvaluationReport, JudgeSpec
from sweeptree.errors import UsageError

QUICK = JudgeSpec(bootstrap=20, figures=False)


def test_nothing_to_judge_says_what_to_give():
    with pytest.raises(UsageError, match="no predictions were given") as caught:
        evaluate()
    assert "--command" in caught.value.hint[1]


def test_predictions_and_a_command_are_one_too_many(tmp_path):
    with pytest.raises(UsageError, match="not both"):
        evaluate(tmp_path, options=JudgeSpec(command="python x.py"))


def test_a_dry_run_names_what_would_be_judged_and_written(tmp_path, capsys):
    save(tmp_path / "run")
    assert evaluate(tmp_path / "run", dry_run=True) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("judge   ")
    assert lines[1] == "data    none: ids and labels cannot be checked"
    assert not (tmp_path / "run" / "evaluation").exists()


def test_json_is_the_report(tmp_path, capsys):
    save(tmp_path / "run")
    assert evaluate(tmp_path / "run", options=QUICK, json=True) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "classification"


def report(**scores):
    return EvaluationReport(
        out="out",
        kind="classification",
        data_digest=None,
        runs={name: {"auc_macro": value, "ap_macro": None} for name, value in scores.items()},
        intervals={name: {"auc_macro": (0.1, 0.9)} for name in scores},
        best="b",
        files=(),
        warnings=("one\x1b[31m",),
        markdown="",
    )


def test_runs_stand_from_best_to_worst_and_unknown_ones_last():
    lines = summary(report(a=0.5, b=0.8, c=None)).splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["b", "a", "c"]
    assert lines[1] == "b    0.800 [0.100, 0.900]  n/a"


def test_escapes_of_a_run_do_not_reach_the_terminal():
    assert "\x1b" not in summary(report(a=0.5))

"""`sweeptree evaluate --command` as a user gives it."""

from __future__ import annotations

import json
import signal

import pytest
from conftest import Cli, ended
from sweep_kit import wait_for

pytestmark = [pytest.mark.engine, pytest.mark.e2e]

ROWS = r"sample_idx,A_pred,A_true\n0,0.1,0\n1,0.9,1\n2,0.2,0\n3,0.8,1\n"
PREDICT = f"printf '{ROWS}' > diagnostic_preds.csv; echo predicted"
QUICK = ("--bootstrap", "10", "--no-figures")


def test_a_command_is_run_and_judged_and_stdout_is_one_document(cli: Cli) -> None:
    done = cli.call(
        "sweeptree", "evaluate", "--command", PREDICT, "--exp_name", "judged", *QUICK, "--json"
    )
    document = json.loads(done.stdout)
    assert (done.returncode, document["runs"]["job_0"]["auc_macro"]) == (0, 1.0)
    assert (cli.paths("judged").root / "evaluation" / "report.md").is_file()
    again = cli.call("sweeptree", "evaluate", "--command", PREDICT, "--exp_name", "judged", *QUICK)
    assert again.returncode == 3 and "judges what it made" in again.stderr
    assert cli.call("sweeptree", "evaluate", cli.paths("judged").root, *QUICK).returncode == 0


def test_a_failing_command_ends_with_1_and_its_last_lines(cli: Cli) -> None:
    done = cli.call(
        "sweeptree",
        "evaluate",
        "--command",
        "echo no model.pt >&2; exit 7",
        "--exp_name",
        "bad",
        *QUICK,
    )
    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (1, "", False)
    assert "exit code 7\n  | no model.pt\n" in done.stderr


def test_an_interrupt_ends_the_command_and_130(cli: Cli) -> None:
    with cli.running(
        "sweeptree", "evaluate", "--command", "echo ready; sleep 300", "--exp_name", "halt"
    ) as run:
        log = cli.paths("halt").log(0)
        wait_for(lambda: log.exists() and "ready" in log.read_text())
        run.send_signal(signal.SIGINT)
        code, _, err = ended(run)
    assert code == 130 and "was interrupted" in err


def test_a_dry_run_changes_nothing(cli: Cli) -> None:
    done = cli.call(
        "sweeptree", "evaluate", "--command", PREDICT, "--exp_name", "plan", "--dry_run"
    )
    assert done.returncode == 0 and "nothing has been changed" in done.stdout
    assert not (cli.folder / "results").exists() and not (cli.folder / ".sweeptree").exists()

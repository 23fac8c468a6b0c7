"""Numbers that scripts and trainers print for people."""

import pytest

from sweeptree.analysis.metrics.log_pairs import lines_of, pair_points

KERAS = "32/32 \x1b[32m━━━\x1b[0m 1s 3ms/step - auc: 0.95 - loss: 0.31 - val_auc: 0.91"
BOX = "┃     Test metric     ┃   DataLoader 0   ┃\n│       val_auc       │      0.91        │"
LINES = "──────\n     Test metric       DataLoader 0\n──────\n      val_auc      0.91\n"
FASTAI = "epoch     train_loss  val_auc   time    \n0         0.1         0.91      00:01   \n"
ONE_BLANK = "epoch | loss | val_auc\n------+------+-------\n1 | 0.2 | 0.91\n"
MARKDOWN = "| metric | value |\n|---|---|\n| val_auc | 0.91 |\n"


@pytest.mark.parametrize(
    "log",
    [
        "val_auc = 0.91",
        "epoch 3: val_auc=0.91, loss=1e-3",
        "[rank0]: val_auc : 0.91.",
        "{'val_auc': 0.91, 'epoch': 2.0}",
        " 50%|##   | 1/2 [00:01<00:01, 1.2it/s]val_auc: 0.91",
        *(KERAS, BOX, LINES, FASTAI, ONE_BLANK, MARKDOWN),
    ],
)
def test_a_printed_number_is_found(log: str) -> None:
    points = list(pair_points(f"start\n{log}\n".encode(), "val_auc"))
    assert [each.numbers["val_auc"] for each in points] == [0.91]


@pytest.mark.parametrize(
    "log", ["my_val_auc = 0.91", "val_auc: 12:30:05", "val_auc: 1.2.3", "val_auc improved"]
)
def test_what_is_no_number_of_that_name_is_not_taken(log: str) -> None:
    assert not list(pair_points(log.encode(), "val_auc"))


def test_without_a_wanted_metric_settings_and_times_are_no_metrics() -> None:
    log = b"lr = 0.001, epochs: 3\ntook: 12.5\nbest accuracy = 0.9\ntest_loss: 0.2\n"
    found = [dict(each.numbers) for each in pair_points(log, None)]
    assert found == [{"accuracy": 0.9}, {"test_loss": 0.2}]


def test_the_step_is_told_on_the_line_or_before() -> None:
    log = b"Epoch 1/2\nval_auc: 0.8\n[7]\tval_auc:0.9\nstep=9 val_auc=0.95\n"
    assert [each.step for each in pair_points(log, "val_auc")] == [1, 7, 9]


def test_a_number_that_is_not_finite_has_diverged() -> None:
    (point,) = pair_points(b"val_auc: nan", "val_auc")
    assert point.not_finite == {"val_auc"}


def test_a_carriage_return_ends_a_line_and_colours_go() -> None:
    assert list(lines_of(b"a\r\x1b[1mb\x1b[0m\nc")) == ["a", "b", "c"]

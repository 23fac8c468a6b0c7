"""What a person sees of a long step."""

import io

from sweeptree.ecg.progress import Reporter, TextReporter


class Terminal(io.StringIO):
    def isatty(self):
        return True


def stage(reporter, *updates):
    with reporter.stage("verify", "records") as update:
        for done in updates:
            update(done, 1000)


def test_a_stage_ends_in_one_line_where_there_is_no_terminal():
    stream = io.StringIO()
    stage(TextReporter(stream), 10, 1000)
    assert stream.getvalue().startswith("verify: 1,000 of 1,000 records, ")
    assert stream.getvalue().count("\n") == 1


def test_a_stage_that_broke_off_says_how_far_it_was():
    stream = io.StringIO()
    stage(TextReporter(stream), 10)
    assert "10 of 1,000 records" in stream.getvalue()
    assert "left" in stream.getvalue()


def test_a_stage_without_steps_says_nothing():
    stream = io.StringIO()
    stage(TextReporter(stream))
    assert stream.getvalue() == ""


def test_a_terminal_sees_a_moving_line_that_is_cleared_at_the_end():
    stream = Terminal()
    stage(TextReporter(stream), 10, 1000)
    assert "\r\x1b[K" in stream.getvalue()
    assert stream.getvalue().endswith("\n")


def test_the_silent_reporter_takes_the_same_calls(capsys):
    stage(Reporter(), 1)
    Reporter().say("nothing")
    assert capsys.readouterr() == ("", "")

"""What an agent is told."""

from core.repair.kit import failed, report_of, results
from sweeptree.repair.failures import FailureReport
from sweeptree.repair.prompt import make_prompt


def test_the_prompt_names_each_test_where_it_fails_and_what_is_forbidden() -> None:
    text = make_prompt(report_of(failed(), failed("other")))
    assert "## test_program.py::test_double" in text and "## other" in text
    assert "In program.py, line 2: `return x + x + 1`" in text
    assert "    E   assert 5 == 4" in text and "Never edit tests" in text


def test_many_failing_tests_are_counted() -> None:
    text = make_prompt(report_of(*(failed(f"t{n}") for n in range(25))))
    assert "and 5 more failing tests" in text and "## t20" not in text


def test_a_command_that_tells_no_test_is_shown_with_its_last_words() -> None:
    assert "The command fails" in make_prompt(FailureReport(results(), ()))

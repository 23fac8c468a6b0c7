"""Templates: fields, braces and quotes."""

import pytest

from core.plan.plan_kit import template
from sweeptree.errors import UsageError
from sweeptree.plan.template import Field, parse_template


def test_a_value_is_one_word_of_the_shell() -> None:
    (job,) = template(
        "echo {a} '{b}' ${HOME} {{x}}", grid={"a": ("1; rm -rf ~",), "b": ("two words",)}
    )
    assert job.command == "echo '1; rm -rf ~' 'two words' ${HOME} {x}"


def test_a_field_knows_the_quote_that_is_open_before_it() -> None:
    pieces = parse_template("""t {a} '{b}' "\\"{c}" """).pieces
    fields = [piece for piece in pieces if isinstance(piece, Field)]
    assert fields == [Field("a", ""), Field("b", "'"), Field("c", '"')]


def test_a_value_that_its_quotes_cannot_hold_is_refused() -> None:
    with pytest.raises(UsageError, match="inside quotes"):
        parse_template("t '{a}'").filled({"a": "$(rm x)"})

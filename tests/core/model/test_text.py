"""Values as text: durations, amounts, seeds, lists, grids; and the fields that take them."""

from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from sweeptree.errors import UsageError
from sweeptree.model.text import (
    DURATION,
    GRID,
    SEEDS,
    parse_duration,
    parse_grid,
    parse_hosts,
    parse_job_numbers,
    parse_mebibytes,
    parse_seeds,
    parse_slurm,
    parse_words,
    shorten,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("2h", 7200), ("1h30m", 5400), ("1.5h", 5400), ("45", 45), ("1d", 86400)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "-5s", "2x", "h", "1h2h", "inf", "nan", "9" * 400])
def test_bad_durations_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "seeds"), [("1,2,3", (1, 2, 3)), ("5", (5,)), ("1-3,7", (1, 2, 3, 7)), ("-1", (-1,))]
)
def test_seeds(text: str, seeds: tuple[int, ...]) -> None:
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "a", "1,,2", "3-1", "1,1", "1-999999999999", "1.5"])
def test_bad_seeds_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_seeds(text)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("x=[64,64],[128,128]", ("[64,64]", "[128,128]")),
        ("x=(1,(2,3)), {'a': 1,'b': 2}", ("(1,(2,3))", "{'a': 1,'b': 2}")),
        ("x='a,b',don't,d", ("a,b", "don't", "d")),
        ('x="[",b', ("[", "b")),
        ("x=a],b", ("a]", "b")),
        ('x="say ""yes""",b', ('say "yes"', "b")),
        ("x=3.10,010", ("3.10", "010")),
    ],
)
def test_a_comma_in_brackets_or_quotes_separates_no_values(
    text: str, values: tuple[str, ...]
) -> None:
    assert parse_grid(text) == {"x": values}


def test_grid_keeps_values_as_written() -> None:
    assert parse_grid("lr=1e-3, 3e-4", 'opt="a,b",c') == {
        "lr": ("1e-3", "3e-4"),
        "opt": ("a,b", "c"),
    }


@pytest.mark.parametrize("text", ["lr", "=1", "lr=", "lr=1,,2", "a b=1"])
def test_bad_grids_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_grid(text)


def test_a_parameter_is_given_once() -> None:
    with pytest.raises(UsageError, match="gives lr twice"):
        parse_grid("lr=1", "lr=2")


@pytest.mark.parametrize(
    ("text", "mib"), [("18G", 18432), ("900M", 900), ("1.5GiB", 1536), ("24gb", 24576), ("0", 0)]
)
def test_amounts(text: str, mib: int) -> None:
    assert parse_mebibytes(text) == mib


@pytest.mark.parametrize("text", ["", "18", "G", "-1G", "18T"])
def test_bad_amounts_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_mebibytes(text)


def test_words_are_separated_by_commas() -> None:
    assert parse_words(" a, b c,,") == ("a", "b c")
    assert parse_job_numbers("0, 3") == (0, 3)
    assert parse_job_numbers("4-6,9") == (4, 5, 6, 9)
    with pytest.raises(UsageError, match="list of job numbers"):
        parse_job_numbers("3-0")


def test_hosts_are_named_or_the_text_is_empty() -> None:
    assert parse_hosts("gpu1, gpu2,") == ("gpu1", "gpu2")
    assert parse_hosts("") == ()


@pytest.mark.parametrize("text", [",", " ", " , ,"])
def test_commas_alone_name_no_host(text: str) -> None:
    with pytest.raises(UsageError, match="names no host") as refused:
        parse_hosts(text)
    assert '--hosts ""' in refused.value.hint[0]


def test_long_texts_are_cut_in_the_middle() -> None:
    assert shorten("a" * 100 + "z" * 100).startswith("a" * 40 + " ... z")
    assert shorten("a" * 80) == "a" * 80


def test_a_field_takes_its_text_and_its_plain_values() -> None:
    duration: TypeAdapter[Any] = TypeAdapter(Annotated[float | None, DURATION])
    assert [duration.validate_python(given) for given in ("2h", 5, None)] == [7200.0, 5.0, None]
    seeds: TypeAdapter[Any] = TypeAdapter(Annotated[tuple[int, ...], SEEDS])
    assert seeds.validate_python("1-3") == seeds.validate_python([1, 2, 3]) == (1, 2, 3)


@pytest.mark.parametrize(
    ("texts", "options"),
    [
        (("partition=gpu,time=2h",), {"partition": "gpu", "time": "2h"}),
        (("nodelist=n1,n2", "exclusive="), {"nodelist": "n1,n2", "exclusive": ""}),
        (("--gres = gpu:1",), {"gres": "gpu:1"}),
    ],
)
def test_options_of_slurm(texts: tuple[str, ...], options: dict[str, str]) -> None:
    assert parse_slurm(*texts) == options


@pytest.mark.parametrize("text", ["", "partition", "=gpu", "--=gpu", "partition=gpu,", ","])
def test_options_of_slurm_need_names_and_values(text: str) -> None:
    with pytest.raises(UsageError, match="is not name=value"):
        parse_slurm(text)


@pytest.mark.parametrize("texts", [("partition=a,partition=b",), ("partition=a", "partition=b")])
def test_an_option_of_slurm_that_is_given_twice_is_refused(texts: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="partition is given twice: 'a' and 'b'") as refused:
        parse_slurm(*texts)
    assert refused.value.hint == (
        "give one of them: --slurm partition=b",
        "or both, where Slurm takes several: --slurm partition=a,b",
    )


def test_a_grid_is_given_as_values_or_as_texts() -> None:
    grid: TypeAdapter[Any] = TypeAdapter(Annotated[dict[str, tuple[str, ...]], GRID])
    plain = grid.validate_python({"lr": ["1", "2"], "bs": ["8"]})
    assert plain == grid.validate_python(["lr=1,2", "bs=8"])


def test_a_bad_text_says_what_to_write() -> None:
    duration: TypeAdapter[Any] = TypeAdapter(Annotated[float, DURATION])
    with pytest.raises(ValidationError, match="'soon' is no duration; write 90s"):
        duration.validate_python("soon")


def test_the_schema_says_that_text_is_fine_and_what_a_number_means() -> None:
    duration: TypeAdapter[Any] = TypeAdapter(Annotated[float | None, DURATION])
    number, text, null = duration.json_schema()["anyOf"]
    assert (number["type"], number["title"]) == ("number", "seconds")
    assert (text, null) == ({"type": "string"}, {"type": "null"})
    assert "string" not in str(duration.json_schema(mode="serialization"))

"""SHA256SUMS.txt and RECORDS, as they are in the wild."""

import pytest

from sweeptree.ecg.curate.lists import read_records, read_sums
from sweeptree.ecg.curate.source import TableStore

DIGEST = "0a" * 32


def sums(text):
    return read_sums(TableStore({"SHA256SUMS.txt": text.encode()}))


def records(text):
    return read_records(TableStore({"RECORDS": text.encode()}))


def checks(found):
    return [finding.check for finding in found.findings]


@pytest.mark.parametrize("between", [" ", "  ", " *"])
def test_each_usual_form_of_a_digest_line_is_read(between):
    assert sums(f"{DIGEST}{between}./a/b.dat\n").digests == {"a/b.dat": DIGEST}


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("nonsense\n", "sums_syntax"),
        (f"{DIGEST} ../x\n", "unsafe_path"),
        (f"{DIGEST} a\n{'0b' * 32} a\n", "sums_syntax"),
        (f"{DIGEST} a\r\n", "sums_crlf"),
    ],
)
def test_what_is_wrong_with_a_line_is_found(text, check):
    assert checks(sums(text)) == [check]


def test_no_list_of_digests_is_a_note():
    assert checks(read_sums(TableStore({}))) == ["sha256_missing"]


def test_the_two_paths_of_a_joined_line_are_recovered():
    found = records(
        "records100/21000/21837_lrrecords500/00000/00001_hr\nrecords100/00000/00001_lr\n"
    )
    assert found.paths == {
        "records100/21000/21837_lr",
        "records500/00000/00001_hr",
        "records100/00000/00001_lr",
    }
    assert checks(found) == ["records_joined"]
    assert "records100/21000/21837_lr and records500/00000/00001_hr" in found.findings[0].detail


@pytest.mark.parametrize("line", ["../../escape", "/etc/passwd", "../records100/x"])
def test_a_path_that_climbs_out_is_ignored_and_noted(line):
    found = records(f"{line}\n")
    assert (found.paths, checks(found)) == (frozenset(), ["records_unsafe"])


def test_a_clean_list_and_an_absent_one_have_no_finding():
    assert checks(records("records100/00000/00001_lr\n\n")) == []
    assert read_records(TableStore({})).findings == []

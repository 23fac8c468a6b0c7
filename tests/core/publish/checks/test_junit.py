"""JUnit files of any runner become cases."""

import os
from pathlib import Path

import pytest

from sweeptree.publish.checks import CaseState
from sweeptree.publish.checks.junit import find_cases, junit_variables, read_cases

SUITE = """\
<testsuites><testsuite name="calc">
  <testcase classname="calc" name="TestAdd" time="0.5"/>
  <testcase classname="calc" name="TestSub" time="1,000.5">
    <failure message="want 3&#10;got 4">calc_test.go:7</failure><system-out>hm</system-out>
  </testcase>
  <testcase file="a/b.test.js" name="adds"><skipped/></testcase>
  <testcase name="alone"><error>no message</error></testcase>
</testsuite></testsuites>
"""


def test_cases_with_state_message_and_output(tmp_path: Path) -> None:
    file = tmp_path / "a.xml"
    file.write_text(SUITE)
    cases = read_cases(file)
    assert [(case.node_id, case.state.value) for case in cases] == [
        ("calc::TestAdd", "passed"),
        ("calc::TestSub", "failed"),
        ("a/b.test.js::adds", "skipped"),
        ("alone", "error"),
    ]
    assert (cases[1].message, cases[1].output, cases[1].seconds) == ("want 3", "hm", 1000.5)
    assert cases[3].state is CaseState.ERROR


@pytest.mark.parametrize(
    "text", ["", "<a", "<project/>", '<!DOCTYPE a [<!ENTITY b "c">]><testsuite/>']
)
def test_other_files_have_no_cases(text: str, tmp_path: Path) -> None:
    file = tmp_path / "a.xml"
    file.write_text(text)
    assert read_cases(file) == ()


def test_only_new_files_that_are_no_links_count(tmp_path: Path) -> None:
    for name in ("old.xml", "build/new.xml", "node_modules/x.xml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f'<testsuite><testcase name="{name}"/></testsuite>')
    os.utime(tmp_path / "old.xml", ns=(10, 10))
    (tmp_path / "link.xml").symlink_to("build/new.xml")
    found = find_cases((tmp_path,), since=20)
    assert [case.node_id for case in found] == ["build/new.xml"]


def test_runners_that_take_a_variable(tmp_path: Path) -> None:
    assert set(junit_variables(tmp_path)) >= {"GOTESTSUM_JUNITFILE", "JEST_JUNIT_OUTPUT_FILE"}

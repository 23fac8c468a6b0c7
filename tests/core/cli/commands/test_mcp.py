"""`sweeptree mcp`: what it says without a repository or the extra, and that it is quick."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.cli_records import call
from sweeptree.system.extras import install_command

QUICK = """
import sys
from sweeptree.dispatch.server import make_server
from sweeptree.dispatch.tool_list import read_list
make_server(None, None)
read_list()
heavy = {"prefect", "pandas", "git", "github", "numpy", "sweeptree.engine", "sweeptree.sweep"}
print(*sorted(heavy & sys.modules.keys()))
"""
WITHOUT = """
import sys
sys.modules["mcp"] = None
from sweeptree.cli.app import run_command_line
sys.exit(run_command_line(["mcp"]))
"""


def test_outside_a_repository_it_says_so(tmp_path: Path) -> None:
    assert call("mcp", "--repo", str(tmp_path)).code == 2


@pytest.mark.slow
def test_nothing_of_the_engine_is_imported_before_a_tool_needs_it() -> None:
    done = subprocess.run([sys.executable, "-c", QUICK], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


@pytest.mark.slow
def test_without_the_extra_it_names_the_command_that_installs_it(repo: Path) -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT], cwd=repo, capture_output=True, text=True)
    assert done.returncode == 2 and install_command("mcp") in done.stderr

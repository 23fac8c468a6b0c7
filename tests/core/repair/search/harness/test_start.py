"""The program that the user's Python runs."""

import subprocess
import sys
from pathlib import Path

START = Path(__file__).resolve().parents[5] / "sweeptree/repair/search/harness/start.py"


def test_it_loads_itself_under_a_private_name_and_answers(tmp_path: Path) -> None:
    code = "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='x')"
    code += "['main'].__globals__['OLDEST'] = (3, 10); print('templates' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code, str(START)], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (0, "False\n")


def test_an_old_python_is_refused() -> None:
    code = "import runpy, sys; main = runpy.run_path(sys.argv[1])['main'];"
    code += "main.__globals__['OLDEST'] = (99,); sys.exit(main())"
    ran = subprocess.run([sys.executable, "-c", code, str(START)], capture_output=True, text=True)
    assert ran.returncode == 3
    assert "needs Python 3.10 or newer" in ran.stderr

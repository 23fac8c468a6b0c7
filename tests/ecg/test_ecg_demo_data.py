"""Where the demo's records come from: the user's folder, a mirror, else the generator; and that it
says which."""

import os
import shutil
import socket
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from core.ecg import ptbxl_like

from sweeptree.cli.commands.demo import make_data
from sweeptree.ecg import load

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "ecg"
NOWHERE = "http://127.0.0.1:9/"  # the discard port: refused at once


class Served(SimpleHTTPRequestHandler):
    """Static files over connections that stay open."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass


@pytest.fixture
def mirror(tmp_path):
    """A PTB-XL folder and the address of a server for it."""
    site = ptbxl_like.make(tmp_path / "site", 40)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Served, directory=site))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", site
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def top(tmp_path):
    """The demo's folder with the example's generator in it."""
    (tmp_path / "demo").mkdir()
    shutil.copy(EXAMPLE / "generate_records.py", tmp_path / "demo")
    return tmp_path / "demo"


def records_in(top):
    return len(load(top / "data" / "processed").ecg_ids)


def test_records_come_from_the_mirror_and_only_as_many_as_are_wanted(mirror, top):
    assert "30 real records from the public mirror" in make_data(top, 30, mirror[0])
    assert records_in(top) == 30
    assert len(list((top / "data" / "raw").rglob("*.dat"))) == 30


def test_without_a_mirror_records_are_generated_and_it_says_so(top):
    said = make_data(top, 60, NOWHERE)
    assert "60 generated records" in said
    assert "not real" in said
    assert records_in(top) == 60


def test_a_mirror_without_its_table_is_not_used(mirror, top):
    (mirror[1] / "ptbxl_database.csv").unlink()
    assert "60 generated records" in make_data(top, 60, mirror[0])
    assert records_in(top) == 60


def test_only_records_that_were_kept_are_counted(mirror, top):
    (mirror[1] / ptbxl_like.stem(7, 100)).with_suffix(".dat").unlink()
    assert "29 real records from the public mirror" in make_data(top, 30, mirror[0])
    assert records_in(top) == 29


def test_a_silent_mirror_is_given_up(top):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        said = make_data(top, 60, f"http://127.0.0.1:{silent.getsockname()[1]}/")
    assert "no answer within 3 s" in said


def test_the_users_own_folder_wins(mirror, top, monkeypatch):
    monkeypatch.setenv("SWEEPTREE_PTBXL", str(mirror[1]))
    assert f"the folder {mirror[1]} that $SWEEPTREE_PTBXL names" in make_data(top, 35, NOWHERE)
    assert records_in(top) == 35


def test_a_wrong_folder_of_the_user_is_an_error(top):
    script = "from sweeptree.cli.commands.demo import make_data, Path; make_data(Path('.'), 60)"
    argv = [sys.executable, "-c", script]
    done = subprocess.run(
        argv,
        cwd=top,
        env=os.environ | {"SWEEPTREE_PTBXL": str(top)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, "ptbxl_database.csv" in done.stderr) == (1, True)

"""The program that follows files, asked directly."""

import io
import json
import subprocess
import sys
from pathlib import Path

from sweeptree.hosts.far.follow import BEAT, DATA, HEAD, RESTART, Followed, obey

NOTHING = [0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]


def frames(data: bytes) -> list[tuple[int, int, int, bytes]]:
    found = []
    while data:
        kind, file, offset, length = HEAD.unpack_from(data)
        found.append((kind, file, offset, data[HEAD.size : HEAD.size + length]))
        data = data[HEAD.size + length :]
    return found


def look(file: Followed) -> list[tuple[int, int, int, bytes]]:
    out = io.BytesIO()
    file.look(out)
    return frames(out.getvalue())


def test_each_look_sends_what_is_new(tmp_path: Path) -> None:
    log = tmp_path / "log"
    file = Followed(7, {"path": str(log), "offset": 0, "tail": NOTHING})
    assert look(file) == []
    log.write_bytes(b"one")
    assert look(file) == [(DATA, 7, 0, b"one")]
    assert look(file) == []
    log.write_bytes(b"2")
    assert look(file) == [(RESTART, 7, 0, b""), (DATA, 7, 0, b"2")]


def test_orders_begin_and_end_a_file() -> None:
    files: dict[int, Followed] = {}
    obey({"file": 1, "path": "/x", "offset": 0, "tail": NOTHING}, files)
    assert list(files) == [1]
    obey({"file": 1, "stop": True}, files)
    assert not files


def test_it_beats_and_ends_with_its_stdin() -> None:
    code = (
        "import runpy, sys; "
        f"runpy.run_path({str(Path(sys.modules[Followed.__module__].__file__))!r})"
        "['main']({}, sys.stdin.buffer)"
    )
    order = json.dumps({"file": 1, "path": "/nowhere", "offset": 0, "tail": NOTHING}) + "\n"
    argv = [sys.executable, "-I", "-S", "-c", code]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process:
        process.stdin.write(order.encode())
        process.stdin.flush()
        assert frames(process.stdout.read(HEAD.size)) == [(BEAT, 0, 0, b"")]
        process.stdin.close()
    assert process.returncode == 0

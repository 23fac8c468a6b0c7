"""On a host: follows files and writes to stdout what they grow by, until stdin ends.

stdin: a JSON object per line, `{"file": 3, "path": "/x.log", "offset": 70, "tail": [64, "<sha>"]}`
(`tail`: how many bytes before the offset the reader has, and their sha256) or
`{"file": 3, "stop": true}`. stdout: frames, each a head (kind, file, offset, length) and so many
bytes. RESTART says that the file is another one, or shorter: it comes from its beginning.

The standard library only: it is sent to hosts as it stands here.
"""

import hashlib
import json
import os
import queue
import stat
import struct
import sys
import threading
import time
from typing import Any, BinaryIO

HEAD = struct.Struct(">BIQI")
BEAT, DATA, RESTART = 0, 1, 2
PAUSE = 0.2  # seconds between two looks
BEAT_SECONDS = 2.0
_CHUNK = 256 * 1024
_CHUNKS = 8  # of one file, before the others have their turn
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def main(_request: dict[str, object], stream: BinaryIO) -> None:
    """Follow what stdin names until it ends."""
    orders: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=read_orders, args=(stream, orders), daemon=True).start()
    out = sys.stdout.buffer
    files: dict[int, Followed] = {}
    last_beat = 0.0
    while take_orders(orders, files):
        for file in list(files.values()):
            file.look(out)
        if time.monotonic() - last_beat >= BEAT_SECONDS:
            out.write(HEAD.pack(BEAT, 0, 0, 0))
            last_beat = time.monotonic()
        out.flush()


def read_orders(stream: BinaryIO, orders: "queue.SimpleQueue[bytes]") -> None:
    """Hand on each line; the empty one is the end."""
    for line in iter(stream.readline, b""):
        orders.put(line)
    orders.put(b"")


def take_orders(orders: "queue.SimpleQueue[bytes]", files: "dict[int, Followed]") -> bool:
    """Wait a moment for orders and obey them; False at the end."""
    pause = PAUSE
    while True:
        try:
            line = orders.get(timeout=pause)
        except queue.Empty:
            return True
        if not line:
            return False
        obey(json.loads(line), files)
        pause = 0.0001


def obey(order: dict[str, Any], files: "dict[int, Followed]") -> None:
    """Begin or end to follow a file."""
    number = order["file"]
    if order.get("stop"):
        files.pop(number, None)
    else:
        files[number] = Followed(number, order)


class Followed:
    """One file: how far it was sent, and which file it was."""

    def __init__(self, number: int, order: dict[str, Any]) -> None:
        self.number = number
        self.path: str = order["path"]
        self.offset: int = order["offset"]
        self.tail_size: int = order["tail"][0]
        self.tail_digest: str = order["tail"][1]
        self.inode = 0

    def look(self, out: BinaryIO) -> None:
        """Send what is new. A file that is not there yet has nothing."""
        try:
            now = os.lstat(self.path)
            if not stat.S_ISREG(now.st_mode) or not self.differs(now):
                return
            with os.fdopen(os.open(self.path, _READ), "rb") as file:
                self.send(file, out)
        except OSError:
            return

    def differs(self, now: os.stat_result) -> bool:
        """Whether there may be something to send."""
        return (now.st_ino, now.st_size) != (self.inode, self.offset)

    def send(self, file: BinaryIO, out: BinaryIO) -> None:
        """Send what the file holds beyond the offset, from the beginning if it is another one."""
        now = os.fstat(file.fileno())
        if not self.goes_on(file, now):
            self.offset = 0
            out.write(HEAD.pack(RESTART, self.number, 0, 0))
        self.inode = now.st_ino
        file.seek(self.offset)
        for _ in range(_CHUNKS):
            data = file.read(_CHUNK)
            if not data:
                return
            head = HEAD.pack(DATA, self.number, self.offset, len(data))
            out.write(head + data)
            self.offset += len(data)

    def goes_on(self, file: BinaryIO, now: os.stat_result) -> bool:
        """Whether it is the file that was sent so far, only longer."""
        if now.st_size < self.offset:
            return False
        if self.inode:
            return now.st_ino == self.inode
        file.seek(self.offset - self.tail_size)
        tail = file.read(self.tail_size)
        return hashlib.sha256(tail).hexdigest() == self.tail_digest

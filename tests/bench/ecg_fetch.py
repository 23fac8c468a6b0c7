"""Files per second from a server on this machine that takes 60 ms per request: many at once against
one by one.

python tests/bench/ecg_fetch.py [--files 1600]
"""

import http.server
import socketserver
import threading
import time
import urllib.request
from pathlib import Path

from tests.bench.lab import Lab

LATENCY, SIZE, ONE_BY_ONE = 0.06, 24_000, 40


class Handler(http.server.BaseHTTPRequestHandler):
    """The same bytes for every name, after a while."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # header and body in one packet, as real servers send them

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Wait, then answer."""
        time.sleep(LATENCY)
        self.send_response(200)
        self.send_header("Content-Length", str(SIZE))
        self.end_headers()
        self.wfile.write(b"x" * SIZE)


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Many connections at once."""

    daemon_threads = True
    request_queue_size = 128


def run(lab: Lab) -> None:
    """One by one with urllib, then with our client."""
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_address[1]}/"
    slow = _one_by_one(base, lab.size(ONE_BY_ONE, 3))
    fast = _at_once(base, lab.size(1600, 20), lab.place("fetch"))
    server.shutdown()
    row = {
        "latency_ms": LATENCY * 1000,
        "ours_per_s": fast,
        "one_by_one_per_s": slow,
        "ratio": fast / slow,
    }
    lab.report("ecg_fetch", [row], note="files of 24 kB, client and server on one machine")


def _one_by_one(base: str, count: int) -> float:
    start = time.monotonic()
    for number in range(count):
        with urllib.request.urlopen(f"{base}{number}") as answer:
            answer.read()
    return count / (time.monotonic() - start)


def _at_once(base: str, count: int, folder: Path) -> float:
    from sweeptree.ecg.curate.fetch import Client, Wanted, fetch_all

    client = Client(base)
    wanted = [Wanted(f"{number // 1000}/{number}", SIZE, None) for number in range(count)]
    start = time.monotonic()
    fetch_all(client, folder, wanted, lambda _done, _total: None)
    client.close()
    return count / (time.monotonic() - start)

"""Files per second from a server on this machine that takes 60 ms per request: many at once against one by one.

python tests/bench/ecg_fetch.py [--files 1600]
"""

import argparse
import http.server
import socketserver
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from sweeptree.ecg.fetch import Client, Wanted, fetch_all

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1600)
    count = parser.parse_args().files
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_address[1]}/"
    start = time.monotonic()
    for number in range(ONE_BY_ONE):
        with urllib.request.urlopen(f"{base}{number}") as answer:
            answer.read()
    slow = ONE_BY_ONE / (time.monotonic() - start)
    with tempfile.TemporaryDirectory() as folder:
        client = Client(base)
        wanted = [Wanted(f"{number // 1000}/{number}", SIZE, None) for number in range(count)]
        start, used = time.monotonic(), time.process_time()
        fetch_all(client, Path(folder), wanted, lambda _done, _total: None)
        fast, used = count / (time.monotonic() - start), time.process_time() - used
        client.close()
    server.shutdown()
    print(
        f"fetch {count} files at {LATENCY * 1000:.0f} ms: {fast:.0f}/s, one by one {slow:.1f}/s, "
        f"{fast / slow:.1f} x faster (at least 15), {used:.2f} s CPU (client and server)"
    )


if __name__ == "__main__":
    main()

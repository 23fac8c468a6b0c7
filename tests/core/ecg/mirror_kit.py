"""A server of PTB-XL on this machine that breaks in every way a server can."""

import http.server
import threading
from collections import Counter


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # header and body in one packet, as real servers send them

    def log_message(self, *args):
        pass

    def do_GET(self):
        name = self.path.lstrip("/")
        site = self.server.site
        with site.guard:
            site.asked[name] += 1
            number = site.asked[name]
        site.faults.get(name, site.fault)(self, name, number)

    def answer(self, data, status=200, cut=0, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data[: len(data) - cut])
        if cut:
            self.close_connection = True


def serve(request, name, _number):
    path = request.server.site.root / name
    if not path.is_file():
        return request.answer(b"no", 404)
    return request.answer(path.read_bytes())


def once(fault):
    """The fault on the first request of each file, then the file."""
    return lambda request, name, number: (fault if number == 1 else serve)(request, name, number)


def error_500(request, _name, _number):
    request.answer(b"broken", 500)


def cut_body(request, name, _number):
    request.answer((request.server.site.root / name).read_bytes(), cut=5)


def wrong_bytes(request, name, _number):
    request.answer((request.server.site.root / name).read_bytes()[::-1])


def too_long(request, name, _number):
    request.answer(b"x" * 300_000)


def hang_up(request, _name, _number):
    request.close_connection = True


def missing(request, _name, _number):
    request.answer(b"gone", 404)


class Site:
    def __init__(self, root):
        self.root, self.fault, self.faults = root, serve, {}
        self.asked, self.guard = Counter(), threading.Lock()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.site = self
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

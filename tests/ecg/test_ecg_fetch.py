"""Fetching from a real server on this machine that breaks in every way a server can."""

import hashlib
import http.server
import shutil
import threading
import time
import zipfile
from collections import Counter

import ptbxl_like
import pytest

from sweeptree.ecg import CurateSpec
from sweeptree.ecg.curate import curate, fetch
from sweeptree.ecg.curate.fetch import Absent, Client, FetchError, Wanted, fetch_all
from sweeptree.ecg.curate.plan import plan
from sweeptree.ecg.curate.source import plain_url
from sweeptree.errors import Refused, SweeptreeError


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

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


@pytest.fixture
def site(ptbxl, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    found = Site(ptbxl)
    yield found
    found.close()


@pytest.fixture
def client(site):
    found = Client(site.url, pause=0.001)
    yield found
    found.close()


def wanted(site, names):
    return [
        Wanted(n, 30_000, hashlib.sha256((site.root / n).read_bytes()).hexdigest()) for n in names
    ]


def records(site):
    return [
        f"{ptbxl_like.stem(i, 100)}{suffix}" for i in range(1, 13) for suffix in (".hea", ".dat")
    ]


def ignore(_done, _total):
    pass


def test_a_mirror_gives_the_same_arrays_as_the_folder(site, pristine, tmp_path):
    here = curate(CurateSpec(source=str(pristine), out=tmp_path / "a" / "out"))
    there = curate(CurateSpec(source=site.url, out=tmp_path / "b" / "out"))
    assert there.outputs["signals_100.npy"] == here.outputs["signals_100.npy"]
    assert there.source == site.url


@pytest.mark.parametrize("fault", [error_500, cut_body, wrong_bytes, too_long, hang_up])
def test_each_fault_is_mended_by_another_try(fault, site, client, tmp_path):
    site.fault = once(fault)
    names = records(site)
    tally = fetch_all(client, tmp_path / "raw", wanted(site, names), ignore)
    assert tally.fetched == len(names)
    assert all((tmp_path / "raw" / n).read_bytes() == (site.root / n).read_bytes() for n in names)


def test_wrong_bytes_never_get_the_files_name(site, client, tmp_path):
    names = records(site)
    site.faults[names[3]] = wrong_bytes
    with pytest.raises(FetchError, match="sha256"):
        fetch_all(client, tmp_path / "raw", wanted(site, names), ignore)
    assert not (tmp_path / "raw" / names[3]).exists()


def test_an_absent_file_is_told_not_raised(site, client, tmp_path):
    names = records(site)
    site.faults[names[3]] = missing
    tally = fetch_all(client, tmp_path / "raw", wanted(site, names), ignore)
    assert tally.absent == [names[3]]


def test_a_file_missing_at_the_mirror_becomes_a_finding(site, tmp_path):
    site.faults[f"{ptbxl_like.stem(5, 100)}.dat"] = missing
    with pytest.raises(Refused, match="file_missing: ecg 5"):
        curate(CurateSpec(source=site.url, out=tmp_path / "b" / "out"))


def test_a_second_fetch_asks_only_for_what_is_missing_or_damaged(site, client, tmp_path):
    names = records(site)
    fetch_all(client, tmp_path / "raw", wanted(site, names), ignore)
    (tmp_path / "raw" / names[0]).unlink()
    (tmp_path / "raw" / names[1]).write_bytes(b"damaged")
    site.asked.clear()
    fetch_all(client, tmp_path / "raw", wanted(site, names), ignore)
    assert sorted(site.asked) == sorted(names[:2])


def test_a_second_curation_of_a_mirror_fetches_no_record_again(site, tmp_path):
    first = curate(CurateSpec(source=site.url, out=tmp_path / "b" / "out"))
    site.asked.clear()
    assert curate(CurateSpec(source=site.url, out=tmp_path / "b" / "out")) == first
    assert not [name for name in site.asked if name.startswith("records")]


def test_what_was_fetched_serves_without_a_network(site, tmp_path):
    first = curate(CurateSpec(source=site.url, out=tmp_path / "b" / "out"))
    site.asked.clear()
    second = curate(CurateSpec(out=tmp_path / "b" / "out"))
    assert second.outputs["signals_100.npy"] == first.outputs["signals_100.npy"]
    assert not site.asked


def test_a_server_that_is_down_is_one_plain_error(tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "TRIES", 1)
    with pytest.raises(SweeptreeError, match="could not be fetched"):
        curate(CurateSpec(source="http://127.0.0.1:9/", out=tmp_path / "out"))


def test_many_connections_are_used_but_not_more_than_allowed(site, client, tmp_path):
    now, most, guard = [0], [0], threading.Lock()

    def slow(request, name, number):
        with guard:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.02)
        with guard:
            now[0] -= 1
        serve(request, name, number)

    site.fault = slow
    fetch_all(client, tmp_path / "raw", wanted(site, records(site)), ignore)
    assert 4 < most[0] <= 32


def test_physionet_itself_gets_eight_connections():
    found = Client("https://physionet.org/files/ptb-xl/1.0.3/")
    assert found.connections == 8
    found.close()


def ranged(request, name, number):
    """A server that knows ranges, and cuts the first answer short."""
    data = request.server.site.root.joinpath(name).read_bytes()
    start = int(request.headers.get("Range", "bytes=0-")[6:].rstrip("-").partition("-")[0])
    if "Range" in request.headers and request.headers.get("If-Range", '"v1"') == '"v1"':
        span = f"bytes {start}-{len(data) - 1}/{len(data)}"
        return request.answer(data[start:], 206, Content_Range=span, ETag='"v1"')
    return request.answer(data, ETag='"v1"', cut=len(data) // 2 if number == 1 else 0)


def test_a_large_file_is_continued_where_it_was_cut(site, client, tmp_path):
    (site.root / "big.zip").write_bytes(bytes(range(256)) * 4000)
    site.faults["big.zip"] = ranged
    client.download("big.zip", tmp_path / "big.zip", ignore)
    assert (tmp_path / "big.zip").read_bytes() == (site.root / "big.zip").read_bytes()
    assert [p.name for p in tmp_path.glob("big*")] == ["big.zip"]


def test_a_large_file_that_changed_meanwhile_is_fetched_anew(site, client, tmp_path):
    (site.root / "big.zip").write_bytes(b"new" * 1000)
    (tmp_path / "big.zip.part").write_bytes(b"old" * 500)
    (tmp_path / "big.zip.part.tag").write_text('"v0"')
    site.faults["big.zip"] = ranged
    client.download("big.zip", tmp_path / "big.zip", ignore)
    assert (tmp_path / "big.zip").read_bytes() == b"new" * 1000


def test_a_zip_is_fetched_and_read(site, pristine, tmp_path):
    with zipfile.ZipFile(site.root / "ptb-xl.zip", "w") as archive:
        for path in sorted(p for p in pristine.rglob("*") if p.is_file()):
            archive.write(path, f"top/{path.relative_to(pristine)}")
    manifest = curate(CurateSpec(source=f"{site.url}ptb-xl.zip", out=tmp_path / "b" / "out"))
    assert manifest.counts["records"] == 12


def test_an_absent_address_says_so(client):
    with pytest.raises(Absent, match="404"):
        client.get(Wanted("nothing", 100, None))


def test_a_server_that_cannot_be_reached_is_named_with_the_systems_words():
    with pytest.raises(
        FetchError, match=rf"{fetch.TRIES} tries: 127\.0\.0\.1: Connection refused$"
    ):
        Client("http://127.0.0.1:9/", pause=0.01).get(Wanted("table.csv", 100, None))


@pytest.mark.parametrize(
    "address", ["http://[::1/", "http://127.0.0.1:99999999/", "http://", "ftp://x/y/"]
)
def test_an_address_that_is_none_is_refused_at_once(address):
    with pytest.raises(FetchError, match="no http or https address"):
        Client(address)


def test_a_local_file_address_is_refused():
    with pytest.raises(FetchError, match="no http"):
        Client("file:///etc/")


def test_no_space_is_refused_before_anything_is_fetched(site, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(Refused, match="are free"):
        curate(CurateSpec(source=site.url, out=tmp_path / "b" / "out"))
    assert not [name for name in site.asked if name.startswith("records")]


def test_the_plan_of_a_mirror_reads_tables_and_writes_nothing(site, tmp_path):
    found = plan(CurateSpec(source=site.url, out=tmp_path / "b" / "out"))
    assert (found.records, found.fetch_files) == (12, 24)
    assert not (tmp_path / "b").exists()
    assert not [name for name in site.asked if name.startswith("records")]


def test_a_password_in_the_address_is_not_written_down():
    assert plain_url("https://me:secret@host/a/?token=x") == "https://host/a/"

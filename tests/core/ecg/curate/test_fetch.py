"""Fetching from a real server on this machine that breaks in every way a server can."""

import hashlib
import threading

import pytest

from core.ecg import ptbxl_like
from core.ecg.mirror_kit import (
    cut_body,
    error_500,
    hang_up,
    missing,
    once,
    serve,
    too_long,
    wrong_bytes,
)
from sweeptree.ecg import CurateSpec
from sweeptree.ecg.curate import curate, fetch
from sweeptree.ecg.curate.fetch import Absent, Client, FetchError, Wanted, fetch_all
from sweeptree.errors import SweeptreeError


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


def ranged(request, name, number):
    """A server that knows ranges, and cuts the first answer short."""
    data = request.server.site.root.joinpath(name).read_bytes()
    start = int(request.headers.get("Range", "bytes=0-")[6:].rstrip("-").partition("-")[0])
    if "Range" in request.headers and request.headers.get("If-Range", '"v1"') == '"v1"':
        span = f"bytes {start}-{len(data) - 1}/{len(data)}"
        return request.answer(data[start:], 206, Content_Range=span, ETag='"v1"')
    return request.answer(data, ETag='"v1"', cut=len(data) // 2 if number == 1 else 0)


@pytest.mark.slow
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


def test_a_second_fetch_asks_only_for_what_is_missing_or_damaged(site, client, tmp_path):
    names = records(site)
    fetch_all(client, tmp_path / "raw", wanted(site, names), ignore)
    (tmp_path / "raw" / names[0]).unlink()
    (tmp_path / "raw" / names[1]).write_bytes(b"damaged")
    site.asked.clear()
    fetch_all(client, tmp_path / "raw", wanted(site, names), ignore)
    assert sorted(site.asked) == sorted(names[:2])


def test_a_server_that_is_down_is_one_plain_error(tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "TRIES", 1)
    with pytest.raises(SweeptreeError, match="could not be fetched"):
        curate(CurateSpec(source="http://127.0.0.1:9/", out=tmp_path / "out"))


def test_many_connections_are_used_but_not_more_than_allowed(site, client, tmp_path):
    now, most, change = [0], [0], threading.Condition()

    def slow(request, name, number):
        with change:
            now[0] += 1
            most[0] = max(most[0], now[0])
            change.notify_all()
            change.wait_for(lambda: most[0] > 4, 20)
            now[0] -= 1
        serve(request, name, number)

    site.fault = slow
    fetch_all(client, tmp_path / "raw", wanted(site, records(site)), ignore)
    assert 4 < most[0] <= 32


def test_physionet_itself_gets_eight_connections():
    found = Client("https://physionet.org/files/ptb-xl/1.0.3/")
    assert found.connections == 8
    found.close()


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

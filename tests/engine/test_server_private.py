"""A private server: what other accounts, pages of other origins and plain sockets get of it."""

from __future__ import annotations

import json
import os
import pwd
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from core.browser_kit import CHROMIUM, Browser
from server_kit import get, key_of
from sweep_kit import wait_for

from sweeptree.engine.server import Server, environment
from sweeptree.engine.server.browser import one_time_address
from sweeptree.engine.server.token import auth_string, token_path

pytestmark = pytest.mark.engine
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    "Sec-WebSocket-Protocol": "prefect",
}
SOCKETS = (
    "/api/events/in",
    "/api/events/out",
    "/api/logs/out",
    "/api/task_runs/subscriptions/scheduled",
    "/api/work_pools/local/workers/connect",
)


def status_of(server: Server, path: str, method: str = "GET", **headers: str) -> int:
    """The status that a plain socket gets; WebSocket handshakes too."""
    named = {"Host": f"127.0.0.1:{server.port}", "Content-Length": "0", **headers}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {text}" for name, text in named.items())]
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as link:
        link.sendall("\r\n".join([*lines, "", ""]).encode())
        return int(link.recv(64).split()[1])


@pytest.fixture(scope="module")
def routes(server: Server) -> list[tuple[str, str]]:
    """Every route of Prefect's API."""
    address = f"{server.ui_url}/api/openapi.json"
    found = httpx.get(address, headers=key_of(server), timeout=60)
    paths = found.raise_for_status().json()["paths"]
    prefix = "" if any(path.startswith("/api/") for path in paths) else "/api"
    return [(verb.upper(), prefix + path) for path in paths for verb in paths[path]]


def test_without_the_token_every_route_answers_401(
    server: Server, routes: list[tuple[str, str]]
) -> None:
    health = ("GET", "/api/health")
    assert len(routes) > 100 and health in routes
    asked = [*routes, ("GET", "/"), ("GET", "/docs"), ("GET", "/v2/"), ("GET", "/ui-settings")]
    found = {(verb, path): status_of(server, path, verb) for verb, path in asked}
    assert found.pop(health) == 200
    assert set(found.values()) == {401}


@pytest.mark.parametrize("path", SOCKETS)
def test_a_websocket_without_the_token_is_refused(server: Server, path: str) -> None:
    assert status_of(server, path, **UPGRADE) == 403
    assert status_of(server, path, **UPGRADE, Authorization="Basic d3Jvbmc6d3Jvbmc=") == 403


def test_a_websocket_with_the_token_opens_but_not_for_a_page(server: Server) -> None:
    asked = {**UPGRADE, **key_of(server)}
    assert status_of(server, "/api/events/in", **asked) == 101
    assert status_of(server, "/api/events/in", **asked, Origin="http://evil.example") == 403
    assert status_of(server, "/api/events/in", **{**asked, "Host": "evil.example"}) == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
    ],
)
def test_a_wrong_host_or_origin_is_refused_even_with_the_token(
    server: Server, wrong: dict[str, str]
) -> None:
    asked = {**key_of(server), **wrong}
    assert status_of(server, "/api/admin/version", **asked) == 400


def test_with_the_token_a_tunnel_may_have_a_port_of_its_own(server: Server) -> None:
    asked = {"Host": "127.0.0.1:1"}
    assert status_of(server, "/api/admin/version", **key_of(server), **asked) == 200
    assert status_of(server, "/api/health", **asked) == 400


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]"])
def test_its_own_names_pass(server: Server, name: str) -> None:
    own = {"Host": f"{name}:{server.port}", "Origin": f"http://{name}:{server.port}"}
    assert status_of(server, "/api/admin/version", **key_of(server), **own) == 200


def test_the_token_stands_in_one_file_of_the_owner_and_in_no_command_line(server: Server) -> None:
    token = auth_string(server.home).partition(":")[2].encode()
    held = [
        path.name
        for path in server.home.rglob("*")
        if path.is_file() and token in path.read_bytes()
    ]
    assert held == [token_path(server.home).name]
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        assert token not in _bytes_of(process)
    assert token not in _bytes_of(Path(f"/proc/{server.pid}/environ"))


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.fixture(scope="module")
def other_user() -> Iterator[int]:
    """The number of another account of this machine."""
    if os.geteuid() != 0:
        pytest.skip("only root can make another account")
    name = f"st{os.getpid()}"
    made = subprocess.run(["useradd", "--no-create-home", name], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"no account can be made here: {made.stderr}")
    yield pwd.getpwnam(name).pw_uid
    subprocess.run(["userdel", name], check=True, capture_output=True)


STRANGER = """
import json, sys, urllib.error, urllib.request
port, token = sys.argv[1:]
found = []
for path in ("/api/flows/filter", "/api/deployments/", "/sweeptree/ticket", "/"):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=b"{}")
    try:
        found.append(urllib.request.urlopen(request).status)
    except urllib.error.HTTPError as error:
        found.append(error.code)
try:
    found.append(open(token).read())
except OSError as error:
    found.append(type(error).__name__)
print(json.dumps(found))
"""


def test_another_account_gets_401_and_cannot_read_the_token(
    server: Server, other_user: int
) -> None:
    done = subprocess.run(
        ["/usr/bin/python3", "-c", STRANGER, str(server.port), str(token_path(server.home))],
        user=other_user,
        group=other_user,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
    )
    assert json.loads(done.stdout or done.stderr) == [401] * 4 + ["PermissionError"]


CLIENT = """
import asyncio
from prefect import flow, task
from prefect.events.clients import get_events_subscriber
from prefect.logging.clients import get_logs_subscriber

@task
def one():
    return 1

@flow
def three():
    return [one() for _ in range(3)]

async def sockets():
    async with get_events_subscriber(), get_logs_subscriber():
        return "open"

three()
print(asyncio.run(sockets()))
"""


def test_prefects_own_clients_use_it_over_http_and_sockets(server: Server, tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], **environment(server)}
    done = subprocess.run(
        [sys.executable, "-c", CLIENT], env=env, capture_output=True, text=True, timeout=180
    )
    assert done.stdout.split()[-1:] == ["open"], done.stderr
    assert "Unable to" not in done.stderr


EVIL = """<!doctype html><form method=post action="{base}/api/flows/filter" target=frame><input
name=x></form><iframe name=frame></iframe><script>
const told = [];
async function attack() {{
  for (const options of [{{}}, {{credentials: "include"}}, {{mode: "no-cors", method: "POST",
      credentials: "include", body: new Blob([JSON.stringify({{name: "evil"}})])}}]) {{
    try {{ told.push((await fetch("{base}/api/flows/", options)).type) }}
    catch (error) {{ told.push("refused") }}
  }}
  const link = new WebSocket("{ws}/api/events/out", "prefect");
  await new Promise(done => {{ link.onopen = () => {{ told.push("socket"); done() }};
    link.onerror = () => {{ told.push("refused"); done() }} }});
  document.forms[0].submit();
  await new Promise(done => document.querySelector("iframe").onload = done);
  try {{ told.push(document.querySelector("iframe").contentDocument.body.textContent) }}
  catch (error) {{ told.push("refused") }}
  return told;
}}
</script>"""


@pytest.fixture
def evil(server: Server) -> Iterator[str]:
    """A page of another server of this machine, as another account may run it."""
    base = f"127.0.0.1:{server.port}"
    page = EVIL.format(base=f"http://{base}", ws=f"ws://{base}").encode()

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as host:
        threading.Thread(target=host.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{host.server_port}/"
        host.shutdown()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with Browser(tmp_path / "profile") as found:
        yield found


def shown(browser: Browser) -> str:
    """The text of the page."""
    return str(browser.evaluate("document.body.innerText"))


@needs_browser
def test_the_first_address_shows_the_ui_once(server: Server, browser: Browser) -> None:
    address = one_time_address(server)
    browser.open(address)
    wait_for(lambda: "Flow Runs" in shown(browser) or "Runs" in shown(browser), 60)
    calls = [url for url in browser.requests if "/api/" in url]
    assert calls and not any("ticket" in url for url in browser.requests[1:])
    assert "password" not in shown(browser).lower()
    assert auth_string(server.home).partition(":")[2] not in str(
        browser.evaluate("JSON.stringify({...localStorage}) + document.cookie")
    )
    browser.open(address)
    assert "used already" in shown(browser)
    browser.open(f"{server.ui_url}/")
    wait_for(lambda: "Runs" in shown(browser), 60)


@needs_browser
def test_a_page_of_another_port_gets_nothing_of_a_browser_that_was_let_in(
    server: Server, browser: Browser, evil: str
) -> None:
    browser.open(one_time_address(server))
    wait_for(lambda: "Runs" in shown(browser), 60)
    browser.open(evil)
    told = browser.evaluate("attack()")
    assert told == ["refused", "refused", "opaque", "refused", "refused"]
    names = [flow["name"] for flow in _flows(server)]
    assert "evil" not in names


def _flows(server: Server) -> list[dict[str, str]]:
    found = httpx.post(f"{server.api_url}/flows/filter", json={}, headers=key_of(server))
    flows: list[dict[str, str]] = found.raise_for_status().json()
    return flows


def test_a_stolen_cookie_alone_opens_no_api(server: Server) -> None:
    let_in = httpx.get(one_time_address(server))
    cookie = let_in.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    stolen = {"Cookie": cookie.partition(";")[0]}
    assert httpx.get(f"{server.api_url}/admin/version", headers=stolen).status_code == 401
    assert httpx.get(f"{server.ui_url}/ui-settings", headers=stolen).status_code == 200
    assert get(server, "/admin/version").status_code == 200

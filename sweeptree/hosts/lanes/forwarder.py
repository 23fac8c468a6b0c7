"""One address for the driver's server as long as a lane lives, whatever the tunnel's port is.

A client whose address is fixed connects here; each connection goes on to the port that leads to
the server at that moment. While there is none it is kept waiting, so that a client that gives up
after a few refusals sees a slow server instead of none. Standard library only.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable

HOST = "127.0.0.1"
PATIENCE = 60.0  # seconds that a connection waits for a tunnel
LOOK = 0.25  # seconds between two looks for one
_CHUNK = 64 * 1024
_LAST = 0.01  # seconds in which connections that came at the very end are taken up
_OPENING = 15.0  # seconds until the thread has its port

PortOf = Callable[[], int | None]


class Forwarder:
    """Listens at `port`, on this machine alone; `port_of` says where connections go now."""

    def __init__(self, port_of: PortOf, *, patience: float = PATIENCE) -> None:
        self.port = 0
        self._port_of = port_of
        self._patience = patience
        self._listens = threading.Event()
        self._connections: set[asyncio.Task[object]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="forwarder", daemon=True)

    def start(self) -> Forwarder:
        """Listen from now on. Raises OSError where that cannot be."""
        self._thread.start()
        if not self._listens.wait(_OPENING) or not self.port:
            raise OSError("no port of 127.0.0.1 could be listened at")
        return self

    def close(self) -> None:
        """End, with all connections."""
        if self._loop is not None and self._over is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def __enter__(self) -> Forwarder:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        finally:
            self._listens.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        server = await asyncio.start_server(self._forward, HOST, 0)
        self.port = server.sockets[0].getsockname()[1]
        self._listens.set()
        await self._over.wait()
        await asyncio.sleep(_LAST)
        server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections)
        await asyncio.sleep(0)  # in which their sockets are closed

    async def _forward(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        with contextlib.suppress(asyncio.CancelledError), contextlib.closing(back):
            far = await self._connected()
            if far is not None:
                reader, writer = far
                await asyncio.gather(_pump(near, writer), _pump(reader, back))

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        end = asyncio.get_running_loop().time() + self._patience
        while asyncio.get_running_loop().time() < end:
            port = self._port_of()
            if port is not None:
                with contextlib.suppress(OSError):
                    return await asyncio.open_connection(HOST, port)
            await asyncio.sleep(LOOK)
        return None


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Carry bytes one way until either end is closed; then close the other."""
    with contextlib.suppress(OSError), contextlib.closing(sink):
        while data := await source.read(_CHUNK):
            sink.write(data)
            await sink.drain()

"""Servers of the application in processes of their own, forked off one that has imported it: they start at once."""

import multiprocessing
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.process import BaseProcess

import httpx

from tests.search_api.served import serve

PATIENCE_SECONDS = 90.0
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.search_api.served"])


@contextmanager
def serving(url: str, variables: Mapping[str, str]) -> Iterator["Server"]:
    """A server over the database that answers; killed at the end if it still runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = _context.Process(target=serve, args=(url, port, dict(variables)), daemon=True)
    process.start()
    try:
        _await(f"http://127.0.0.1:{port}/healthz", process)
        yield Server(f"http://127.0.0.1:{port}", process)
    finally:
        process.kill()
        process.join()
        process.close()


class Server:
    """A server, by its address and its process."""

    def __init__(self, url: str, process: BaseProcess) -> None:
        self.url, self.process = url, process

    def ended_with(self) -> int | None:
        """Wait until the process has ended; return its code, negative for a signal, None while it still runs."""
        self.process.join(PATIENCE_SECONDS)
        return self.process.exitcode


def _await(url: str, process: BaseProcess) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            httpx.get(url, timeout=5)
            return
        except httpx.TransportError:
            assert process.is_alive() and time.monotonic() < deadline, "the server did not start"
            time.sleep(0.02)

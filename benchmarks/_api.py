"""The API in a process of its own, as `stormcom serve` runs it but for the model: for benchmarks that ask over HTTP."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn

from oltp.db.session import Database
from oltp.kit.clock import SystemClock
from oltp.kit.settings import Settings
from oltp.search.encoders import HashEncoder
from search_api.app import create_app

STARTED_WITHIN = 60.0


@contextmanager
def served(database_url: str) -> Iterator[str]:
    """Base URL of the API over the database; it ends with the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "benchmarks._api", database_url, str(port)])
    try:
        _await(f"http://127.0.0.1:{port}/healthz", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTED_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(url)
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError("The API did not start.")


def main(database_url: str, port: int) -> None:
    """Serve until told to end."""
    app = create_app(settings=Settings(log_level="error"), database=Database(database_url, pool_size=20),
                     clock=SystemClock(), encoder=HashEncoder())
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="critical", access_log=False)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

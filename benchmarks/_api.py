"""The API in processes of its own, as `stormcom serve` runs it but for the model: for benchmarks that ask over HTTP.

STORMCOM_API_WORKERS says how many processes; by default as many as there are processors.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn
from fastapi import FastAPI

from oltp.db.session import Database
from oltp.kit.clock import SystemClock
from oltp.kit.settings import Settings
from oltp.search.encoders import HashEncoder
from search_api.app import create_app
from stormcom.serving import HEALTH_SECONDS, settle_memory

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
    os.environ["STORMCOM_DATABASE_URL"] = database_url
    uvicorn.run("benchmarks._api:make_app", factory=True, host="127.0.0.1", port=port, workers=workers(),
                timeout_worker_healthcheck=HEALTH_SECONDS, log_level="critical", access_log=False)


def workers() -> int:
    """How many processes serve."""
    return int(os.environ.get("STORMCOM_API_WORKERS", os.cpu_count() or 1))


def make_app() -> FastAPI:
    """Return the application of one of them."""
    settings = Settings(log_level="error")
    assert settings.database_url is not None
    app = create_app(settings=settings, database=Database(settings.database_url, pool_size=20), clock=SystemClock(),
                     encoder=HashEncoder())
    settle_memory()
    return app


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

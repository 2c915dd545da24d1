"""Several processes that serve the API on one port: all answer, and none is left alone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import httpx
import psutil

from oltp.db.session import Database
from tests.journeys.stack import free_port


def test_workers_share_the_port_and_end_with_their_parent(database: Database) -> None:
    port = free_port()
    environment = {**os.environ, "STORMCOM_DATABASE_URL": database.url, "STORMCOM_ENCODER": "hash",
                   "STORMCOM_API_WORKERS": "2", "STORMCOM_LOG_LEVEL": "error"}
    command = [sys.executable, "-m", "stormcom.cli.app", "serve-api", "--port", str(port)]
    parent = subprocess.Popen(command, env=environment)
    workers: list[psutil.Process] = []
    try:
        until(lambda: _is_served(port))
        workers = [each for each in psutil.Process(parent.pid).children() if "spawn_main" in " ".join(each.cmdline())]
        assert len(workers) == 2
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        until(lambda: not any(each.is_running() for each in workers))
        assert not _is_served(port)
    finally:
        parent.kill()
        for each in workers:
            if each.is_running():
                each.kill()


def until(holds: Callable[[], bool]) -> None:
    """Wait for it, for as long as a slow machine may need."""
    deadline = time.monotonic() + 90
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def _is_served(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
    except httpx.TransportError:
        return False

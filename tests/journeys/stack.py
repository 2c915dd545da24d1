"""A whole StormCom in a folder of its own, started as a person starts it, for the journeys that need one."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil

PATIENCE_SECONDS = 240.0
READY = "Ctrl-C ends everything"


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Stack:
    """One home and its `stormcom up`; a tiny demo, and hashed words instead of the model."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home = home
        self.options = options
        self.api_port, self.dagster_port = free_port(), free_port()
        self.api = f"http://127.0.0.1:{self.api_port}"
        self.output = home.parent / "up.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id of `up`."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> str:
        """Start `up`, wait until it says that it is ready, and return what it has said."""
        self.launch()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while READY not in (said := self.said()):
            assert self._process is not None
            assert self._process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.2)
        return said

    def launch(self) -> None:
        """Start `up` without waiting."""
        with self.output.open("wb") as output:
            self._process = subprocess.Popen(
                [*self.command("up"), *self.options, "--api-port", str(self.api_port), "--dagster-port",
                 str(self.dagster_port)], stdout=output, stderr=output, env=self.environment(), start_new_session=True)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another command on the same home."""
        return subprocess.run(self.command(*arguments), env=self.environment(), capture_output=True, text=True,
                              timeout=PATIENCE_SECONDS, check=False)

    def interrupt(self, number: int = signal.SIGINT) -> int:
        """Send the signal to `up` alone and return its exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(60)

    def said(self) -> str:
        """What `up` has printed so far."""
        return self.output.read_text()

    def processes(self) -> dict[int, str]:
        """Every process that belongs to this home: it carries the home in its command line or its environment."""
        found = {}
        for process in psutil.process_iter():
            try:
                line = " ".join(process.cmdline())
                mine = str(self.home) in line or process.environ().get("STORMCOM_HOME") == str(self.home)
                if mine and process.status() != psutil.STATUS_ZOMBIE:
                    found[process.pid] = line
            except psutil.Error:
                continue
        return found

    def await_only(self, name: str) -> dict[int, str]:
        """Wait until at most processes with `name` in their command line are left, and return what is left."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and any(name not in line for line in self.processes().values()):
            time.sleep(0.2)
        return self.processes()

    def destroy(self) -> None:
        """End whatever is left, so that a failing test leaves nothing behind."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for pid in self.processes():
            try:
                psutil.Process(pid).kill()
            except psutil.NoSuchProcess:
                continue

    def link(self) -> str:
        """The sign-in link that `up` printed."""
        found = re.search(r"http://\S+/dashboard/sign-in\?token=\S+", self.said())
        assert found, self.said()
        return found.group()

    def curl(self) -> tuple[str, str]:
        """The token and the URL of the curl line that `up` printed."""
        found = re.search(r"curl -H 'Authorization: Bearer (\S+)' '(\S+)'", self.said())
        assert found, self.said()
        return found.group(1), found.group(2)

    def command(self, *arguments: str) -> list[str]:
        """The command line of a command."""
        return [sys.executable, "-m", "stormcom.cli.app", *arguments]

    def environment(self) -> dict[str, str]:
        """The environment of every command: this home, nothing of the surroundings."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("STORMCOM_", "DAGSTER_"))}
        small = {"STORMCOM_ENCODER": "hash", "STORMCOM_DEMO_SCALE": "0.01", "STORMCOM_LAKE_THREADS": "1"}
        return {**clean, **small, "STORMCOM_HOME": str(self.home)}

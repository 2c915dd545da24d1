"""A process of the stack: started in a session of its own, so that a Ctrl-C in the terminal reaches only `up`, which
then ends them in order."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from stormcom.stack.errors import ChildFailed

LOG_LIMIT_BYTES = 20_000_000
TAIL_LINES = 15


@dataclass(frozen=True)
class ChildSpec:
    """What to run. `is_ready` asks the running process; `grace_seconds` is what it gets to end by itself.

    Processes end stage by stage: who takes requests first, who does the work behind them last.
    """

    name: str
    title: str
    command: tuple[str, ...]
    is_ready: Callable[[], bool]
    stage: int
    patience_seconds: float = 90.0
    grace_seconds: float = 5.0


def python(module: str, *arguments: str) -> tuple[str, ...]:
    """Return the command that runs a module with this very interpreter."""
    return (sys.executable, "-m", module, *arguments)


class Child:
    """One run of a ChildSpec."""

    def __init__(self, spec: ChildSpec, *, environment: Mapping[str, str], logs: Path) -> None:
        self.spec = spec
        self.log = logs / f"{spec.name}.log"
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0

    @property
    def pid(self) -> int:
        """Process id, which is also the id of the process group; 0 before the start."""
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start the process; its output goes to the log."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.spec.command, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )
        self.started_at = time.monotonic()

    def exit_code(self) -> int | None:
        """Return the exit code, or None while it runs."""
        return self._process.poll() if self._process else None

    def require_running(self) -> None:
        """Errors: ChildFailed, with the end of the log."""
        code = self.exit_code()
        if code is not None:
            raise ChildFailed(f"{self.spec.title} ended with {_code_text(code)}. {self.tail()}")

    def tail(self) -> str:
        """Return the end of the log as a paragraph that names the file."""
        lines = _last_lines(self.log)
        return "\n".join([f"The end of {self.log}:", *(f"  {line}" for line in lines)]) if lines else f"See {self.log}."

    def ask_to_end(self) -> None:
        """Send SIGTERM to the process and to what it has started."""
        self._signal(signal.SIGTERM)

    def await_end(self) -> None:
        """Wait for the end; whoever is left after `grace_seconds` is killed."""
        if self._process is None:
            return
        deadline = time.monotonic() + self.spec.grace_seconds
        while time.monotonic() < deadline and (self._process.poll() is None or self._group_lives()):
            time.sleep(0.05)
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _signal(self, number: int) -> None:
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return
        except PermissionError:
            self._process.send_signal(number)  # macOS answers so for a group of zombies

    def _group_lives(self) -> bool:
        assert self._process is not None
        try:
            os.killpg(self._process.pid, 0)
        except (ProcessLookupError, PermissionError):
            return False
        return True


def _code_text(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _last_lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            file.seek(max(path.stat().st_size - 16_384, 0))
            return file.read().decode(errors="replace").splitlines()[-TAIL_LINES:]
    except OSError:
        return []

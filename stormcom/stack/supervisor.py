"""The supervisor: starts the processes of one run, waits for them, restarts who dies, and ends all in order."""

import os
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from oltp.kit.ids import new_id
from stormcom.cli.messages import console, show_note
from stormcom.stack.children import Child, ChildSpec, python
from stormcom.stack.errors import ChildFailed
from stormcom.stack.interrupts import Interrupts
from stormcom.stack.records import RUN_ID, record_of, write_record

POLL_SECONDS = 0.25
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
# A process that ran this long before it died was well: its pauses start small again.
WELL_AFTER_SECONDS = 120.0


class Supervisor:
    """The processes of one `up`. Records of them lie in a folder of the run, for the guardian and for later runs."""

    def __init__(self, home: Path, *, environment: Mapping[str, str], interrupts: Interrupts) -> None:
        self.run_id = str(new_id())
        self.folder = home / "run" / f"up-{self.run_id}"
        self._logs = home / "logs"
        self._environment = {**os.environ, **environment, RUN_ID: self.run_id, "PYTHONUNBUFFERED": "1"}
        self._interrupts = interrupts
        self._children: list[Child] = []
        self._pauses: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._guardian: subprocess.Popen[bytes] | None = None

    def start_guardian(self) -> None:
        """Start the process that ends the others should `up` be killed. First of all, so that it misses none."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._interrupts.shield():
            self._guardian = subprocess.Popen(
                python("stormcom.stack.guardian", str(self.folder)), stdin=subprocess.PIPE, start_new_session=True
            )

    def run_to_end(self, name: str, command: tuple[str, ...]) -> None:
        """Run a step in a process of its own that shares this terminal. Errors: ChildFailed.

        What a step needs in memory (models, frames) goes with it, instead of staying with `up` for days.
        """
        with self._interrupts.shield():
            step = subprocess.Popen(command, env=self._environment, stdin=subprocess.DEVNULL, start_new_session=True)
            write_record(self.folder, record_of(name, step.pid, self.run_id))
        try:
            code = step.wait()
        except BaseException:
            step.terminate()
            with self._interrupts.shield():
                _finish(step)
            raise
        if code != 0:
            raise ChildFailed(f"`{name}` failed with exit code {code}; the reason is above.")

    def start(self, specs: Sequence[ChildSpec]) -> None:
        """Start processes and wait until each is ready. Errors: ChildFailed, with the end of the log."""
        children = [Child(spec, environment=self._environment, logs=self._logs) for spec in specs]
        for child in children:
            self._children.append(child)
            self._launch(child)
        for child in children:
            self._await_ready(child)

    def tend(self) -> None:
        """Look after every process once: whoever died is restarted, after a pause that grows with each death."""
        for child in self._children:
            code = child.exit_code()
            if code is None:
                continue
            if child.spec.name not in self._due:
                self._plan_restart(child, code)
            elif time.monotonic() >= self._due[child.spec.name]:
                del self._due[child.spec.name]
                self._launch(child)
                show_note(f"{child.spec.title} was started again (pid {child.pid}).")

    def stop(self) -> None:
        """End everything, stage by stage."""
        for stage in sorted({child.spec.stage for child in self._children}):
            together = [child for child in self._children if child.spec.stage == stage]
            for child in together:
                child.ask_to_end()
            for child in together:
                child.await_end()
        if self._guardian is not None and self._guardian.stdin is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self._guardian.stdin.close()
            self._guardian.wait()

    def _launch(self, child: Child) -> None:
        with self._interrupts.shield():
            child.start()
            write_record(self.folder, record_of(child.spec.name, child.pid, self.run_id))

    def _await_ready(self, child: Child) -> None:
        deadline = time.monotonic() + child.spec.patience_seconds
        while not child.spec.is_ready():
            child.require_running()
            if time.monotonic() > deadline:
                raise ChildFailed(
                    f"{child.spec.title} is not ready after {child.spec.patience_seconds:.0f} seconds. {child.tail()}"
                )
            time.sleep(POLL_SECONDS)

    def _plan_restart(self, child: Child, code: int) -> None:
        name = child.spec.name
        was_well = time.monotonic() - child.started_at > WELL_AFTER_SECONDS
        pause = FIRST_PAUSE_SECONDS if was_well else self._pauses.get(name, FIRST_PAUSE_SECONDS)
        self._pauses[name] = min(pause * 2, LONGEST_PAUSE_SECONDS)
        self._due[name] = time.monotonic() + pause
        console.print()
        show_note(f"{child.spec.title} died (exit {code}); it is started again in {pause:.0f} s. {child.tail()}")


def _finish(step: subprocess.Popen[bytes]) -> None:
    try:
        step.wait(5)
    except subprocess.TimeoutExpired:
        step.kill()
        step.wait()

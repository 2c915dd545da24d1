"""Run as a program: an import that kills itself without warning after some steps of a stage.

Arguments: database URL, file, slug, stage ("Staging" or "Publishing"), number of steps.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress, TaskID

from oltp.db.session import Database
from oltp.kit.clock import SystemClock
from stormcom.importers.online_retail.run import run_import


class Deadly(Progress):
    """Bars that end the process (no handler runs, no connection is closed) when a stage has moved far enough."""

    def __init__(self, stage: str, steps: int) -> None:
        super().__init__(console=Console(quiet=True))
        self._stage, self._steps = stage, steps

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        super().advance(task_id, advance)
        if self.tasks[task_id].description == self._stage:
            self._steps -= 1
            if self._steps == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def main(arguments: list[str]) -> Any:
    url, file, slug, stage, steps = arguments
    bars = Deadly(stage, int(steps))
    run_import(Database(url), file=Path(file), store_slug=slug, clock=SystemClock(), progress=bars, batch_rows=3)


if __name__ == "__main__":
    main(sys.argv[1:])

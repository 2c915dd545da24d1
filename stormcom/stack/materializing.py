"""The river in this process, with a bar that shows the step under way. Loads Dagster and DuckDB."""

import os

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from oltp.kit.settings import Settings
from pipelines.run import materialize
from stormcom.cli.messages import console, show_step
from stormcom.stack.dagster_home import prepare
from stormcom.stack.errors import StackError

DONE = frozenset({"succeeded", "failed", "skipped"})


class MaterializeFailed(StackError):
    """A step of the river failed."""


class StepBar:
    """Counts steps that have ended and names those under way."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("Reading what is new", total=None)
        self._states: dict[str, str] = {}

    def __call__(self, step: str, state: str) -> None:
        """Take note of a step's new state."""
        self._states[step] = state
        running = [name for name, each in self._states.items() if each in {"started", "retrying"}]
        done = sum(each in DONE for each in self._states.values())
        self._progress.update(
            self._task, total=len(self._states), completed=done, description=running[-1] if running else "…"
        )


def run_steps(settings: Settings, database_url: str, *, select: str | None = None, full: bool = False) -> None:
    """Run the river, or what `select` names, and say how it went. Errors: MaterializeFailed, UnknownSelection."""
    # With an instance the run is on record, and Dagster's pages show it.
    os.environ.update(prepare(settings.home_path, database_url))
    shown = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*shown, console=console, transient=True) as progress:
        report = materialize(settings, database_url, select=select, full=full, on_step=StepBar(progress))
    if not report.success:
        reasons = "; ".join(f"{step}: {reason}" for step, reason in report.failures.items())
        raise MaterializeFailed(
            f"{reasons or 'no step says why'}. What was published before stays; run `stormcom materialize` again once "
            "the cause is gone."
        )
    show_step(f"{len(report.steps)} steps done in {report.seconds:.1f} s.")

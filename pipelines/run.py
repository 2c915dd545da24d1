"""Running the river in this process: for the command line and for tests, without Dagster's daemon.

With DAGSTER_HOME set the run is recorded there and the UI shows it; without, it leaves no trace but its results.
A run that is killed half-way needs no repair: every step is one transaction, and the next run goes on from there.
"""

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from uuid import UUID

import dagster as dg
from dagster import DagsterEventType

from oltp.kit.ids import new_id
from oltp.kit.settings import Settings
from oltp.kit.trace import current_trace
from pipelines.automation import RIVER_JOB
from pipelines.definitions import build_definitions
from pipelines.selection import selected_keys
from pipelines.steps import CORRELATION_TAG, FULL_TAG

OnStep = Callable[[str, str], None]
_STATES = {
    DagsterEventType.ASSET_MATERIALIZATION_PLANNED: "planned",
    DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED: "planned",
    DagsterEventType.STEP_START: "started",
    DagsterEventType.STEP_SUCCESS: "succeeded",
    DagsterEventType.STEP_FAILURE: "failed",
    DagsterEventType.STEP_UP_FOR_RETRY: "retrying",
}
# Dagster writes every event to the console by default; here `on_step` and the report say what matters.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class MaterializeReport:
    """How a run went. `steps`: step → state; `seconds`: of the whole run; `failures`: step → why."""

    success: bool
    steps: dict[str, str]
    seconds: float
    failures: dict[str, str]
    run_id: str


def materialize(settings: Settings, database_url: str, *, select: str | None = None, full: bool = False,
                on_step: OnStep | None = None) -> MaterializeReport:
    """Run the river, or what `select` names (see `selected_keys`), and report; a failing step does not raise.

    `on_step(step, state)` is called as it happens: planned (every step, first of all), started, retrying, then
    succeeded, failed, or skipped at the end where a failure stood before it. `full` rebuilds everything.
    Errors: UnknownSelection.
    """
    definitions = build_definitions(settings, database_url)
    keys = selected_keys(definitions, select) if select else None
    watcher = _Watcher(on_step)
    run_id, started = str(new_id()), time.perf_counter()
    with _instance() as instance:
        instance.add_event_listener(run_id, watcher)
        result = definitions.resolve_job_def(RIVER_JOB.name).execute_in_process(
            instance=instance, run_id=run_id, run_config=_QUIET, asset_selection=keys, raise_on_error=False,
            tags={CORRELATION_TAG: str(_correlation()), **({FULL_TAG: "true"} if full else {})})
    watcher.finish()
    return MaterializeReport(result.success, watcher.steps, time.perf_counter() - started, watcher.failures, run_id)


class _Watcher:
    """Follows the events of one run."""

    def __init__(self, on_step: OnStep | None) -> None:
        self._on_step = on_step
        self.steps: dict[str, str] = {}
        self.failures: dict[str, str] = {}

    def __call__(self, entry: dg.EventLogEntry) -> None:
        event = entry.dagster_event
        if event is None or event.step_key is None:
            return
        state = _STATES.get(event.event_type)
        if state is None or self.steps.get(event.step_key) == state:
            return
        if state == "failed":
            self.failures[event.step_key] = _reason(event)
        self._tell(event.step_key, state)

    def finish(self) -> None:
        """Name what never began, because something before it failed."""
        for name in [name for name, state in self.steps.items() if state == "planned"]:
            self._tell(name, "skipped")

    def _tell(self, name: str, state: str) -> None:
        self.steps[name] = state
        if self._on_step is not None:
            self._on_step(name, state)


def _reason(event: dg.DagsterEvent) -> str:
    """The innermost message: Dagster wraps what a step raised."""
    error = event.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error is not None else "no reason given"


def _instance() -> AbstractContextManager[dg.DagsterInstance]:
    return dg.DagsterInstance.get() if os.environ.get("DAGSTER_HOME") else dg.DagsterInstance.ephemeral()


def _correlation() -> UUID:
    trace = current_trace()
    return trace.correlation_id if trace else new_id()

"""Who belongs to a run of `up`: written down, so that a later run can end what a killed one left.

A pid alone proves nothing, since pids are used again. A process is ours only if it was created when the record says,
or carries the run's id in its environment.
"""

import json
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

RUN_ID = "STORMCOM_RUN_ID"
# Linux computes creation times from the boot time, which an adjusted clock may shift a little.
_TOLERANCE_SECONDS = 1.0


@dataclass(frozen=True)
class Record:
    """One process of a run; `created` is its creation time in seconds since 1970."""

    name: str
    pid: int
    created: float
    run_id: str


def record_of(name: str, pid: int, run_id: str) -> Record:
    """Return the record of a process that has just been started."""
    try:
        created = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        created = 0.0
    return Record(name, pid, created, run_id)


def write_record(folder: Path, record: Record) -> None:
    """Write the record, in one step, so that nobody reads half of it."""
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{record.name}.draft"
    draft.write_text(json.dumps(asdict(record)))
    draft.replace(folder / f"{record.name}.json")


def read_records(folder: Path) -> list[Record]:
    """Return every readable record of the folder."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(Record(**json.loads(path.read_text())))
        except (OSError, ValueError, TypeError):
            continue  # half a file of a machine that lost power names nobody
    return found


def run_folders(home: Path) -> list[Path]:
    """Return the folders of runs that have not cleaned up: each holds the records of one `up`."""
    return sorted(path for path in (home / "run").glob("up-*") if path.is_dir())


def end_run(folder: Path, *, grace_seconds: float) -> list[tuple[str, int]]:
    """End what the records in `folder` still name, forget the run, and return the (name, pid) of who was ended."""
    found = living(read_records(folder))
    end_all((process for _, process in found.values()), grace_seconds=grace_seconds)
    shutil.rmtree(folder, ignore_errors=True)
    return [(name, pid) for pid, (name, _) in sorted(found.items())]


def living(records: Iterable[Record]) -> dict[int, tuple[str, psutil.Process]]:
    """Return the processes that still run, by pid: those recorded, and what they started (it carries the run's id)."""
    known = list(records)
    names = {record.pid: record for record in known}
    runs = {record.run_id: record.name for record in known}
    found: dict[int, tuple[str, psutil.Process]] = {}
    for process in psutil.process_iter():
        record = names.get(process.pid)
        if record is not None and _is_same(process, record):
            found[process.pid] = (record.name, process)
        elif runs and _run_of(process) in runs:
            found[process.pid] = (_title(process), process)
    return found


def end_all(processes: Iterable[psutil.Process], *, grace_seconds: float) -> None:
    """Ask the processes to end, then make them."""
    waiting = list(processes)
    for process in waiting:
        _signal(process, is_final=False)
    _, stubborn = psutil.wait_procs(waiting, timeout=grace_seconds)
    for process in stubborn:
        _signal(process, is_final=True)
    psutil.wait_procs(stubborn, timeout=5)


def _signal(process: psutil.Process, *, is_final: bool) -> None:
    try:
        if is_final:
            process.kill()
        else:
            process.terminate()
    except psutil.NoSuchProcess:
        return


def _is_same(process: psutil.Process, record: Record) -> bool:
    try:
        return bool(
            abs(process.create_time() - record.created) <= _TOLERANCE_SECONDS
            and process.status() != psutil.STATUS_ZOMBIE
        )
    except psutil.Error:
        return False


def _run_of(process: psutil.Process) -> str | None:
    try:
        environment: dict[str, str] = process.environ()
        return environment.get(RUN_ID)
    except (psutil.Error, OSError):
        return None  # another user's process, or one that has just ended


def _title(process: psutil.Process) -> str:
    try:
        return str(process.name())
    except psutil.Error:
        return "process"

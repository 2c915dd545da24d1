"""The parts of the stack: ports, locks, records of processes, and the shared embedded server."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from stormcom.stack.dagster_home import socket_path, with_database
from stormcom.stack.errors import PortTaken
from stormcom.stack.interrupts import Interrupts, Stopped
from stormcom.stack.locks import exclusive, is_held
from stormcom.stack.ports import is_free, require_free
from stormcom.stack.records import RUN_ID, Record, end_run, living, record_of, run_folders, write_record

# A child inherits which signals its parent ignores. Dagster gives SIGTERM what SIGINT has, for good: where the tests
# were started in the background, with SIGINT ignored, a run of Dagster before this file leaves SIGTERM ignored too. So
# the sleeper takes SIGTERM back, and says when it has.
AWAKE = b"awake\n"
SLEEP = [sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_DFL); "
                               "print('awake', flush=True); time.sleep(60)"]

# Its own in each test process: processes are found by it, and another checkout may be tested at the same time.
RUN = f"run-{os.getpid()}"


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing, ended with the test."""
    with subprocess.Popen(SLEEP, env={**os.environ, RUN_ID: RUN}, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == AWAKE
        yield process
        process.kill()


def test_a_taken_port_names_its_holder_and_what_to_do() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen(1)
        port = holder.getsockname()[1]
        with pytest.raises(PortTaken) as refusal:
            require_free(port, host="127.0.0.1", purpose="the API", option="--api-port")
        for part in (f"Port {port}", "the API", f"pid {os.getpid()}", f"--api-port {port + 1}"):
            assert part in str(refusal.value)
    assert is_free(port, host="127.0.0.1")


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    assert not is_held(path)
    with exclusive(path):
        assert is_held(path)
    assert not is_held(path)


def test_a_process_is_known_by_pid_and_birth(sleeper: subprocess.Popen[bytes]) -> None:
    record = record_of("api", sleeper.pid, "run-other")
    assert list(living([record])) == [sleeper.pid]
    stranger = Record("api", sleeper.pid, record.created - 60, "run-other")
    assert living([stranger]) == {}, "a pid that was used again is somebody else"


def test_what_a_process_started_is_known_by_its_run(sleeper: subprocess.Popen[bytes]) -> None:
    gone = Record("api", 2**22 + 1, 0.0, RUN)
    assert list(living([gone])) == [sleeper.pid]


def test_a_killed_run_is_ended_and_forgotten(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    folder = tmp_path / "run" / "up-1"
    write_record(folder, record_of("api", sleeper.pid, RUN))
    (folder / "broken.json").write_text("{")
    assert run_folders(tmp_path) == [folder]
    assert end_run(folder, grace_seconds=5) == [("api", sleeper.pid)]
    assert not psutil.pid_exists(sleeper.pid)
    assert run_folders(tmp_path) == []


def test_the_guardian_ends_a_run_whose_up_is_gone(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    folder = tmp_path / "up-1"
    write_record(folder, record_of("api", sleeper.pid, RUN))
    command = [sys.executable, "-m", "stormcom.stack.guardian", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as guardian:
        time.sleep(0.5)
        assert sleeper.poll() is None
        assert guardian.stdin is not None
        guardian.stdin.close()
        assert sleeper.wait(15) == -signal.SIGTERM
        assert guardian.wait(15) == 0
    assert not folder.exists()


def test_an_interrupt_waits_for_the_end_of_a_shield() -> None:
    interrupts = Interrupts()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    done = []
    try:
        interrupts.install()
        with pytest.raises(Stopped), interrupts.shield():
            os.kill(os.getpid(), signal.SIGTERM)
            done.append("whole")
        assert done == ["whole"]
        os.kill(os.getpid(), signal.SIGINT)  # the second one changes nothing
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_the_socket_of_a_deep_home_is_short(tmp_path: Path) -> None:
    assert socket_path(tmp_path / "h") == tmp_path / "h" / "run" / "dagster.sock"
    deep = socket_path(tmp_path / ("d" * 90))
    assert len(str(deep)) < 100
    deep.parent.rmdir()


def test_another_database_of_the_same_server() -> None:
    url = "postgresql://postgres@/shop?host=/tmp/x&port=5432"
    assert with_database(url, "shop_dagster") == "postgresql://postgres@/shop_dagster?host=/tmp/x&port=5432"
    assert with_database("postgresql://u:p@h:1/shop", "b") == "postgresql://u:p@h:1/b"

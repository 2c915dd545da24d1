"""The command line itself: every command explains itself, errors are one line, and help loads nothing heavy."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from oltp.kit.metrics import METRICS
from stormcom.cli.app import app, run
from stormcom.cli.messages import complaint_of, without_password
from stormcom.cli.reference import render, render_metrics, walk

COMMANDS = list(walk(typer.main.get_command(app)))
MANUAL = Path(__file__).resolve().parents[3] / "docs" / "commands.md"


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[" ".join(("stormcom", *path)) for path, _ in COMMANDS])
def test_every_command_explains_itself_and_shows_an_example(path: tuple[str, ...], command: Any) -> None:
    assert command.help and command.help.strip().endswith((".", "anew.")), path
    assert str(command.epilog).startswith("Example: ") and " ".join(("stormcom", *path)) in command.epilog, path
    for parameter in command.params:
        if "--help" not in parameter.opts:
            assert getattr(parameter, "help", None), (path, parameter.name)


def test_the_tree_is_complete() -> None:
    names = {" ".join(path) for path, _ in COMMANDS}
    assert {"up", "demo", "import online-retail", "db upgrade", "db downgrade", "db status", "db url", "materialize",
            "token create", "token sign-in", "doctor", "version", "serve-api", "worker"} <= names


def test_the_manual_is_what_the_commands_say() -> None:
    assert MANUAL.read_text() == render(app), "docs/commands.md is out of date: run `make docs`"


def test_every_metric_is_defined_in_the_manual() -> None:
    manual = MANUAL.with_name("metrics.md").read_text()
    assert manual == render_metrics(), "docs/metrics.md is out of date: run `make docs`"
    assert all(f"(`{name}`, " in manual for name in METRICS)


def test_help_and_the_api_load_neither_torch_nor_dagster_nor_duckdb() -> None:
    code = ("import importlib, sys, stormcom.cli.app\n"
            "for name in ('stormcom.cli.starting', 'search_api.app', 'stormcom.serving', 'stormcom.worker'):\n"
            "    importlib.import_module(name)\n"
            "    print(name, {'torch', 'dagster', 'duckdb', 'sentence_transformers'} & set(sys.modules))")
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert [line.partition(" ")[2] for line in answer.stdout.splitlines()] == ["set()"] * 4, answer.stdout


def test_help_loads_no_database_library() -> None:
    code = "import sys, stormcom.cli.app; print(sorted({'sqlalchemy', 'fastapi', 'polars'} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_wrong_usage_is_not_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["token", "create", "--scope", "search.read"]) == 2
    assert "--store" in capsys.readouterr().err
    assert run(["version"]) == 0


def test_a_bad_setting_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("STORMCOM_API_PORT", "eighty")
    assert run(["db", "url"]) == 1
    assert "STORMCOM_API_PORT=eighty" in capsys.readouterr().err


def test_a_server_that_does_not_answer_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STORMCOM_DATABASE_URL", "postgresql://somebody:secret@127.0.0.1:1/shop")
    assert run(["db", "status"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "The database can't be used" in error
    assert "secret" not in error and "Traceback" not in error


def test_a_defect_says_so_and_debug_shows_where(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("stormcom.cli.databases.read_settings", broken)
    monkeypatch.setenv("STORMCOM_LOG_LEVEL", "info")
    assert run(["db", "url"]) == 3
    assert "ZeroDivisionError" in (quiet := capsys.readouterr().err) and "Traceback" not in quiet
    assert run(["--debug", "db", "url"]) == 3
    assert "Traceback" in capsys.readouterr().err


def test_no_embedded_server_is_said_with_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["db", "url", "--home", str(tmp_path / "nothing")]) == 1
    assert "stormcom up" in capsys.readouterr().err
    assert not (tmp_path / "nothing").exists()


def test_passwords_stay_out_of_messages() -> None:
    assert without_password("postgresql://me:p4ss@host/db") == "postgresql://me:***@host/db"
    assert complaint_of(ZeroDivisionError()) is None
    assert complaint_of(FileNotFoundError(2, "No such file", "a.csv")) == "a.csv: No such file."

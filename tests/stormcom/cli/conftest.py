"""Fixtures of the command line: commands run in this process, against a database of the test's own."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from oltp.db.session import Database
from stormcom.cli.app import run


@dataclass(frozen=True)
class Answer:
    """What a command line said and how it ended."""

    code: int
    out: str
    err: str


Command = Callable[..., Answer]


@pytest.fixture
def command(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Command:
    """Run a command line against the test's database; state goes to a folder of the test's own."""
    monkeypatch.setenv("STORMCOM_DATABASE_URL", database.url)
    monkeypatch.setenv("STORMCOM_HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("STORMCOM_ENCODER", "hash")
    monkeypatch.setenv("STORMCOM_LOG_LEVEL", "info")

    def call(*arguments: str) -> Answer:
        capsys.readouterr()
        code = run(arguments)
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return call

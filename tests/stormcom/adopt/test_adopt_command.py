"""`stormcom adopt`, as a person meets it."""

from collections.abc import Callable

import psycopg
import pytest

from stormcom.cli.app import run
from stormcom.cli.messages import console
from stormcom.schema import current, head
from tests.stormcom.adopt.conftest import Adoption

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path) -> Call:
    """Run a command line in this process."""
    monkeypatch.setenv("STORMCOM_HOME", str(tmp_path))
    # The console may have been made under a narrower terminal by then.
    monkeypatch.setattr(console, "_width", 160)

    def one(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    return one


def test_from_an_empty_database_to_the_newest_schema(
    shop: Adoption, other_database: str, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORMCOM_DATABASE_URL", other_database)
    code, _, err = call("adopt", "report")
    assert code == 1 and "`stormcom adopt URL` makes one" in err
    code, out, _ = call("adopt", shop.source)
    assert code == 0, out
    assert "may be repeated" in out and "The schema stands at 0001" in out
    assert "images are invalid JSON" in out and "kept in adoption.set_aside" in out
    code, out, _ = call("adopt", shop.source, "--final")
    assert code == 0, out
    assert "read-only for" in out and "stays read-only" in out and f"stands at {head()}" in out
    assert current(other_database) == head()
    with psycopg.connect(other_database) as connection:
        assert connection.execute("SELECT count(*) > 100 FROM product_variants").fetchone() == (True,)
    code, report, _ = call("adopt", "report")
    assert code == 0 and "(final)" in report and "header differs from lines" in report
    code, _, err = call("adopt", shop.source)
    assert code == 1 and "ended with --final on 20" in err


def test_help_teaches(call: Call) -> None:
    code, out, _ = call("adopt", "--help")
    assert code == 0
    for words in ("again and again, until --final", "postgresql://user:password@host:5432/shop", "stormcom migration"):
        assert words in " ".join(out.replace("│", " ").split())


def test_wrong_usage(call: Call) -> None:
    assert call("adopt", "postgresql://localhost/x", "--stay")[0] == 2
    code, _, err = call("adopt", "mysql://localhost/x")
    assert code == 1 and "is no Postgres URL" in err

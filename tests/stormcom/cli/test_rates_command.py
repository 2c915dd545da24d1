"""`stormcom rates import`: a file of the ECB's comes in, once; another file is refused in a line."""

from pathlib import Path

import pytest
from sqlalchemy import text

from oltp.db.session import Database
from stormcom.cli.app import run
from tests.oltp.pricing.test_rates import FILE


def test_a_file_is_brought_in_once(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STORMCOM_DATABASE_URL", database.url)
    file = tmp_path / "eurofxref-daily.xml"
    file.write_bytes(FILE)
    for added in (3, 0):
        assert run(["rates", "import", str(file), "--home", str(tmp_path)]) == 0
        assert f"{added} of 3 rates are new" in capsys.readouterr().out
    with database.worker_session() as session:
        assert session.scalar(text("SELECT count(*) FROM currency_rate WHERE source = 'ecb'")) == 3
    file.write_bytes(b"<!DOCTYPE x>" + FILE)
    assert run(["rates", "import", str(file), "--home", str(tmp_path)]) == 1
    assert "document type" in capsys.readouterr().err.replace("\n", " ")

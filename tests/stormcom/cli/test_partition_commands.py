"""`stormcom partitions`, and the key that a home makes for its secrets."""

from pathlib import Path

import pytest
from sqlalchemy import text

from oltp.db.session import Database
from oltp.kit.secrets import SecretBox, SecretKeyInvalid
from oltp.kit.settings import Settings
from stormcom.stack.secret_key import ensure_secret_key, find_secret_box, secret_key_file
from tests.stormcom.cli.conftest import Command


def test_old_months_are_named_first_and_archived_on_demand(database: Database, command: Command) -> None:
    with database.worker_session() as session:
        session.execute(text("SELECT ensure_event_partitions('2024-05-01', '2024-06-01')"))
    with database.owner_session() as session:
        session.execute(text("DROP TABLE analytics_event_202406"))
    listed = command("partitions", "status")
    assert listed.code == 0
    assert "analytics_event  2024-05-01 to 2024-06-01  analytics_event_202405" in listed.out
    assert "audit_logs_202611" in listed.out
    dry = command("partitions", "detach", "--before", "2024-07")
    assert dry.code == 0 and "Would archive analytics_event_202405." in dry.out
    done = command("partitions", "detach", "--before", "2024-07", "--yes")
    assert done.code == 0 and "analytics_event_202405: 0 rows, the same in the lake" in done.out
    with database.owner_session() as session:
        assert session.scalar(text("SELECT count(*) FROM archive.analytics_event_202405")) == 0
    assert "No month is old enough" in command("partitions", "detach", "--before", "2024-07").out


def test_a_month_that_the_lake_lacks_is_not_archived(database: Database, command: Command) -> None:
    with database.worker_session() as session:
        session.execute(text("SELECT ensure_month_partitions('audit_logs', '2024-05-01', '2024-05-01')"))
    with database.owner_session() as session:
        session.execute(text("INSERT INTO audit_logs (action, entity_type, entity_id, created_at) "
                             "VALUES ('a', 'b', 'c', '2024-05-05')"))
    refused = command("partitions", "detach", "--before", "2024-07", "--yes")
    assert refused.code == 1
    assert "audit_logs_202405 differs from the lake: 1 rows" in refused.err


def test_a_home_makes_one_key_that_only_its_owner_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STORMCOM_SECRET_KEY", raising=False)
    settings = Settings(home=tmp_path)
    assert find_secret_box(settings) is None
    key = ensure_secret_key(settings)
    assert ensure_secret_key(settings) == key
    assert secret_key_file(settings).stat().st_mode & 0o777 == 0o600
    assert find_secret_box(settings) == SecretBox.of(key)
    monkeypatch.setenv("STORMCOM_SECRET_KEY", "nonsense")
    told = Settings(home=tmp_path)
    assert "nonsense" not in repr(told)
    with pytest.raises(SecretKeyInvalid, match="STORMCOM_SECRET_KEY"):
        ensure_secret_key(told)

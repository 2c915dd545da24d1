"""An answer of success means that the commit has happened: a commit that fails must not be acknowledged."""

from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from oltp.db.session import Database
from tests.search_api.conftest import MakeToken, bearer

# A rule that is checked only at commit, when the endpoint has long returned its receipt.
TRAP = """
CREATE FUNCTION refuse_at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$;
CREATE CONSTRAINT TRIGGER trap AFTER INSERT ON ingest_batch DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION refuse_at_commit()"""


@pytest.mark.parametrize(("code", "status"), [("23514", 409), ("P0001", 500), ("57P01", 503)])
def test_a_failing_commit_is_not_acknowledged(client: TestClient, database: Database, store: UUID,
                                              make_token: MakeToken, code: str, status: int) -> None:
    with database.owner_session() as session:
        session.execute(text(TRAP.format(code=code)))
    event = {"name": "page_view", "visitor_id": "v", "occurred_at": "2026-11-24T11:00:00Z"}
    headers = bearer(make_token(store, ["event.write"]))
    answer = client.post("/v1/events", json={"events": [event]}, headers=headers)
    assert answer.status_code == status, answer.text
    with database.owner_session() as session:
        assert session.scalar(text("SELECT count(*) FROM analytics_event")) == 0
        session.execute(text("DROP TRIGGER trap ON ingest_batch"))
    again = client.post("/v1/events", json={"events": [event]}, headers=headers)
    assert (again.status_code, again.json()["accepted"]) == (202, 1)

"""Submitting events: what is taken, what is refused and why; nothing is lost, nothing is taken twice."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from oltp.db.session import Database
from oltp.events.actions import replay_rejected
from oltp.kit.clock import FixedClock
from tests.search_api.conftest import MakeToken, bearer


def view(**fields: object) -> dict[str, Any]:
    """A page view; `fields` override or add."""
    return {"event_id": str(uuid4()), "name": "page_view", "occurred_at": "2026-11-24T11:59:00Z", "visitor_id": "v1",
            **fields}


class Sender:
    """Submits events with a token of the store and reads what is stored."""

    def __init__(self, client: TestClient, database: Database, store: UUID, token: str) -> None:
        self.client, self.database, self.store, self.token = client, database, store, token

    def send(self, events: Sequence[object], **more: object) -> Any:
        """Submit the events."""
        return self.post(json.dumps({"events": list(events), **more}))

    def post(self, body: Any) -> Any:
        """Submit a raw body."""
        return self.client.post("/v1/events", content=body, headers=bearer(self.token))

    def rows(self, sql: str) -> list[Any]:
        """Read as the owner."""
        with self.database.owner_session() as session:
            return list(session.execute(text(sql)))

    def count(self, table: str = "analytics_event") -> int:
        """Number of rows in a table."""
        return int(self.rows(f"SELECT count(*) FROM {table}")[0][0])


@pytest.fixture
def sender(client: TestClient, database: Database, store: UUID, make_token: MakeToken) -> Sender:
    """A storefront of the store `demo`."""
    return Sender(client, database, store, make_token(store, ["event.write"]))


def test_an_event_is_stored_as_sent(sender: Sender) -> None:
    product, order = str(uuid4()), str(uuid4())
    event = view(
        name="purchase", product_id=product, order_id=order, session_ref="s-1", utm_source="news",
        page_url="https://shop.test/thanks?utm_medium=email&utm_source=ignored&gclid=abc", country="BD",
        referrer="https://www.Google.com:443/search?q=secret", user_agent="Googlebot/2.1",
        properties={"value_amount": 5},
        occurred_at="2026-11-24T12:58:59.123456+01:00")
    answer = sender.send([event])
    assert answer.status_code == 202, answer.text
    assert answer.json()["results"] == [{"index": 0, "event_id": event["event_id"], "status": "accepted", "code": None,
                                         "path": None, "reason": None}]
    row = sender.rows("SELECT * FROM analytics_event")[0]._mapping
    assert (str(row["event_id"]), str(row["product_id"]), str(row["order_id"])) == (event["event_id"], product, order)
    assert row["occurred_at"].isoformat() == row["corrected_at"].isoformat() == "2026-11-24T11:58:59.123456+00:00"
    assert row["received_at"].isoformat() == "2026-11-24T12:00:00+00:00" and row["sent_at"] is None
    assert (row["utm_source"], row["utm_medium"], row["click_id_kind"]) == ("news", "email", "gclid")
    assert (row["referrer_host"], row["page_path"], row["country"]) == ("www.google.com", "/thanks", "BD")
    assert row["is_bot"] and row["consent"] and row["properties"] == {"value_amount": 5} and row["version"] == 1
    kinds = sender.rows("SELECT s.kind, s.visitor_id FROM subject s JOIN analytics_event e ON e.subject_id = s.id")
    assert [tuple(kind) for kind in kinds] == [("visitor", "v1")]


def test_every_status_in_one_batch(sender: Sender) -> None:
    good = view()
    answer = sender.send([good, good, view(consent=False, name="nonsense"), view(name="nonsense"),
                          view(occurred_at="2026-11-25T11:00:01Z"), view(occurred_at="2026-11-25T11:00:00Z")])
    receipt = answer.json()
    assert [result["status"] for result in receipt["results"]] == [
        "accepted", "duplicate", "unconsented", "rejected", "quarantined", "accepted"]
    batch = sender.rows("SELECT * FROM ingest_batch")[0]._mapping
    for status in ("received", "accepted", "duplicate", "rejected", "quarantined", "unconsented"):
        assert batch[f"{status}_count"] == receipt[status], status
    assert str(batch["id"]) == receipt["batch_id"]
    assert batch["byte_count"] == len(answer.request.content)
    assert batch["request_id"] == answer.headers["X-Request-ID"]
    kept = sender.rows("SELECT code, path, is_quarantined, body FROM rejected_event ORDER BY code")
    assert [tuple(row)[:3] for row in kept] == [
        ("future_time", "occurred_at", True), ("unknown_name", "name", False)]
    assert all("consent" not in row.body for row in kept), "an event without consent leaves no trace"


def test_the_same_batch_three_times(sender: Sender) -> None:
    nameless = {key: value for key, value in view().items() if key != "event_id"}
    batch = [view() for _ in range(50)] + [nameless]
    first = sender.send(batch).json()
    for _ in range(2):
        again = sender.send(batch).json()
        assert (again["accepted"], again["duplicate"]) == (0, 51)
        assert [r["event_id"] for r in again["results"]] == [r["event_id"] for r in first["results"]]
    assert sender.count() == 51
    sums = sender.rows("SELECT sum(accepted_count), sum(duplicate_count), sum(received_count) FROM ingest_batch")
    assert sums[0] == (51, 102, 153)


def test_the_client_clock_is_corrected(sender: Sender) -> None:
    # The client is two days ahead: without sent_at that is the future, with it it was a minute ago.
    ahead = view(occurred_at="2026-11-26T11:59:00Z")
    assert sender.send([ahead]).json()["quarantined"] == 1
    assert sender.send([ahead], sent_at="2026-11-26T12:00:00Z").json()["accepted"] == 1
    row = sender.rows("SELECT occurred_at, corrected_at, sent_at FROM analytics_event")[0]
    assert [moment.isoformat() for moment in row] == [
        "2026-11-26T11:59:00+00:00", "2026-11-24T11:59:00+00:00", "2026-11-26T12:00:00+00:00"]


BAD_EVENTS: list[tuple[dict[str, Any], str, str]] = [
    ({"name": "page_veiw"}, "unknown_name", "name"),
    ({"name": ["page_view"]}, "unknown_name", "name"),
    ({"version": 2}, "unknown_version", "version"),
    ({"version": True}, "unknown_version", "version"),
    ({"version": 1.5}, "unknown_version", "version"),
    ({"version": None}, "unknown_version", "version"),
    ({"event_id": "1"}, "invalid_event", "event_id"),
    ({"occurred_at": "yesterday"}, "invalid_event", "occurred_at"),
    ({"occurred_at": "2026-11-24T11:59:00"}, "invalid_event", "occurred_at"),
    ({"occurred_at": 1700000000}, "invalid_event", "occurred_at"),
    ({"occurred_at": "2026-02-30T11:59:00Z"}, "invalid_time", "occurred_at"),
    ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "invalid_time", "occurred_at"),
    ({"occurred_at": "0001-01-01T00:00:00Z"}, "no_partition", "occurred_at"),
    ({"occurred_at": "2020-11-24T11:59:00Z"}, "no_partition", "occurred_at"),
    ({"visitor_id": 7}, "invalid_event", "visitor_id"),
    ({"visitor_id": ""}, "invalid_event", "visitor_id"),
    ({"visitor_id": "v" * 201}, "invalid_event", "visitor_id"),
    ({"consent": "yes"}, "invalid_event", "consent"),
    ({"utm_source": ["a"]}, "invalid_event", "utm_source"),
    ({"product_id": "85123A"}, "invalid_event", "product_id"),
    ({"country": "usa"}, "invalid_event", "country"),
    ({"properties": [1]}, "invalid_event", "properties"),
    ({"name": "product_view"}, "invalid_event", ""),
    ({"name": "search", "properties": {"query": 5}}, "invalid_event", "properties.query"),
    ({"name": "identify"}, "invalid_event", ""),
    ({"name": "identify", "customer_email": "nobody@example.test"}, "unknown_customer", "customer_email"),
    ({"name": "identify", "customer_id": "00000000-0000-0000-0000-000000000001"}, "unknown_customer", "customer_id"),
    ({"surprise": 1}, "invalid_event", ""),
    ({"page_url": "https://[broken"}, "invalid_event", "page_url"),
    ({"referrer": "https://[broken"}, "invalid_event", "referrer"),
    ({"session_ref": "a\x00b"}, "unstorable_value", "session_ref"),
    ({"visitor_id": "\ud800"}, "unstorable_value", "visitor_id"),
    ({"properties": {"\udfff": 1}}, "unstorable_value", "properties.\\udfff"),
    ({"properties": {"deep": {"a": "\x00"}}}, "unstorable_value", "properties.deep.a"),
    ({"properties": {"n": 2**63}}, "unstorable_value", "properties.n"),
    ({"properties": {"n": -(2**200)}}, "unstorable_value", "properties.n"),
]


def test_a_bad_event_is_kept_with_its_reason(sender: Sender) -> None:
    bad = [view(**fields) for fields, _, _ in BAD_EVENTS]
    answer = sender.send([*bad, view()])
    assert answer.status_code == 202, answer.text
    *refused, taken = answer.json()["results"]
    assert taken["status"] == "accepted"
    got = [(each["status"], each["code"], each["path"]) for each in refused]
    assert got == [("rejected", code, path) for _, code, path in BAD_EVENTS]
    assert all(each["reason"] for each in refused)
    kept = sender.rows("SELECT body, path, reason, code FROM rejected_event ORDER BY id")
    assert [json.loads(row.body)["events"] for row in kept] == [[event] for event in bad]
    assert [(row.path, row.reason, row.code) for row in kept] == [
        (each["path"], each["reason"], each["code"]) for each in refused]


def test_items_that_are_no_objects(sender: Sender) -> None:
    items = [None, 1, "text", [], [[]], True, 1.5]
    results = sender.send(items).json()["results"]
    assert [(result["status"], result["code"]) for result in results] == [("rejected", "not_an_object")] * len(items)
    assert sender.count("rejected_event") == len(items)


BROKEN_BODIES = [
    (b"", "invalid_json", "position 0"),
    (b"{", "invalid_json", "position 1"),
    (b'{"events": [1,]}', "invalid_json", "line 1, column 1"),
    (b'{"events": [NaN]}', "invalid_json", "NaN"),
    (b'{"events": [' + b"1" * 5000 + b"]}", "invalid_json", "digits"),
    (b'{"events": ["\xff"]}', "invalid_json", "not UTF-8 at byte 13"),
    (b'\xef\xbb\xbf{"events": [1]}', "invalid_json", "BOM"),
    (b"[" * 100_000, "nested_too_deeply", "nested"),
    (b"[]", "invalid_submission", "object"),
    (b"{}", "invalid_submission", "events"),
    (b'{"events": {}}', "invalid_submission", "events"),
    (b'{"events": []}', "invalid_submission", "events"),
    (b'{"events": [1], "sent_at": "noon"}', "invalid_submission", "sent_at"),
    (b'{"events": [1], "\\ud800": 1}', "invalid_submission", "known"),
    (b'{"events": [1], "sent": 1}', "invalid_submission", "known"),
]


def test_a_broken_body_is_a_problem(sender: Sender) -> None:
    for body, code, words in BROKEN_BODIES:
        answer = sender.post(body)
        status = 422 if code == "invalid_submission" else 400
        assert answer.status_code == answer.json()["status"] == status, (body[:50], answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == code and words in answer.json()["detail"], (body[:50], answer.text)
    assert sender.count("ingest_batch") == 0


def test_any_depth_gets_a_clear_answer(sender: Sender) -> None:
    kept = 0
    for depth in (7, 8, 20, 300, *range(880, 1001, 4), 2000):
        nested = '{"a":' * depth + "1" + "}" * depth
        event = '{"name":"page_view","visitor_id":"v","occurred_at":"2026-11-24T11:00:00Z","properties":' + nested + "}"
        answer = sender.post('{"events": [' + event + "]}")
        if answer.status_code == 202:
            is_flat = depth <= 7
            assert answer.json()["results"][0]["status"] == ("accepted" if is_flat else "rejected")
            kept += not is_flat
        else:
            assert (answer.status_code, answer.json()["code"]) == (400, "nested_too_deeply"), depth
    assert sender.count("rejected_event") == kept > 2


def test_sizes(sender: Sender) -> None:
    assert sender.send([view() for _ in range(1000)]).json()["accepted"] == 1000
    many = sender.send([view() for _ in range(1001)])
    assert (many.status_code, many.json()["code"]) == (413, "too_many_events")
    assert "1001 events; at most 1000" in many.json()["detail"]
    big = sender.send([view(properties={"text": "x" * 1024 * 1024})])
    assert (big.status_code, big.json()["code"]) == (413, "content_too_large")

    def chunks() -> Any:
        for _ in range(40):
            yield b" " * 65_536

    chunked = sender.client.post("/v1/events", content=chunks(), headers=bearer(sender.token))
    assert (chunked.status_code, chunked.json()["code"]) == (413, "content_too_large")
    assert "1,048,576 bytes" in chunked.json()["detail"]
    assert sender.count() == 1000


HOSTILE = ["'; DROP TABLE analytics_event; --", "<script>alert(1)</script>",
           "%(x)s :store {} $1 \\' \\\\", "漢字 🎉\t\n\r"]


def test_hostile_text_is_stored_literally(sender: Sender) -> None:
    for hostile in HOSTILE:
        check_hostile(sender, hostile)


def check_hostile(sender: Sender, hostile: str) -> None:
    columns = ("session_ref", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
    event = view(visitor_id=hostile, properties={hostile: [hostile, {"a": hostile}]}, **dict.fromkeys(columns, hostile))
    assert sender.send([event]).json()["accepted"] == 1
    row = sender.rows("SELECT e.*, s.visitor_id FROM analytics_event e JOIN subject s ON s.id = e.subject_id"
                      f" WHERE e.event_id = '{event['event_id']}'")[0]._mapping
    assert {row[column] for column in (*columns, "visitor_id")} == {hostile}
    assert row["properties"] == event["properties"]
    refused = sender.send([view(name=hostile)])
    assert refused.json()["results"][0]["code"] == "unknown_name"


def test_rejected_events_replay_once_their_month_is_open(sender: Sender, clock: FixedClock) -> None:
    old, future = view(occurred_at="2020-05-05T05:05:05Z"), view(occurred_at="2026-11-26T00:00:00Z")
    bad = view(name="nonsense")
    sender.send([old, future, bad, view()], sent_at="2026-11-24T11:59:30Z")
    with sender.database.worker_session() as session:
        session.execute(text("SELECT ensure_event_partitions('2020-05-01', '2020-05-31')"))
    received = clock.now()
    clock.advance(timedelta(days=2))
    for passes in (2, 0):
        with sender.database.session_for(sender.store) as session:
            done = replay_rejected(session, store_id=sender.store, now=clock.now())
        assert done.counts["accepted"] == len(done.outcomes) == passes
    rows = sender.rows("SELECT event_id::text, received_at, corrected_at - occurred_at FROM analytics_event"
                       " ORDER BY occurred_at")
    assert [row[0] for row in rows][::2] == [old["event_id"], future["event_id"]]
    assert {tuple(row)[1:] for row in rows} == {(received, timedelta(seconds=30))}
    left = sender.rows("SELECT code FROM rejected_event WHERE replayed_at IS NULL")
    assert [row.code for row in left] == ["unknown_name"]
    assert sender.rows("SELECT sum(accepted_count) FROM ingest_batch")[0][0] == sender.count() == 3


def test_another_store_sees_nothing(sender: Sender, other_store: UUID, make_token: MakeToken) -> None:
    event = view()
    sender.send([event, view(name="nonsense")])
    with sender.database.session_for(other_store) as session:
        for table in ("analytics_event", "ingest_batch", "rejected_event", "subject"):
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table
    with sender.database.anonymous_session() as session:
        assert session.scalar(text("SELECT count(*) FROM analytics_event")) == 0
    other = Sender(sender.client, sender.database, other_store, make_token(other_store, ["event.write"]))
    # The same id is another event in another store.
    assert other.send([event]).json()["accepted"] == 1
    assert sender.rows("SELECT count(DISTINCT store_id), count(DISTINCT subject_id) FROM analytics_event")[0] == (2, 2)

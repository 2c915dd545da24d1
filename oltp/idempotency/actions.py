"""Writes of idempotency: a repeated request is answered as the first time, and never done twice.

The record goes in before the work. Where the work is one transaction, the record is part of it and lives and dies with
it. Where it is several, the record is committed first with a lease: it says that somebody is at it, and for how long
that is to be believed if he dies.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from oltp.db.locking import try_lock
from oltp.idempotency.errors import KeyReused, RequestInFlight

_FIND = text("""
    SELECT operation, body_hash, status, response_status, response_body, response_headers,
           coalesce(lease_until > now(), false) AS is_leased
    FROM idempotency_record WHERE store_id = :store AND key = :key AND expires_at > now()""")
# What has expired makes room; what was left behind by somebody who died is taken over.
_BEGIN = text("""
    INSERT INTO idempotency_record (store_id, key, operation, body_hash, lease_until)
    VALUES (:store, :key, :operation, :hash, now() + :lease)
    ON CONFLICT (store_id, key) DO UPDATE SET operation = excluded.operation, body_hash = excluded.body_hash,
      status = 'started', response_status = NULL, response_body = NULL, response_headers = '{}',
      lease_until = excluded.lease_until, created_at = now(), expires_at = now() + interval '24 hours'""")
_FINISH = text("""
    UPDATE idempotency_record SET status = 'done', response_status = :status, response_body = :body,
      response_headers = CAST(:headers AS jsonb), lease_until = NULL WHERE store_id = :store AND key = :key""")
_FORGET = text("DELETE FROM idempotency_record WHERE store_id = :store AND key = :key AND status = 'started'")
_PURGE = text("""
    DELETE FROM idempotency_record WHERE (store_id, key) IN (
      SELECT store_id, key FROM idempotency_record WHERE expires_at <= now() LIMIT :size)
    -- Again, for a row that was waited for: its key may just have been taken for a new request.
    AND expires_at <= now()""")
# Longer than the slowest gateway is waited for.
LEASE = timedelta(minutes=2)


@dataclass(frozen=True)
class Request:
    """A request as its repetition is recognised: `operation` is method and path, `body_hash` SHA-256 in hex."""

    key: str
    operation: str
    body_hash: str


@dataclass(frozen=True)
class Answer:
    """What was answered: HTTP status, body as text, and the headers that belong to it."""

    status: int
    body: str
    headers: Mapping[str, str]


def begin_request(
    session: Session, *, store_id: UUID, request: Request, lease: timedelta | None = None
) -> Answer | None:
    """Note that the request is being worked on; return the answer instead, if it was given already.

    `lease` when the caller commits this before the work. Errors: RequestInFlight at once, without waiting; KeyReused.
    """
    if not try_lock(session, scope="idempotency", key=f"{store_id}:{request.key}"):
        raise RequestInFlight(field="header.Idempotency-Key")
    found = session.execute(_FIND, {"store": store_id, "key": request.key}).one_or_none()
    if found is not None:
        answer = _answer_of(found, request=request)
        if answer is not None:
            return answer
    session.execute(_BEGIN, {"store": store_id, "key": request.key, "operation": request.operation,
                             "hash": request.body_hash, "lease": lease})
    return None


def _answer_of(found: Row[tuple[object, ...]], *, request: Request) -> Answer | None:
    record = found._mapping
    if (record["operation"], record["body_hash"]) != (request.operation, request.body_hash):
        raise KeyReused(field="header.Idempotency-Key")
    if record["status"] == "done":
        return Answer(record["response_status"], record["response_body"], record["response_headers"])
    if record["is_leased"]:
        raise RequestInFlight(field="header.Idempotency-Key")
    return None


def finish_request(session: Session, *, store_id: UUID, key: str, answer: Answer) -> None:
    """Keep the answer for those who ask again."""
    session.execute(_FINISH, {"store": store_id, "key": key, "status": answer.status, "body": answer.body,
                              "headers": json.dumps(dict(answer.headers))})


def forget_request(session: Session, *, store_id: UUID, key: str) -> None:
    """Forget a request that came to nothing, so that it can be sent again."""
    session.execute(_FORGET, {"store": store_id, "key": key})


def purge_requests(session: Session, *, size: int) -> int:
    """Delete up to `size` records that have expired, of every store the session sees; return how many."""
    deleted = session.execute(_PURGE, {"size": size})
    return int(getattr(deleted, "rowcount", 0))

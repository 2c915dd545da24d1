"""Answers about submitted events."""

from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from oltp.events.actions import Ingestion, Outcome
from oltp.events.contracts import load_schemas
from oltp.events.rules import MAX_EVENTS


class EventResult(BaseModel):
    """What became of one event."""

    index: int = Field(description="Position in the submitted list, from 0.")
    event_id: UUID | None = Field(description="The id it is stored under; null where it has none.")
    status: Literal["accepted", "duplicate", "rejected", "quarantined", "unconsented"]
    code: str | None = Field(default=None, description="Why it was rejected or quarantined, for programs.")
    path: str | None = Field(default=None, description="Where the fault stands in the event.")
    reason: str | None = None


class IngestReceipt(BaseModel):
    """The batch is stored. The five counts add up to `received`."""

    batch_id: UUID
    received: int
    accepted: int
    duplicate: int
    rejected: int
    quarantined: int
    unconsented: int
    results: list[EventResult]


def receipt_of(ingestion: Ingestion) -> IngestReceipt:
    """Return the receipt for a stored batch."""
    return IngestReceipt(
        batch_id=ingestion.batch_id, received=len(ingestion.outcomes), **ingestion.counts,
        results=[_result(index, outcome) for index, outcome in enumerate(ingestion.outcomes)])


def _result(index: int, outcome: Outcome) -> EventResult:
    fault = outcome.fault
    return EventResult(
        index=index, event_id=outcome.event_id, status=outcome.status, code=fault.code if fault else None,
        path=fault.path if fault else None, reason=fault.reason if fault else None)


_EXAMPLE = {"event_id": "0197b2f0-0000-4000-8000-000000000001", "name": "page_view", "visitor_id": "v-4711",
            "occurred_at": "2026-11-24T09:30:00Z"}


def request_body() -> dict[str, Any]:
    """Return the OpenAPI description of a submission; the event's own schemas are the ones that validate."""
    kinds = [{"title": name, **schema} for (name, _), schema in sorted(load_schemas().items())]
    envelope = next(kind for kind in kinds if kind["title"] == "What every event carries")
    names = [kind["properties"]["name"]["const"] for kind in kinds if "const" in kind["properties"]["name"]]
    event = {key: value for key, value in envelope.items() if not key.startswith("$")}
    event["properties"] = {**event["properties"], "name": {"type": "string", "enum": names}}
    schema = {
        "type": "object", "required": ["events"], "additionalProperties": False,
        "properties": {
            "events": {"type": "array", "minItems": 1, "maxItems": MAX_EVENTS, "items": event},
            "sent_at": {"type": ["string", "null"], "format": "date-time",
                        "description": "When the client sent the batch, by its own clock; corrects its skew."}}}
    return {"required": True, "content": {"application/json": {"schema": schema, "example": {"events": [_EXAMPLE]}}}}

"""Events: what visitors did, taken in batches."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from oltp.events.actions import ingest
from search_api.dependencies import Caller, CurrentClock, StoreSession, require
from search_api.events.decoding import decode_submission
from search_api.events.schemas import IngestReceipt, receipt_of, request_body

router = APIRouter(tags=["events"])


async def read_body(request: Request) -> bytes:
    """Return the raw body; the edge bounds it, also where it declares no length."""
    return await request.body()


@router.post("/v1/events", status_code=202, summary="Submit events", openapi_extra={"requestBody": request_body()})
def post_events(
    caller: Annotated[Caller, Depends(require("event.write"))], session: StoreSession, clock: CurrentClock,
    body: Annotated[bytes, Depends(read_body)],
) -> IngestReceipt:
    """Take up to 1,000 events or 1 MiB. 202 means that all is committed; each event has its own result.

    Sending a batch again is safe: an event that is already there is answered as `duplicate`.
    """
    submission = decode_submission(body)
    return receipt_of(ingest(
        session, store_id=caller.store_id, events=submission.events, sent_at=submission.sent_at,
        byte_count=submission.byte_count, now=clock.now()))

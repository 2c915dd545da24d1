"""Rows of refunds: promised, then processed or failed. The attempt's total follows by a trigger of the database."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from oltp.inventory.reserving import restock
from oltp.inventory.settling import lock_known
from oltp.kit.ids import new_id
from oltp.kit.trace import current_trace
from oltp.orders.queries import list_items
from oltp.orders.withdrawing import withdraw_refunded
from oltp.outbox.actions import NewEvent
from oltp.payments.models import PaymentAttempt, Refund, RefundItem

AT_GATEWAY = "made at the gateway"
_LONGEST_REF = 255
# What the order has taken from the shelf and not put back yet; of one that was not placed here nothing is known.
_TAKEN = text("""
    SELECT coalesce(jsonb_object_agg(a.variant_id, a.taken) FILTER (WHERE a.taken > 0), '{}') FROM orders o LEFT JOIN (
      SELECT store_id, order_id, variant_id, -sum(delta) AS taken FROM inventory_adjustment
      WHERE store_id = :store AND order_id = :order GROUP BY 1, 2, 3) a ON a.store_id = o.store_id AND a.order_id = o.id
    WHERE o.store_id = :store AND o.id = :order AND o.quote_id IS NOT NULL HAVING count(*) > 0""")
_CANCEL = text("""
    UPDATE order_items i SET cancelled_quantity = i.cancelled_quantity
      + least(w.quantity, i.quantity - i.cancelled_quantity - i.fulfilled_quantity), updated_at = now()
    FROM jsonb_to_recordset(CAST(:units AS jsonb)) AS w (id uuid, quantity integer)
    WHERE i.store_id = :store AND i.order_id = :order AND i.id = w.id
      AND i.quantity - i.cancelled_quantity - i.fulfilled_quantity > 0
    RETURNING i.id, new.cancelled_quantity - old.cancelled_quantity AS unsent""")


def promised_amount(session: Session, *, attempt: PaymentAttempt) -> int:
    """Return what refunds that are under way will give back of an attempt."""
    return int(session.scalar(
        select(func.coalesce(func.sum(Refund.amount), 0)).where(
            Refund.store_id == attempt.store_id, Refund.order_id == attempt.order_id,
            Refund.payment_attempt_id == attempt.id, Refund.status == "pending")) or 0)


def follow_refund_entries(
    session: Session, *, attempt: PaymentAttempt, entries: Sequence[tuple[str, int, UUID | None]], now: datetime,
) -> list[NewEvent]:
    """Let refunds follow what the gateway says it gave back: (its name of it, amount, our refund's id, if it kept it).

    One that is not ours was made at the gateway: it gets a row too, and so does one that we thought had failed. Return
    the events.
    """
    if not entries:
        return []
    rows = {row.id: row for row in session.scalars(select(Refund).where(
        Refund.store_id == attempt.store_id, Refund.payment_attempt_id == attempt.id))}
    by_ref = {row.external_ref: row for row in rows.values() if row.external_ref}
    _lock_shelves(session, attempt=attempt, refunds=[row for row in rows.values() if row.status == "pending"])
    events: list[NewEvent] = []
    for ref, amount, refund_id in entries:
        row = rows.get(refund_id) if refund_id else by_ref.get(ref)
        if (row is None or row.status == "failed") and ref not in by_ref:
            events += _add_foreign(session, attempt=attempt, ref=ref, amount=amount, now=now)
        elif row is not None and row.status == "pending":
            events += settle_refund(session, refund=row, external_ref=ref, now=now)
    return events


def _lock_shelves(session: Session, *, attempt: PaymentAttempt, refunds: Sequence[Refund]) -> None:
    """Lock the levels that several refunds may put goods back to, in their order; one refund alone does it itself."""
    lines = {line for refund in refunds for line in refund.restock or {}}
    if len(refunds) < 2 or not lines:
        return
    variants = {line.variant_id for line in list_items(session, store_id=attempt.store_id, order_id=attempt.order_id)
                if str(line.id) in lines and line.variant_id is not None}
    lock_known(session, store_id=attempt.store_id, variant_ids=sorted(variants))


def settle_refund(session: Session, *, refund: Refund, external_ref: str | None, now: datetime) -> list[NewEvent]:
    """Note that a pending refund came through, and put its goods back on the shelf where that was wanted.

    Units that were still to be sent are cancelled then: what is on the shelf may be sold to somebody else. So are units
    beyond those that were sent, on the shelf or not.
    """
    refund.status, refund.processed_at = "processed", now
    refund.external_ref = external_ref[:_LONGEST_REF] if external_ref else refund.external_ref
    session.flush()
    if refund.restock:
        _put_back(session, refund=refund, quantities=refund.restock)
        # What was not sent is cancelled by now; what had been sent stays noted here.
        refund.restock = _keep_from_being_sent(session, refund=refund, quantities=refund.restock) or None
        session.flush()
    withdraw_refunded(session, store_id=refund.store_id, order_id=refund.order_id)
    return [NewEvent("refund.processed", "refund", refund.id, refund_facts(refund))]


def fail_refund(session: Session, *, refund: Refund, reason: str | None) -> list[NewEvent]:
    """Note that a pending refund did not come through; its units and its money can be refunded again."""
    refund.status = "failed"
    session.flush()
    return [NewEvent("refund.failed", "refund", refund.id, {**refund_facts(refund), "failure_reason": reason})]


def refund_facts(refund: Refund) -> dict[str, Any]:
    """Return what every event of a refund says."""
    return {"refund_id": str(refund.id), "order_id": str(refund.order_id), "status": refund.status,
            "payment_attempt_id": str(refund.payment_attempt_id) if refund.payment_attempt_id else None,
            "amount": refund.amount, "currency": refund.currency, "reason": refund.reason,
            "wanted_amount": refund.wanted_amount}


def _add_foreign(session: Session, *, attempt: PaymentAttempt, ref: str, amount: int, now: datetime) -> list[NewEvent]:
    session.refresh(attempt)
    left = attempt.captured_amount - attempt.charged_back_amount - attempt.refunded_amount
    trace = current_trace()
    row = Refund(
        id=new_id(), store_id=attempt.store_id, order_id=attempt.order_id, currency=attempt.currency,
        amount=min(amount, left), status="processed", reason=AT_GATEWAY, external_ref=ref[:_LONGEST_REF],
        payment_attempt_id=attempt.id, created_at=now, processed_at=now,
        wanted_amount=amount if amount > left else None,
        correlation_id=trace.correlation_id if trace else attempt.correlation_id,
        request_id=trace.request_id if trace else None)
    session.add(row)
    session.flush()
    session.add(RefundItem(id=new_id(), store_id=row.store_id, refund_id=row.id, order_id=row.order_id, kind="amount",
                           amount=row.amount))
    session.flush()
    return [NewEvent(f"refund.{name}", "refund", row.id, refund_facts(row)) for name in ("created", "processed")]


def _put_back(session: Session, *, refund: Refund, quantities: Mapping[str, int]) -> None:
    lines = list_items(session, store_id=refund.store_id, order_id=refund.order_id)
    back: dict[UUID, int] = {}
    for line in lines:
        quantity = quantities.get(str(line.id), 0)
        if quantity and line.variant_id is not None:
            back[line.variant_id] = back.get(line.variant_id, 0) + quantity
    # Units that were cancelled are on the shelf already, even if the refund that came with it failed.
    taken = session.scalar(_TAKEN, {"store": refund.store_id, "order": refund.order_id})
    if taken is not None:
        back = {key: min(quantity, int(taken[str(key)])) for key, quantity in back.items() if str(key) in taken}
    restock(session, store_id=refund.store_id, quantities=back, order_id=refund.order_id, reason_code="return",
            detail=f"refund {refund.id}")


def _keep_from_being_sent(session: Session, *, refund: Refund, quantities: Mapping[str, int]) -> dict[str, int]:
    """Cancel as many of the units as were still to be sent; return line → units that had been sent."""
    units = json.dumps([{"id": line, "quantity": quantity} for line, quantity in quantities.items()])
    unsent = session.execute(_CANCEL, {"store": refund.store_id, "order": refund.order_id, "units": units})
    left = {**quantities, **{str(row.id): quantities[str(row.id)] - row.unsent for row in unsent}}
    return {line: quantity for line, quantity in left.items() if quantity}

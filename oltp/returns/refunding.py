"""The money of a return, and its goods back on the shelf: several transactions, none open while a gateway is asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.checkout.refunds import refund_order
from oltp.db.transactions import Transactions
from oltp.inventory.reserving import restock
from oltp.kit.clock import Clock
from oltp.kit.errors import Refusal
from oltp.kit.points import reach
from oltp.payments.gateway import Gateways
from oltp.payments.models import Refund
from oltp.returns.actions import take_return, turn
from oltp.returns.errors import ReturnMoved, ReturnRefundFailed, ReturnRefundPending
from oltp.returns.models import ReturnRequest
from oltp.returns.rules import refund_id_of

# Of each line of a return: units whose money has neither been given back nor never been asked for.
_OWED = text("""
    SELECT t.order_item_id, least(t.quantity, i.quantity - i.refunded_quantity - i.uncollected_quantity) AS quantity
    FROM return_item t JOIN order_items i ON i.store_id = t.store_id AND i.id = t.order_item_id
    WHERE t.store_id = :store AND t.return_request_id = :return ORDER BY t.id""")
# All that came in went back by other refunds, of plain amounts for example, or nothing came in and nothing will, since
# the order has ended (a parcel that was refused at the door): then no unit is owed any more.
_PAID_BACK = text("""
    SELECT (a.captured IS NULL OR a.captured > 0 OR o.status = 'CANCELED' AND a.is_over)
      AND coalesce(a.captured, o.order_total_amount) <= (
      SELECT coalesce(sum(r.amount), 0) FROM refund r
      WHERE r.store_id = o.store_id AND r.order_id = o.id AND r.status = 'processed')
    FROM orders o CROSS JOIN LATERAL (
      SELECT sum(p.captured_amount - p.charged_back_amount) AS captured,
             bool_and(p.status NOT IN ('authorized', 'unknown')) AS is_over FROM payment_attempt p
      WHERE p.store_id = o.store_id AND p.order_id = o.id) a
    WHERE o.store_id = :store AND o.id = :order""")
# Of each variant of a return what goes back on the shelf: no unit twice that a plain refund or a cancellation has put
# there already. A variant that is gone has no shelf.
_SELLABLE = text("""
    SELECT i.variant_id, sum(greatest(least(t.quantity, greatest(i.quantity, 0) - i.cancelled_quantity - (
        SELECT coalesce(sum(CAST(f.restock ->> CAST(i.id AS text) AS integer)), 0) FROM refund f
        WHERE f.store_id = i.store_id AND f.order_id = i.order_id AND f.status <> 'failed') - (
        SELECT coalesce(sum(o.quantity), 0) FROM return_item o
        JOIN return_request q ON q.store_id = o.store_id AND q.id = o.return_request_id
        WHERE o.store_id = i.store_id AND o.order_id = i.order_id AND o.order_item_id = i.id
          AND q.status = 'refunded' AND o.outcome = 'restock')), 0)) AS quantity
    FROM return_item t JOIN order_items i ON i.store_id = t.store_id AND i.id = t.order_item_id
    WHERE t.store_id = :store AND t.return_request_id = :return AND t.outcome = 'restock' AND i.variant_id IS NOT NULL
    GROUP BY i.variant_id""")


@dataclass(frozen=True)
class _Plan:
    """What is still to be done: `quantities` (line → units) to be paid; None where the money has been given back."""

    order_id: UUID
    quantities: Mapping[UUID, int] | None


def refund_return(
    transactions: Transactions, *, gateways: Gateways, return_id: UUID, clock: Clock
) -> ReturnRequest:
    """Give the money of an inspected return back, and restock what can be sold again, once, however often it is asked.

    Errors: ReturnNotFound, ReturnMoved, ReturnRefundPending, ReturnRefundFailed, and those of refund_order.
    """
    store_id = transactions.store_id
    with transactions() as session:
        plan = _begin(session, store_id=store_id, return_id=return_id, clock=clock)
    if plan.quantities is not None:
        try:
            refund_order(
                transactions, gateways=gateways, order_id=plan.order_id, items=plan.quantities, restock=False,
                reason="return", refund_id=refund_id_of(return_id), clock=clock)
        except Refusal:
            with transactions() as session:
                _let_go(session, store_id=store_id, return_id=return_id)
            raise
    reach("return.paid_back")
    with transactions() as session:
        return finish_return(session, store_id=store_id, return_id=return_id, clock=clock)


def _begin(session: Session, *, store_id: UUID, return_id: UUID, clock: Clock) -> _Plan:
    """Note that the money is on its way, so that nobody rejects the return meanwhile; say what is owed."""
    request = take_return(session, store_id=store_id, return_id=return_id)
    if request.status not in ("inspected", "refunded"):
        raise ReturnMoved(status=request.status, wanted="refunded")
    refund = session.get(Refund, refund_id_of(return_id), populate_existing=True)
    owed = _owed(session, request=request)
    if request.status == "refunded" or (refund is not None and refund.status == "processed"):
        return _Plan(request.order_id, None)
    if refund is not None and refund.status == "pending":
        # It says itself what it is for.
        return _Plan(request.order_id, {})
    if refund is not None and owed:
        raise ReturnRefundFailed()
    request.refund_started_at = request.refund_started_at or clock.now()
    return _Plan(request.order_id, owed or None)


def _owed(session: Session, *, request: ReturnRequest) -> dict[UUID, int]:
    if session.scalar(_PAID_BACK, {"store": request.store_id, "order": request.order_id}):
        return {}
    rows = session.execute(_OWED, {"store": request.store_id, "return": request.id})
    return {row.order_item_id: row.quantity for row in rows if row.quantity > 0}


def _let_go(session: Session, *, store_id: UUID, return_id: UUID) -> None:
    """Let the return be rejected again, where the refusal has left no refund behind."""
    request = take_return(session, store_id=store_id, return_id=return_id)
    if session.get(Refund, refund_id_of(return_id)) is None:
        request.refund_started_at = None


def finish_return(session: Session, *, store_id: UUID, return_id: UUID, clock: Clock) -> ReturnRequest:
    """Note an inspected return as refunded and restock what can be sold again; done again, nothing changes.

    A refund that failed is none: then all must have been given back otherwise.
    Errors: ReturnNotFound, ReturnMoved, ReturnRefundPending, ReturnRefundFailed.
    """
    request = take_return(session, store_id=store_id, return_id=return_id)
    if request.status == "refunded":
        return request
    refund = session.get(Refund, refund_id_of(return_id), populate_existing=True)
    if refund is not None and refund.status == "pending":
        raise ReturnRefundPending()
    if refund is None or refund.status == "failed":
        if _owed(session, request=request):
            raise ReturnRefundFailed()
        refund = None
    keys = {"store": store_id, "return": return_id}
    sellable = {row.variant_id: row.quantity for row in session.execute(_SELLABLE, keys) if row.quantity}
    request.refund_id = None if refund is None else refund.id
    turn(session, request=request, status="refunded", clock=clock,
         refund_id=None if refund is None else str(refund.id))
    restock(session, store_id=store_id, quantities=sellable, order_id=request.order_id, reason_code="return",
            detail="return_processed")
    return request

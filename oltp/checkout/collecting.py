"""Capturing and voiding a payment: the gateway is asked, and the order follows."""

from uuid import UUID

from oltp.checkout.hearing import settle_payment
from oltp.db.transactions import Transactions
from oltp.kit.clock import Clock
from oltp.payments.charging import capture_attempt, void_attempt
from oltp.payments.gateway import Gateways
from oltp.payments.models import PaymentAttempt
from oltp.payments.queries import get_attempt


def capture_payment(
    transactions: Transactions, *, gateways: Gateways, attempt_id: UUID, amount: int | None, operation_id: UUID,
    clock: Clock,
) -> PaymentAttempt:
    """Take authorized money, or record money that a person took; return the attempt. Errors: as capture_attempt()."""
    capture_attempt(transactions, gateways=gateways, attempt_id=attempt_id, amount=amount, operation_id=operation_id,
                    clock=clock)
    return _followed(transactions, gateways=gateways, attempt_id=attempt_id, clock=clock)


def void_payment(
    transactions: Transactions, *, gateways: Gateways, attempt_id: UUID, clock: Clock
) -> PaymentAttempt:
    """Let go of authorized money; return the attempt. Errors: as void_attempt()."""
    void_attempt(transactions, gateways=gateways, attempt_id=attempt_id, clock=clock)
    return _followed(transactions, gateways=gateways, attempt_id=attempt_id, clock=clock)


def _followed(transactions: Transactions, *, gateways: Gateways, attempt_id: UUID, clock: Clock) -> PaymentAttempt:
    settle_payment(transactions, gateways=gateways, attempt_id=attempt_id, clock=clock)
    with transactions() as session:
        return get_attempt(session, store_id=transactions.store_id, attempt_id=attempt_id)

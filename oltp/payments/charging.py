"""Charging, capturing and voiding: several short transactions, and the gateway asked between them.

Before money may move it is written down that it may (the attempt itself, or an entry `unknown` for the step), so that
after a crash the reconciler knows what to ask about. Every step has one idempotency key, however often it is tried.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from oltp.db.transactions import Transactions
from oltp.kit.clock import Clock
from oltp.kit.errors import Refusal
from oltp.kit.points import reach
from oltp.orders.errors import OrderHeld
from oltp.orders.queries import get_due, get_order
from oltp.outbox.actions import record_event
from oltp.payments.actions import NewEntry, facts_of, list_entries, record_entries, take_attempt
from oltp.payments.errors import (
    CaptureRefused,
    CaptureTooLarge,
    GatewayDeclined,
    GatewayUnreachable,
    OrderCancelled,
    PaymentStepUnderWay,
    VoidRefused,
)
from oltp.payments.facts import ChargeRequest, GatewayAnswer, GatewayDown, GatewayTimeout
from oltp.payments.gateway import Gateway, Gateways, GuardedGateway
from oltp.payments.models import PaymentAttempt, PaymentProviderConfig
from oltp.payments.rules import AUTHORIZE, RESOLVED, UNKNOWN, Entry, open_steps, step_key
from oltp.payments.states import UNANSWERED

# Gateways forget their idempotency keys after a day: an older attempt is asked about, never sent again.
RESEND_FOR = timedelta(hours=12)
_BY_OTHERS = text("""
    SELECT sum(captured_amount - refunded_amount - charged_back_amount) FROM payment_attempt
    WHERE store_id = :store AND order_id = :order AND id <> :attempt""")


@dataclass(frozen=True)
class Step:
    """A request that is about to be sent: its name, its amount, and the attempt as it was read.

    The name counts the requests of its kind that came to nothing, so that each has a key of its own.
    """

    name: str
    amount: int
    attempt: PaymentAttempt

    @property
    def key(self) -> str:
        """The idempotency key."""
        return step_key(self.attempt.id, self.name)


def charge_attempt(
    transactions: Transactions, *, gateways: Gateways, attempt_id: UUID, token: str | None, clock: Clock,
) -> PaymentAttempt:
    """Ask the gateway for the attempt's money and record what it says; an attempt that was answered stays as it is.

    No answer leaves it `unknown`. A held order's money is only authorized. Errors: AttemptNotFound.
    """
    with transactions() as session:
        attempt = take_attempt(session, store_id=transactions.store_id, attempt_id=attempt_id)
        order = get_order(session, store_id=attempt.store_id, order_id=attempt.order_id)
        config = _config(session, attempt=attempt)
        # By the database's clock, which wrote created_at.
        is_old = session.scalar(select(func.now() - PaymentAttempt.created_at > RESEND_FOR).where(
            PaymentAttempt.store_id == attempt.store_id, PaymentAttempt.id == attempt_id))
    if is_old or attempt.status != "created" or attempt.external_ref is not None:
        return attempt
    wants_capture = config is None or config.public_settings.get("capture", "automatic") == "automatic"
    request = ChargeRequest(
        attempt.id, attempt.order_id, attempt.store_id, attempt.amount, attempt.currency, token,
        capture=wants_capture and order.held_at is None, description=f"Order {order.order_number}",
        idempotency_key=step_key(attempt.id, AUTHORIZE))
    try:
        gateway = gateways.for_config(config)
    except Refusal as error:
        return _record(transactions, attempt, [_failed(error.code, str(error))], None, clock)
    guarded = GuardedGateway(gateway, transactions)
    try:
        answer = guarded().authorize(request)
    except GatewayTimeout:
        return _unanswered(transactions, attempt, [NewEntry(UNKNOWN, AUTHORIZE)], clock)
    except GatewayDown as error:
        return _record(transactions, attempt, [_failed("gateway_down", str(error))], None, clock)
    reach("charge.answered")
    return _record(transactions, attempt, _entries(answer), answer.external_ref, clock)


def capture_attempt(
    transactions: Transactions, *, gateways: Gateways, attempt_id: UUID, clock: Clock, amount: int | None = None,
    operation_id: UUID | None = None,
) -> PaymentAttempt:
    """Take money that is authorized, all or so much; or record that a person took it (manual payments, in parts).

    A gateway that captures once releases the rest. `operation_id` tells two parts of a manual payment from one that
    is recorded twice. No answer leaves the attempt `unknown`.
    Errors: AttemptNotFound, CaptureRefused, CaptureTooLarge, OrderHeld, OrderCancelled, PaymentStepUnderWay,
    GatewayDeclined, GatewayUnreachable.
    """
    with transactions() as session:
        attempt = take_attempt(session, store_id=transactions.store_id, attempt_id=attempt_id)
        gateway = gateways.for_config(_config(session, attempt=attempt))
        if not gateway.is_outside:
            return _collect(session, attempt=attempt, gateway=gateway, amount=amount, operation_id=operation_id,
                            clock=clock)
        _refuse_kept_back(session, attempt=attempt)
        wanted = _capturable(session, attempt=attempt, gateway=gateway, amount=amount)
        step = _begin(session, attempt=attempt, kind="capture", amount=wanted, clock=clock)
    guarded = GuardedGateway(gateway, transactions)
    return _send(transactions, step, clock, lambda: guarded().capture(
        attempt.external_ref, step.amount, currency=attempt.currency, key=step.key))


def void_attempt(
    transactions: Transactions, *, gateways: Gateways, attempt_id: UUID, clock: Clock,
) -> PaymentAttempt:
    """Let go of money that is authorized and not captured, or of a manual payment that is not expected any more.

    Errors: AttemptNotFound, VoidRefused, PaymentStepUnderWay, GatewayDeclined, GatewayUnreachable.
    """
    with transactions() as session:
        attempt = take_attempt(session, store_id=transactions.store_id, attempt_id=attempt_id)
        gateway = gateways.for_config(_config(session, attempt=attempt))
        if attempt.status == "voided":
            return attempt
        allowed = ("authorized", UNKNOWN) if gateway.is_outside else ("created",)
        if attempt.status not in allowed or attempt.captured_amount:
            raise VoidRefused(status=attempt.status)
        if not gateway.is_outside:
            answer = gateway.void(None, key=step_key(attempt.id, "void"))
            return record_entries(session, store_id=attempt.store_id, attempt_id=attempt.id,
                                  entries=_entries(answer), clock=clock)
        step = _begin(session, attempt=attempt, kind="void", amount=0, clock=clock)
    guarded = GuardedGateway(gateway, transactions)
    return _send(transactions, step, clock, lambda: guarded().void(attempt.external_ref, key=step.key))


def _capturable(session: Session, *, attempt: PaymentAttempt, gateway: Gateway, amount: int | None) -> int:
    wanted_from = ("authorized", UNKNOWN) if gateway.is_outside else ("created", "captured")
    if attempt.status not in wanted_from or (gateway.captures_once and attempt.captured_amount):
        raise CaptureRefused(status=attempt.status)
    # Units that were cancelled since are not paid for, nor what another attempt has brought.
    due = get_due(session, store_id=attempt.store_id, order_id=attempt.order_id).amount
    others = session.scalar(_BY_OTHERS, {
        "store": attempt.store_id, "order": attempt.order_id, "attempt": attempt.id}) or 0
    most = min(due - int(others), attempt.authorized_amount if gateway.is_outside else attempt.amount)
    left = max(0, most - attempt.captured_amount)
    if amount is not None and amount > left:
        raise CaptureTooLarge(field="amount", left=left)
    if left == 0:
        raise CaptureRefused(status=attempt.status)
    return left if amount is None else amount


def _collect(session: Session, *, attempt: PaymentAttempt, gateway: Gateway, amount: int | None,
             operation_id: UUID | None, clock: Clock) -> PaymentAttempt:
    """Record what a person took; the same operation once."""
    key = step_key(attempt.id, f"capture:{operation_id or attempt.captured_amount}")
    known = list_entries(session, store_id=attempt.store_id, attempt_id=attempt.id)
    if any(each.external_ref == key for each in known):
        return attempt
    _refuse_kept_back(session, attempt=attempt)
    wanted = _capturable(session, attempt=attempt, gateway=gateway, amount=amount)
    answer = gateway.capture(None, wanted, currency=attempt.currency, key=key)
    return record_entries(session, store_id=attempt.store_id, attempt_id=attempt.id, entries=_entries(answer),
                          clock=clock)


def _refuse_kept_back(session: Session, *, attempt: PaymentAttempt) -> None:
    order = get_order(session, store_id=attempt.store_id, order_id=attempt.order_id)
    if order.held_at is not None:
        raise OrderHeld(reason=order.hold_reason)
    # It would go back at once; of cash it would be written down that it did, and nobody has handed it over.
    if order.status == "CANCELED":
        raise OrderCancelled()


def _begin(session: Session, *, attempt: PaymentAttempt, kind: str, amount: int, clock: Clock) -> Step:
    """Write down that a step is under way, so that no other begins and a crash leaves a trace.

    The same step may be sent again: its key is the same. Errors: PaymentStepUnderWay.
    """
    known = list_entries(session, store_id=attempt.store_id, attempt_id=attempt.id)
    done = sum(each.kind == RESOLVED and each.external_ref.startswith(f"{kind}:") for each in known)
    step = Step(f"{kind}:{done}", amount, attempt)
    # What was authorized is known by now, whatever became of the request.
    begun = open_steps(Entry(each.kind, each.external_ref) for each in known) - {AUTHORIZE}
    amounts = {each.external_ref: each.detail.get("amount") for each in known if each.kind == UNKNOWN}
    if begun - {step.name} or amounts.get(step.name, str(amount)) != str(amount):
        raise PaymentStepUnderWay()
    record_entries(session, store_id=attempt.store_id, attempt_id=attempt.id, clock=clock,
                   entries=[NewEntry(UNKNOWN, step.name, 0, detail={"amount": str(amount)})])
    return step


def _send(transactions: Transactions, step: Step, clock: Clock, ask: Callable[[], GatewayAnswer]) -> PaymentAttempt:
    resolved = NewEntry(RESOLVED, step.name)
    try:
        answer = ask()
    except GatewayTimeout:
        return _unanswered(transactions, step.attempt, [], clock)
    except GatewayDown as error:
        _record(transactions, step.attempt, [resolved], None, clock)
        raise GatewayUnreachable() from error
    if answer.outcome == "declined":
        _record(transactions, step.attempt, [resolved], None, clock)
        raise GatewayDeclined(reason=answer.reason)
    return _record(transactions, step.attempt, [*_entries(answer), resolved], answer.external_ref, clock)


def _record(transactions: Transactions, attempt: PaymentAttempt, entries: list[NewEntry], external_ref: str | None,
            clock: Clock) -> PaymentAttempt:
    with transactions() as session:
        return record_entries(session, store_id=attempt.store_id, attempt_id=attempt.id, entries=entries,
                              external_ref=external_ref, clock=clock)


def _unanswered(transactions: Transactions, attempt: PaymentAttempt, entries: list[NewEntry],
                clock: Clock) -> PaymentAttempt:
    with transactions() as session:
        found = record_entries(session, store_id=attempt.store_id, attempt_id=attempt.id, entries=entries, clock=clock)
        if found.status == UNKNOWN:
            record_event(session, store_id=found.store_id, name=UNANSWERED, entity_type="payment_attempt",
                         entity_id=found.id, payload=facts_of(found), occurred_at=clock.now())
        return found


def _entries(answer: GatewayAnswer) -> list[NewEntry]:
    if answer.outcome == "pending":
        return []
    if answer.outcome == "declined":
        return [_failed(answer.code or "declined", answer.reason or "", answer.entry_ref)]
    return [NewEntry(answer.outcome, answer.entry_ref, answer.amount)]


def _failed(code: str, reason: str, ref: str = "ours") -> NewEntry:
    return NewEntry("failed", ref, 0, detail={"code": code, "reason": reason})


def _config(session: Session, *, attempt: PaymentAttempt) -> PaymentProviderConfig | None:
    return session.scalar(select(PaymentProviderConfig).where(
        PaymentProviderConfig.store_id == attempt.store_id, PaymentProviderConfig.id == attempt.provider_config_id))

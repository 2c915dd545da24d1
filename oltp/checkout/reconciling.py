"""Payments and refunds of whose outcome nobody knows: the gateway is asked, and what it says is recorded.

An attempt is asked about some minutes after the last word on it, so whoever charges it has had his answer or is dead.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from uuid import UUID

import structlog

from oltp.checkout.hearing import follow_kept_event, settle_payment
from oltp.checkout.queries import list_untold
from oltp.checkout.refunds import get_refund, pay_refund
from oltp.db.transactions import Transactions
from oltp.jobs.task import Work
from oltp.kit.clock import Clock
from oltp.kit.errors import Refusal
from oltp.payments.actions import NewEntry, list_entries, record_entries, take_attempt
from oltp.payments.callbacks import entry_of
from oltp.payments.errors import GatewayUnreachable
from oltp.payments.facts import CallbackRefused, GatewayDown, GatewayFact, GatewayTimeout
from oltp.payments.gateway import Gateways, GuardedGateway
from oltp.payments.models import PaymentAttempt, PaymentProviderConfig
from oltp.payments.queries import Key, list_unanswered, list_unapplied, list_unpaid_refunds
from oltp.payments.rules import AUTHORIZE, RESOLVED, Entry, open_steps

BATCH = 100
ASK_AFTER = timedelta(minutes=2)
# A gateway that has not heard of a payment by now never will.
GIVE_UP_AFTER = timedelta(minutes=15)
# What is older is for people to look into.
ASK_FOR = timedelta(days=30)
KEEP_TRYING = timedelta(days=3)
_log = structlog.get_logger("oltp.checkout.reconciling")
Found = Callable[..., Sequence[Key]]


def reconcile_payments(work: Work) -> None:
    """Ask about attempts without an outcome, let orders follow money they were not told of, pay out pending refunds,
    apply callbacks that were kept only.
    """
    gateways, now = work.gateways, work.clock.now()
    if not isinstance(gateways, Gateways):
        return
    since, clock = now - ASK_AFTER, work.clock
    _each(work, partial(list_unanswered, since=since, oldest=now - ASK_FOR),
          lambda each, key: reconcile_attempt(each, gateways=gateways, attempt_id=key, clock=clock))
    _each(work, partial(list_untold, since=since, oldest=now - ASK_FOR),
          lambda each, key: settle_payment(each, gateways=gateways, attempt_id=key, clock=clock))
    _each(work, partial(list_unpaid_refunds, since=since),
          lambda each, key: reconcile_refund(each, gateways=gateways, refund_id=key, clock=clock))
    _each(work, partial(list_unapplied, since=since, oldest=now - KEEP_TRYING),
          lambda each, key: follow_kept_event(each, gateways=gateways, event_id=key, clock=clock))


def reconcile_attempt(transactions: Transactions, *, gateways: Gateways, attempt_id: UUID, clock: Clock) -> None:
    """Ask the gateway what became of an attempt, record it, and let the order follow.

    Errors: AttemptNotFound, GatewayUnreachable.
    """
    with transactions() as session:
        attempt = take_attempt(session, store_id=transactions.store_id, attempt_id=attempt_id)
        config = session.get(PaymentProviderConfig, attempt.provider_config_id) if attempt.provider_config_id else None
        known = list_entries(session, store_id=attempt.store_id, attempt_id=attempt_id)
    begun = open_steps(Entry(each.kind, each.external_ref) for each in known) - {AUTHORIZE}
    try:
        facts = GuardedGateway(gateways.for_config(config), transactions)().find(
            attempt_id, external_ref=attempt.external_ref, since=attempt.created_at)
    except (GatewayDown, GatewayTimeout) as error:
        raise GatewayUnreachable() from error
    entries = _entries(attempt, facts, clock)
    # What a step came to is among the facts, or it came to nothing: the gateway has been asked after it was over.
    entries += [NewEntry(RESOLVED, step) for step in sorted(begun) if facts is not None]
    ref = next((fact.external_ref for fact in facts or () if fact.external_ref), None)
    with transactions() as session:
        record_entries(session, store_id=transactions.store_id, attempt_id=attempt_id, entries=entries,
                       external_ref=ref, clock=clock)
    settle_payment(transactions, gateways=gateways, attempt_id=attempt_id, clock=clock)


def reconcile_refund(transactions: Transactions, *, gateways: Gateways, refund_id: UUID, clock: Clock) -> None:
    """Ask the gateway whether a pending refund was paid out; where it was not, have it paid out.

    Asked first, because a gateway forgets an idempotency key after a day. Errors: RefundNotFound,
    GatewayUnreachable.
    """
    with transactions() as session:
        refund = get_refund(session, store_id=transactions.store_id, refund_id=refund_id)
    if refund.payment_attempt_id is not None:
        reconcile_attempt(transactions, gateways=gateways, attempt_id=refund.payment_attempt_id, clock=clock)
    pay_refund(transactions, gateways=gateways, refund_id=refund_id, clock=clock)


def _entries(attempt: PaymentAttempt, facts: list[GatewayFact] | None, clock: Clock) -> list[NewEntry]:
    if facts:
        return [entry_of(fact) for fact in facts]
    # A request may still be on its way to a gateway that knows nothing yet.
    if facts is None and clock.now() - attempt.created_at > GIVE_UP_AFTER:
        return [NewEntry("failed", "never arrived", 0, detail={
            "code": "not_found", "reason": "The gateway never heard of this payment."})]
    return []


def _each(work: Work, found: Found, do: Callable[[Transactions, UUID], object]) -> None:
    """Do something for all that is found in every store; what goes wrong with one does not stop the others."""
    after: UUID | None = None
    while True:
        with work.database.worker_session() as session:
            rows = found(session, after=after, limit=BATCH)
        for store_id, key in rows:
            try:
                do(Transactions(work.database, store_id), key)
            except (Refusal, CallbackRefused) as refusal:
                _log.warning("payments.not_reconciled", store_id=str(store_id), id=str(key), refusal=str(refusal))
        if len(rows) < BATCH:
            return
        after = rows[-1][1]

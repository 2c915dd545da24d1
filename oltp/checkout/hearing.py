"""What a gateway's callback leads to: it is checked and kept; the payment follows it, then the order."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from oltp.checkout.refunds import follow_refunds
from oltp.checkout.settling import settle_attempt
from oltp.db.session import Database
from oltp.db.transactions import Transactions
from oltp.kit.clock import Clock
from oltp.orders.actions import note_payment, take_order
from oltp.payments.actions import take_attempt
from oltp.payments.callbacks import apply_facts, keep_refused, keep_verified, read_again
from oltp.payments.errors import CallbackNotAccepted, CallbackUnknown
from oltp.payments.facts import CallbackRefused, GatewayFact
from oltp.payments.gateway import Gateways
from oltp.payments.models import GatewayEvent, PaymentProviderConfig
from oltp.payments.queries import find_callback_owner, get_config


def hear_callback(
    database: Database, *, gateways: Gateways, callback_key: str, body: bytes, headers: Mapping[str, str], clock: Clock
) -> None:
    """Take a callback as it came over the wire, any number of times in any order. `headers` in small letters.

    One that is not signed as it should is kept, and refused. Errors: CallbackUnknown, CallbackNotAccepted.
    """
    with database.anonymous_session() as session:
        owner = find_callback_owner(session, callback_key=callback_key)
    if owner is None:
        raise CallbackUnknown()
    transactions = Transactions(database, owner.store_id)
    with transactions() as session:
        config = get_config(session, store_id=owner.store_id, config_id=owner.config_id)
    try:
        facts = gateways.for_config(config).parse_callback(body, headers, clock.now())
    except CallbackRefused as refusal:
        with transactions() as session:
            keep_refused(session, config=config, body=body, reason=str(refusal), now=clock.now())
        raise CallbackNotAccepted(reason=str(refusal)) from None
    with transactions() as session:
        event = keep_verified(session, config=config, body=body, facts=facts, now=clock.now())
    if facts:
        follow_event(transactions, gateways=gateways, event_id=event.id, facts=facts, clock=clock)


def follow_event(
    transactions: Transactions, *, gateways: Gateways, event_id: UUID, facts: Sequence[GatewayFact], clock: Clock
) -> bool:
    """Let payments and orders follow a callback that is kept; return whether it is done with.

    It is marked as applied last, so after a crash it is applied again.
    """
    with transactions() as session:
        event = session.get_one(GatewayEvent, event_id, populate_existing=True)
        touched = apply_facts(session, event=event, facts=facts, clock=clock)
    for attempt_id in sorted(touched):
        settle_payment(transactions, gateways=gateways, attempt_id=attempt_id, clock=clock)
    if touched:
        with transactions() as session:
            event = session.get_one(GatewayEvent, event_id, populate_existing=True)
            event.applied_at = event.applied_at or clock.now()
    return bool(touched)


def follow_kept_event(transactions: Transactions, *, gateways: Gateways, event_id: UUID, clock: Clock) -> bool:
    """Apply a callback that was kept earlier; return whether it is done with."""
    with transactions() as session:
        event = session.get_one(GatewayEvent, event_id, populate_existing=True)
        config = session.get_one(PaymentProviderConfig, event.provider_config_id)
    facts = read_again(event, gateways.for_config(config))
    return follow_event(transactions, gateways=gateways, event_id=event_id, facts=facts, clock=clock)


def settle_payment(transactions: Transactions, *, gateways: Gateways, attempt_id: UUID, clock: Clock) -> None:
    """Let the order follow what is known of an attempt: its money, its refunds, and whether it is disputed.

    Errors: AttemptNotFound.
    """
    settle_attempt(transactions, gateways=gateways, attempt_id=attempt_id, clock=clock)
    with transactions() as session:
        attempt = take_attempt(session, store_id=transactions.store_id, attempt_id=attempt_id)
        order = take_order(session, store_id=transactions.store_id, order_id=attempt.order_id, is_hidden_too=True)
        if attempt.charged_back_amount:
            note_payment(session, order=order, payment_status="DISPUTED", clock=clock)
        elif order.payment_status == "DISPUTED":
            note_payment(session, order=order, payment_status="PAID", clock=clock)
        if attempt.refunded_amount:
            follow_refunds(session, order=order, clock=clock)

"""Placing an order: everything that must hold together in one transaction, then the money, then what comes of it.

No lock and no transaction is held while a gateway is asked. Whoever comes second with the same quote, or repeats the
same operation, gets the order of the first.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from oltp.audit.actions import add_audit
from oltp.carts.actions import close_cart
from oltp.carts.models import Quote
from oltp.carts.queries import get_quote
from oltp.checkout.accounts import Account, find_account
from oltp.checkout.drafting import draft_lines, draft_order, draft_shares, placed_facts
from oltp.checkout.errors import ExpectedInOtherCurrency, QuoteChanged, QuoteExpired
from oltp.checkout.quoting import Calculation, calculate, keep_quote
from oltp.checkout.settling import settle_attempt
from oltp.checkout.stock import take_stock
from oltp.checkout.wishes import CheckoutWish, PaymentChoice, wish_from_json
from oltp.customers.actions import VisitorLink, ensure_visitor_subjects, link_visitors
from oltp.db.locking import lock_quote
from oltp.db.transactions import Transactions
from oltp.fraud.actions import assess_order
from oltp.inventory.rules import sum_demand
from oltp.kit.clock import Clock
from oltp.kit.errors import Refusal
from oltp.kit.points import reach
from oltp.orders.creating import NewLine, NewOrder, create_order, number_order
from oltp.orders.errors import OrderNotFound
from oltp.orders.models import Order
from oltp.orders.queries import find_order, get_order
from oltp.outbox.actions import NewEvent, record_events
from oltp.payments.actions import create_attempt
from oltp.payments.charging import charge_attempt
from oltp.payments.gateway import Gateways
from oltp.promotions.using import consume_promotions
from oltp.tenancy.usage import count_order, skip_taken_numbers

_KEY = "orders_pkey"
_AMOUNTS = ("subtotal", "discount", "shipping", "tax", "total")


@dataclass(frozen=True)
class Said:
    """What is said with an order and changes no amount. `ip_address` is the customer's, not his shop's server's."""

    note: str | None = None
    ip_address: str | None = None


NOTHING_SAID = Said()


@dataclass(frozen=True)
class Placed:
    """What the first transaction made: the order, and the attempt that is to be charged, if any."""

    order: Order
    attempt_id: UUID | None


def place_order(
    transactions: Transactions, *, gateways: Gateways, payment: PaymentChoice, operation_id: UUID, clock: Clock,
    quote_id: UUID | None = None, wish: CheckoutWish | None = None, expected_total: int | None = None,
    expected_currency: str | None = None, said: Said = NOTHING_SAID,
) -> Order:
    """Place the order of a quote, or of a wish at once; return it as it stands afterwards.

    Paid by hand (cash on delivery, bank transfer) it is PROCESSING, the stock sold. By card it is PAID, PROCESSING
    (authorized) or PAYMENT_FAILED, or PENDING while nobody knows; then its stock is reserved. `operation_id` is the
    order's id, so that a repetition finds it; `expected_total` is what the customer was shown.

    Errors: QuoteNotFound, QuoteExpired, QuoteChanged, ExpectedInOtherCurrency, OutOfStock, PromotionUsedUp,
    PlanLimitReached, PaymentMethodUnknown, and those of quoting.calculate().
    """
    reach("place.before_order")
    try:
        with transactions() as session:
            placed = _place(session, store_id=transactions.store_id, payment=payment, operation_id=operation_id,
                            clock=clock, quote_id=quote_id, wish=wish, expected_total=expected_total,
                            expected_currency=expected_currency, said=said)
            reach("place.before_commit")
    except (IntegrityError, Refusal) as error:
        return _find_placed(transactions, operation_id=operation_id, error=error)
    reach("place.committed")
    if placed.attempt_id is None:
        return placed.order
    charge_attempt(transactions, gateways=gateways, attempt_id=placed.attempt_id, token=payment.token, clock=clock)
    reach("place.charged")
    settle_attempt(transactions, gateways=gateways, attempt_id=placed.attempt_id, clock=clock)
    reach("place.confirmed")
    with transactions() as session:
        return get_order(session, store_id=transactions.store_id, order_id=placed.order.id)


def _find_placed(transactions: Transactions, *, operation_id: UUID, error: IntegrityError | Refusal) -> Order:
    """Return the order of an operation that was done before, or is just being done by somebody else who was quicker.

    A refusal counts only where there is none: since then a price may have changed. Errors: what was raised.
    """
    if isinstance(error, IntegrityError) and (
            getattr(getattr(error.orig, "diag", None), "constraint_name", None) != _KEY):
        raise error
    with transactions() as session:
        found = find_order(session, store_id=transactions.store_id, order_id=operation_id)
    if found is None:
        raise error if isinstance(error, Refusal) else OrderNotFound(order_id=operation_id)
    return found


def _place(
    session: Session, *, store_id: UUID, payment: PaymentChoice, operation_id: UUID, clock: Clock,
    quote_id: UUID | None, wish: CheckoutWish | None, expected_total: int | None, expected_currency: str | None,
    said: Said,
) -> Placed:
    quote = None
    if quote_id is not None:
        if lock_quote(session, store_id=store_id, quote_id=quote_id):
            done = _find_done(session, store_id=store_id, quote_id=quote_id)
            if done is not None:
                return Placed(done, None)
        quote = get_quote(session, store_id=store_id, quote_id=quote_id)
        wish = wish_from_json(quote.wanted)
    assert wish is not None
    if expected_currency not in (None, wish.currency):
        raise ExpectedInOtherCurrency(currency=wish.currency, field="expected_total.currency")
    wish = replace(wish, note=said.note or wish.note, ip_address=said.ip_address or wish.ip_address)
    now = clock.now()
    if quote is not None and quote.expires_at <= now:
        raise QuoteExpired(expired_at=quote.expires_at.isoformat())
    found = calculate(session, store_id=store_id, wish=wish, at=now)
    _check_totals(found, quote=quote, expected_total=expected_total)
    account = find_account(session, store_id=store_id, choice=payment)
    kept = quote or keep_quote(session, store_id=store_id, found=found)
    return _write(session, store_id=store_id, found=found, quote=kept, payment=payment, account=account,
                  order_id=operation_id, clock=clock)


def _find_done(session: Session, *, store_id: UUID, quote_id: UUID) -> Order | None:
    done = session.scalar(select(Order.id).where(Order.store_id == store_id, Order.quote_id == quote_id))
    return None if done is None else session.get(Order, done)


def _check_totals(found: Calculation, *, quote: Quote | None, expected_total: int | None) -> None:
    """Refuse a total that is not what the customer was shown, saying which amounts differ. Errors: QuoteChanged."""
    now = {name: getattr(found.priced.totals, name) for name in _AMOUNTS}
    shown = {} if quote is None else {name: getattr(quote, f"{name}_amount") for name in _AMOUNTS}
    if expected_total is not None:
        shown["total"] = expected_total
    difference = {name: {"quoted": amount, "now": now[name]} for name, amount in shown.items() if amount != now[name]}
    if difference:
        raise QuoteChanged(difference=difference, field="quote_id" if quote else "expected_total")


def _write(
    session: Session, *, store_id: UUID, found: Calculation, quote: Quote, payment: PaymentChoice, account: Account,
    order_id: UUID, clock: Clock,
) -> Placed:
    """Write the order with all that belongs to it.

    What many buyers want comes last, since whoever has it keeps the others waiting: stock, promotions, and at the very
    end the store's counter.
    """
    is_free = found.priced.totals.total == 0
    status = "PAID" if is_free else "PROCESSING" if account.is_manual else "PENDING"
    draft = draft_order(found, order_id=order_id, quote_id=quote.id, status=status, account=account, choice=payment,
                        placed_at=clock.now())
    lines = draft_lines(found)
    # Held until the end: whoever wants it by its id meanwhile, as the judge of fraud, has it without a statement.
    order = create_order(session, store_id=store_id, order=draft, lines=lines)
    add_audit(session, store_id=store_id, action="order.placed", entity_type="order", entity_id=order_id,
              changes={"status": {"old": None, "new": status}}, occurred_at=draft.placed_at)
    reach("place.after_order")
    # An order that is declined is held: nothing is charged for it until a person has looked at it.
    assessed = assess_order(session, store_id=store_id, order_id=order_id, clock=clock)
    is_charged = not is_free and (account.is_manual or assessed.decision != "decline")
    attempt = create_attempt(
        session, store_id=store_id, order_id=order_id, provider_config_id=account.config_id, gateway=account.gateway,
        method=payment.method, amount=draft.total, currency=draft.currency) if is_charged else None
    subject = order.subject_id
    assert subject is not None
    if quote.cart_id is not None:
        close_cart(session, store_id=store_id, cart_id=quote.cart_id, clock=clock)
    _link_visitor(session, store_id=store_id, found=found, subject=subject)
    events = take_stock(
        session, store_id=store_id, order_id=order_id,
        demand=sum_demand((line.variant_id, line.quantity) for line in lines),
        minutes=found.settings.reservation_minutes if status == "PENDING" else None)
    consume_promotions(session, store_id=store_id, order_id=order_id, subject_id=subject,
                       applied=draft_shares(found, lines))
    _announce(session, order=order, draft=draft, lines=lines, subject=subject, events=events, clock=clock)
    return Placed(order, attempt.id if attempt is not None and not account.is_manual else None)


def _link_visitor(session: Session, *, store_id: UUID, found: Calculation, subject: UUID) -> None:
    """State who the visitor turned out to be, so that what he looked at before is known to have led to the order."""
    wish = found.wish
    if wish.visitor_id is None or not found.inputs.is_identified:
        return
    visitors = ensure_visitor_subjects(session, store_id=store_id, visitor_ids=[wish.visitor_id])
    link_visitors(session, store_id=store_id, links=[
        VisitorLink(visitors[wish.visitor_id], found.inputs.at, subject)])


def _announce(
    session: Session, *, order: Order, draft: NewOrder, lines: list[NewLine], subject: UUID, events: list[NewEvent],
    clock: Clock,
) -> None:
    number = count_order(session, store_id=order.store_id, now=clock.now())
    if not number_order(session, order=order, number=number):
        number_order(session, order=order, number=skip_taken_numbers(session, store_id=order.store_id))
    facts = placed_facts(draft, lines, order_number=order.order_number, subject_id=subject)
    names = ["order.placed", *(["order.paid"] if draft.status == "PAID" else [])]
    record_events(session, store_id=order.store_id, occurred_at=draft.placed_at, events=[
        *(NewEvent(name, "order", draft.id, facts) for name in names), *events])

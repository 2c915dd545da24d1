"""Writes of pricing: a price into a window of its key, and its end, with the event in the same transaction."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.db.locking import lock_products, lock_variants
from oltp.kit.clock import Clock
from oltp.outbox.actions import record_event
from oltp.pricing.errors import (
    PricedProductUnknown,
    PricedVariantUnknown,
    PriceEnded,
    PriceHistoryFixed,
    PriceSegmentUnknown,
)
from oltp.pricing.listing import get_price
from oltp.pricing.rules import check_amounts, check_key, check_window

# A caller's clock may be behind the database's by so much and still mean now.
CLOCK_DIFFERENCE = timedelta(minutes=1)


@dataclass(frozen=True)
class PriceKey:
    """What a price is for. Exactly one of product and variant is set."""

    store_id: UUID
    product_id: UUID | None
    variant_id: UUID | None
    currency: str
    segment_id: UUID | None
    min_quantity: int

    def parameters(self) -> dict[str, object]:
        """Return the parameters of a statement that finds the key's rows."""
        return {"store": self.store_id, "product": self.product_id, "variant": self.variant_id,
                "currency": self.currency, "segment": self.segment_id, "quantity": self.min_quantity}


_KEY = """CAST(:store AS uuid), CAST(:product AS uuid), CAST(:variant AS uuid), :currency, CAST(:segment AS uuid),
          :quantity"""
_MOMENT = text(f"SELECT m.since, m.until, now() AS moment FROM price_moment({_KEY}) m")
_PUT = text(f"SELECT set_price_window({_KEY}, :amount, :compare_at, :since, :until)")
_PAST = text("""
    SELECT EXISTS (SELECT FROM product_price x WHERE x.store_id = :store AND x.currency = :currency
      AND (x.product_id = CAST(:product AS uuid) OR x.variant_id = CAST(:variant AS uuid))
      AND x.segment_id IS NOT DISTINCT FROM CAST(:segment AS uuid) AND x.min_quantity = :quantity
      AND x.during && tstzrange(:since, :moment, '[)'))""")


def set_price(
    session: Session, *, store_id: UUID, currency: str, amount: int, clock: Clock, product_id: UUID | None = None,
    variant_id: UUID | None = None, segment_id: UUID | None = None, min_quantity: int = 1,
    effective_at: datetime | None = None, expires_at: datetime | None = None, compare_at_amount: int | None = None,
) -> UUID:
    """Set a price from `effective_at` (now) until `expires_at`; return the id of its row.

    Without `expires_at` it holds until the window ends that it falls into, or the next planned one begins. What it
    covers of other windows gives way; they go on after it. The windows count by the database's clock. The list price
    of the product or variant follows, from the step dual on.

    Errors: PriceKeyInvalid, InvalidCurrency, PriceQuantityInvalid, PriceAmountInvalid, CompareAtTooLow,
    PriceWindowInvalid, PricedProductUnknown, PricedVariantUnknown, PriceSegmentUnknown, PriceHistoryFixed.
    """
    check_key(product_id=product_id, variant_id=variant_id, currency=currency, min_quantity=min_quantity)
    check_amounts(amount=amount, compare_at_amount=compare_at_amount)
    key = PriceKey(store_id, product_id, variant_id, currency, segment_id, min_quantity)
    owner = _lock(session, key=key)
    since, until = _place(session, key=key, effective_at=effective_at, expires_at=expires_at)
    price_id = session.scalar(_PUT, {
        **key.parameters(), "amount": amount, "compare_at": compare_at_amount, "since": since, "until": until})
    session.expire_all()
    assert isinstance(price_id, UUID)
    _tell(session, key=key, owner=owner, clock=clock, payload={
        "price_id": str(price_id), "amount": amount, "compare_at_amount": compare_at_amount,
        "effective_at": since.isoformat(), "expires_at": until.isoformat() if until else None})
    return price_id


def end_price(session: Session, *, store_id: UUID, price_id: UUID, clock: Clock) -> None:
    """End a price that holds now, or take back one that is planned; its key has none from then on.

    The list price follows: a variant inherits its product's, a product keeps the last one, because it must have one.
    Errors: PriceUnknown, PriceEnded, PricedProductUnknown, PricedVariantUnknown.
    """
    row = get_price(session, store_id=store_id, price_id=price_id)
    key = PriceKey(store_id, row.product_id, row.variant_id, row.currency, row.segment_id, row.min_quantity)
    owner = _lock(session, key=key)
    row = get_price(session, store_id=store_id, price_id=price_id)
    # Not now(): somebody may have set the price since this transaction began.
    moment: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    if row.expires_at is not None and row.expires_at <= moment:
        raise PriceEnded(price_id=price_id)
    payload = {"price_id": str(price_id), "amount": row.amount, "compare_at_amount": row.compare_at_amount,
               "effective_at": row.effective_at.isoformat(), "expires_at": moment.isoformat()}
    if row.effective_at >= moment:
        session.delete(row)
    else:
        row.expires_at = row.updated_at = moment
    session.flush()
    session.expire_all()
    _tell(session, key=key, owner=owner, clock=clock, payload=payload)


def _tell(session: Session, *, key: PriceKey, owner: UUID, payload: dict[str, object], clock: Clock) -> None:
    record_event(
        session, store_id=key.store_id, name="price.changed", entity_type="product", entity_id=owner,
        payload={"product_id": str(owner), "variant_id": _text(key.variant_id), "segment_id": _text(key.segment_id),
                 "currency": key.currency, "min_quantity": key.min_quantity, **payload}, occurred_at=clock.now())


def _lock(session: Session, *, key: PriceKey) -> UUID:
    """Lock what the price is for, the product before the variant; return the product's id."""
    product = key.product_id
    if key.variant_id is not None:
        product = session.scalar(
            text("SELECT product_id FROM product_variants WHERE store_id = :store AND id = :variant"),
            {"store": key.store_id, "variant": key.variant_id})
        if product is None:
            raise PricedVariantUnknown(variant_id=key.variant_id, field="variant_id")
    assert product is not None
    if not lock_products(session, store_id=key.store_id, product_ids=[product]):
        raise PricedProductUnknown(product_id=product, field="product_id")
    if key.variant_id is not None and not lock_variants(
            session, store_id=key.store_id, variant_ids=[key.variant_id]):
        raise PricedVariantUnknown(variant_id=key.variant_id, field="variant_id")
    if key.segment_id is not None and not session.scalar(
            text("SELECT EXISTS (SELECT FROM customer_segment WHERE store_id = :store AND id = :segment "
                 "AND deleted_at IS NULL)"),
            {"store": key.store_id, "segment": key.segment_id}):
        raise PriceSegmentUnknown(segment_id=key.segment_id, field="segment_id")
    return product


def _place(
    session: Session, *, key: PriceKey, effective_at: datetime | None, expires_at: datetime | None
) -> tuple[datetime, datetime | None]:
    """Return the window that the price gets. Errors: PriceWindowInvalid, PriceHistoryFixed."""
    found = session.execute(_MOMENT, key.parameters()).one()
    moment: datetime = found.moment
    check_window(effective_at=effective_at, expires_at=expires_at, moment=moment)
    if effective_at is None or moment - CLOCK_DIFFERENCE <= effective_at <= found.since:
        return found.since, expires_at or found.until
    if effective_at < moment and session.scalar(
            _PAST, {**key.parameters(), "since": effective_at, "moment": moment}):
        raise PriceHistoryFixed(field="effective_at")
    return effective_at, expires_at or _end(session, key=key, effective_at=effective_at)


def _end(session: Session, *, key: PriceKey, effective_at: datetime) -> datetime | None:
    """Return when the window ends that `effective_at` falls into, else when the next one begins."""
    end: datetime | None = session.scalar(text("""
        SELECT CASE WHEN x.effective_at <= :since THEN x.expires_at ELSE x.effective_at END
        FROM product_price x WHERE x.store_id = :store AND x.currency = :currency
          AND (x.product_id = CAST(:product AS uuid) OR x.variant_id = CAST(:variant AS uuid))
          AND x.segment_id IS NOT DISTINCT FROM CAST(:segment AS uuid) AND x.min_quantity = :quantity
          AND coalesce(x.expires_at, 'infinity') > :since ORDER BY x.effective_at LIMIT 1"""),
        {**key.parameters(), "since": effective_at})
    return end


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)

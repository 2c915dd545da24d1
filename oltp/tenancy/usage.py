"""What a store's plan allows: numbers of orders, limits that are consumed and not only checked, and the meter.

A limit below zero is no limit. The counter's row is the last lock of a transaction: it is held for a commit.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.db.locking import lock_store_counter
from oltp.kit.clock import SystemClock
from oltp.outbox.actions import record_event
from oltp.tenancy.errors import PlanLimitReached, PlanNotUsable, StoreNotFound

# Per cent of a limit from which on the store is warned.
NEAR = 80
# Who is late with paying may go on for a week; an end that nobody wrote down has not come, but a plan that is
# cancelled without an end is over.
_USABLE = """
    CASE s.subscription_status
      WHEN 'ACTIVE' THEN true
      WHEN 'TRIAL' THEN coalesce(s.trial_ends_at > :now, true)
      WHEN 'PAST_DUE' THEN coalesce(s.subscription_ends_at + interval '7 days' > :now, true)
      WHEN 'CANCELED' THEN coalesce(s.subscription_ends_at > :now, false)
      ELSE false END"""
# The month never goes back: two machines' clocks may differ when a month ends.
_THIS_MONTH = "CAST(date_trunc('month', CAST(:now AS timestamptz) AT TIME ZONE s.timezone) AS date)"
_MONTH = f"greatest(c.month_on, {_THIS_MONTH})"
_MONTH_NOW = f"LATERAL (SELECT {_THIS_MONTH} AS month_on) m"
_NEXT = f"(CASE WHEN c.month_on = {_MONTH} THEN c.month_order_count ELSE 0 END + 1)"
_IS_NEAR = f"s.order_limit >= 0 AND {_NEXT}::bigint * 100 >= s.order_limit::bigint * {NEAR}"
_NUMBER = "t.prefix || CASE WHEN {n} < 100000 THEN lpad({n}::text, 5, '0') ELSE {n}::text END"
_PREFIX = """
    LATERAL (SELECT coalesce((SELECT g.order_number_prefix FROM selling_settings g WHERE g.store_id = s.id), 'ORD-')
             AS prefix) t"""
_HIGHEST = """
    (SELECT max(CAST(substr(o.order_number, length(t.prefix) + 1) AS bigint)) FROM orders o
     WHERE o.store_id = s.id AND o.order_number ~ ('^' || t.prefix || '[0-9]{1,15}$'))"""

# Number, month and limit in one conditional statement: what the condition refuses is looked at afterwards.
_COUNT_ORDER = text(f"""
    UPDATE store_counter c SET
      last_order_number = c.last_order_number + 1, month_on = {_MONTH}, month_order_count = {_NEXT},
      orders_warned_on = CASE WHEN {_IS_NEAR} THEN {_MONTH} ELSE c.orders_warned_on END
    FROM stores s, {_PREFIX}
    WHERE c.store_id = :store AND s.id = :store AND s.deleted_at IS NULL AND {_USABLE}
      AND (s.order_limit < 0 OR {_NEXT} <= s.order_limit)
    RETURNING {_NUMBER.format(n='new.last_order_number')} AS number, new.month_order_count AS order_count,
      s.order_limit AS most, s.subscription_plan::text AS plan,
      new.orders_warned_on IS DISTINCT FROM old.orders_warned_on AS is_news""")
# Orders that came in by the truckload may have taken numbers ahead of the counter.
_SKIP_TAKEN = text(f"""
    UPDATE store_counter c SET last_order_number = greatest(c.last_order_number, {_HIGHEST} + 1)
    FROM stores s, {_PREFIX} WHERE c.store_id = :store AND s.id = :store
    RETURNING {_NUMBER.format(n='new.last_order_number')}""")
# A store's first row starts from the orders that are there; not from the one that this transaction has just written
# and now counts.
_START = text(f"""
    INSERT INTO store_counter AS c (store_id, last_order_number, month_on, month_order_count)
    SELECT s.id, coalesce({_HIGHEST}, 0), m.month_on,
           (SELECT count(*) FROM orders o WHERE o.store_id = s.id AND o.origin = 'storefront'
              AND o.placed_at >= CAST(m.month_on AS timestamp) AT TIME ZONE s.timezone
              AND o.xmin::text <> CAST(pg_current_xact_id()::xid AS text))
    FROM stores s, {_PREFIX},
      {_MONTH_NOW}
    WHERE s.id = :store ON CONFLICT (store_id) DO NOTHING""")
_METER = text(f"""
    SELECT s.subscription_plan::text AS plan, s.subscription_status::text AS status, {_USABLE} AS is_usable,
      s.product_limit, s.order_limit, m.month_on, c.products_warned_at,
      (SELECT count(*) FROM products p WHERE p.store_id = s.id AND p.deleted_at IS NULL) AS product_count,
      CASE WHEN c.month_on >= m.month_on THEN c.month_order_count WHEN c.store_id IS NOT NULL THEN 0 ELSE (
        SELECT count(*) FROM orders o WHERE o.store_id = s.id AND o.origin = 'storefront'
          AND o.placed_at >= CAST(m.month_on AS timestamp) AT TIME ZONE s.timezone) END AS order_count
    FROM stores s LEFT JOIN store_counter c ON c.store_id = s.id,
      {_MONTH_NOW}
    WHERE s.id = :store AND s.deleted_at IS NULL""")
_WARN_PRODUCTS = text("UPDATE store_counter SET products_warned_at = :at WHERE store_id = :store")


@dataclass(frozen=True)
class Meter:
    """How much of one limit is used; `limit` None: there is none."""

    what: str
    used: int
    limit: int | None

    @property
    def text(self) -> str:
        """E.g. "45/100 products"."""
        return f"{self.used}/{'unlimited' if self.limit is None else self.limit} {self.what}"

    @property
    def is_near(self) -> bool:
        """Whether the store should be warned."""
        return self.limit is not None and self.used * 100 >= self.limit * NEAR


@dataclass(frozen=True)
class Usage:
    """What a store has used of its plan; orders of the month that begins on `month_on` in the store's time zone."""

    plan: str
    status: str
    is_usable: bool
    month_on: date
    products: Meter
    orders: Meter
    products_warned_at: datetime | None


def meter(session: Session, *, store_id: UUID, now: datetime) -> Usage:
    """Return what the store has used of its plan, in one statement. Errors: StoreNotFound."""
    row = session.execute(_METER, {"store": store_id, "now": now}).one_or_none()
    if row is None:
        raise StoreNotFound()
    return Usage(
        row.plan, row.status, row.is_usable, row.month_on,
        Meter("products", row.product_count, _limit(row.product_limit)),
        Meter("orders", row.order_count, _limit(row.order_limit)), row.products_warned_at)


def count_order(session: Session, *, store_id: UUID, now: datetime) -> str:
    """Count an order against the plan's orders of the month, and return its number, which nobody else is given.

    Call it last: from here to the commit the store's other orders wait.

    Errors: PlanLimitReached, PlanNotUsable, StoreNotFound.
    """
    values = {"store": store_id, "now": now}
    row = session.execute(_COUNT_ORDER, values).one_or_none()
    if row is None and not lock_store_counter(session, store_id=store_id):
        session.execute(_START, values)
        row = session.execute(_COUNT_ORDER, values).one_or_none()
    if row is None:
        usage = meter(session, store_id=store_id, now=now)
        _check_usable(usage)
        raise PlanLimitReached(plan=usage.plan, limit=usage.orders.limit, what="orders a month")
    if row.is_news:
        _warn(session, store_id=store_id, plan=row.plan, used=Meter("orders", row.order_count, row.most), now=now)
    return str(row.number)


def skip_taken_numbers(session: Session, *, store_id: UUID) -> str:
    """Return the number after all that are taken, where somebody else has the one that count_order() gave."""
    return str(session.scalar(_SKIP_TAKEN, {"store": store_id}))


def count_product(session: Session, *, store_id: UUID, now: datetime | None = None) -> None:
    """Check the plan's limit with the product that this transaction has just added or restored; call it last.

    Products are counted, not numbered, so whoever adds one waits for whoever is adding one.

    Errors: PlanLimitReached, PlanNotUsable, StoreNotFound.
    """
    now = now or SystemClock().now()
    values = {"store": store_id, "now": now}
    if not lock_store_counter(session, store_id=store_id):
        session.execute(_START, values)
        lock_store_counter(session, store_id=store_id)
    usage = meter(session, store_id=store_id, now=now)
    _check_usable(usage)
    used = usage.products
    if used.limit is not None and used.used > used.limit:
        raise PlanLimitReached(plan=usage.plan, limit=used.limit, what="products")
    if used.is_near != (usage.products_warned_at is not None):
        session.execute(_WARN_PRODUCTS, {"store": store_id, "at": now if used.is_near else None})
        if used.is_near:
            _warn(session, store_id=store_id, plan=usage.plan, used=used, now=now)


def _limit(column: int) -> int | None:
    return None if column < 0 else column


def _check_usable(usage: Usage) -> None:
    if not usage.is_usable:
        raise PlanNotUsable(status=usage.status)


def _warn(session: Session, *, store_id: UUID, plan: str, used: Meter, now: datetime) -> None:
    record_event(session, store_id=store_id, name="plan.limit_near", entity_type="store", entity_id=store_id,
                 payload={"plan": plan, "what": used.what, "used": used.used, "limit": used.limit}, occurred_at=now)

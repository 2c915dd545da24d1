"""Plan limits: numbers of orders, limits under many writers, the month, the warning, the meter."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from oltp.db.session import Database
from oltp.kit.ids import new_id
from oltp.orders.creating import number_order
from oltp.orders.models import Order
from oltp.tenancy.errors import PlanLimitReached, PlanNotUsable
from oltp.tenancy.usage import Usage, count_order, count_product, meter, skip_taken_numbers
from tests.conftest import IS_FULL, NOON, cloned_database
from tests.oltp.inventory.stocked import at_once, events
from tests.selling import Shop, open_shop

WORKERS, RUNS = (16, 20) if IS_FULL else (16, 1)


@pytest.fixture(scope="module")
def shared(server_url: str, template: str) -> Iterator[Database]:
    with cloned_database(server_url, template, connections=WORKERS) as database:
        yield database


@pytest.fixture
def make_shop(shared: Database) -> Callable[..., Shop]:
    """Make a shop whose store has other columns."""

    def make(**columns: object) -> Shop:
        shop = open_shop(shared)
        change(shop, **columns)
        return shop

    return make


def change(shop: Shop, **columns: object) -> None:
    """Set columns of the store."""
    if not columns:
        return
    changed = ", ".join(f"{name} = :{name}" for name in columns)
    with shop.database.owner_session() as session:
        session.execute(text(f"UPDATE stores SET {changed} WHERE id = :id"), {"id": shop.store_id, **columns})


def order(shop: Shop, now: datetime = NOON) -> str:
    """Count an order that the same transaction inserts first, as checkout does; return its number."""
    with shop.database.session_for(shop.store_id) as session:
        made = insert_order(shop, session, now=now)
        new = session.get_one(Order, made)
        if not number_order(session, order=new, number=count_order(session, store_id=shop.store_id, now=now)):
            assert number_order(session, order=new, number=skip_taken_numbers(session, store_id=shop.store_id))
    return new.order_number


def insert_order(shop: Shop, session, *, now: datetime, number: str | None = None) -> UUID:
    return session.scalar(text("""
        INSERT INTO orders (store_id, order_number, currency, order_subtotal_amount, order_tax_amount,
                            order_shipping_amount, order_discount_amount, order_total_amount, created_at, placed_at)
        VALUES (:store, :number, 'USD', 0, 0, 0, 0, 0, :now, :now) RETURNING id"""),
        {"store": shop.store_id, "number": number or new_id().hex, "now": now})


def put_order(shop: Shop, number: str, now: datetime = NOON) -> None:
    """Insert an order without counting it, as an importer does."""
    with shop.database.session_for(shop.store_id) as session:
        insert_order(shop, session, now=now, number=number)


def product(shop: Shop) -> None:
    """Add a product and count it."""
    with shop.database.session_for(shop.store_id) as session:
        session.execute(text("""
            INSERT INTO products (store_id, name, slug, sku, currency, price_amount)
            VALUES (:store, 'P', :key, :key, 'USD', 1)"""), {"store": shop.store_id, "key": new_id().hex})
        count_product(session, store_id=shop.store_id, now=NOON)


def usage(shop: Shop, now: datetime = NOON) -> Usage:
    with shop.database.session_for(shop.store_id) as session:
        return meter(session, store_id=shop.store_id, now=now)


def test_order_numbers_are_unique_per_store_and_start_from_what_is_there(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop()
    assert [order(shop), order(shop)] == ["ORD-00001", "ORD-00002"]
    moved = make_shop()
    for number in ("ORD-00041", "ORD-1700000000000-1234", "ORD-20261101-X", "#99", "XORD-77"):
        put_order(moved, number, NOON - timedelta(days=60))
    assert order(moved) == "ORD-00042"
    # A load that came later has taken the next numbers.
    put_order(moved, "ORD-00043")
    put_order(moved, "ORD-99999")
    assert [order(moved), order(moved)] == ["ORD-100000", "ORD-100001"]
    moved.settings(order_number_prefix="A-")
    assert order(moved) == "A-100002"


@pytest.mark.parametrize("run", range(RUNS))
def test_order_numbers_are_unique_and_no_limit_is_exceeded_by_many_workers(
    make_shop: Callable[..., Shop], run: int
) -> None:
    limit, taken, refused = WORKERS * 2, [], []
    shop = make_shop(order_limit=limit)
    for n in range(5):
        put_order(shop, f"OLD-{n}")

    def buyer() -> None:
        for _ in range(3):
            try:
                taken.append(order(shop))
            except PlanLimitReached:
                refused.append(1)

    at_once([buyer] * WORKERS)
    assert sorted(taken) == [f"ORD-{n:05}" for n in range(1, limit - 4)]
    assert len(refused) == 3 * WORKERS - len(taken)
    assert usage(shop).orders.text == f"{limit}/{limit} orders"
    assert len(events(shop, "plan.limit_near")) == 1
    assert shop.execute("SELECT count(*) FROM orders WHERE store_id = :store") == limit


def test_a_month_is_a_calendar_month_of_the_store(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(order_limit=2, subscription_plan="FREE", timezone="America/New_York")
    # In New York it is still October.
    put_order(shop, "OLD", datetime(2026, 11, 1, 3, 59, tzinfo=UTC))
    november = datetime(2026, 11, 1, 4, 0, tzinfo=UTC)
    order(shop, november)
    order(shop, datetime(2026, 12, 1, 4, 59, tzinfo=UTC))
    with pytest.raises(PlanLimitReached) as refusal:
        order(shop, datetime(2026, 12, 1, 4, 59, tzinfo=UTC))
    assert str(refusal.value) == "The plan FREE allows 2 orders a month, and they are used up."
    december = datetime(2026, 12, 1, 5, 0, tzinfo=UTC)
    assert usage(shop, december).orders.used == 0
    assert order(shop, december) == "ORD-00003"
    # A clock that is late counts into the month that has begun.
    order(shop, november)
    with pytest.raises(PlanLimitReached):
        order(shop, november)
    warned = [payload for _, payload in events(shop, "plan.limit_near")]
    assert [(each["what"], each["used"], each["limit"]) for each in warned] == [("orders", 2, 2), ("orders", 2, 2)]


def test_the_warning_comes_once_a_month_at_80_per_cent(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(order_limit=10)
    for n in range(10):
        order(shop)
        assert len(events(shop, "plan.limit_near")) == (n >= 7)


def test_without_a_limit_there_is_no_refusal_and_no_warning(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(order_limit=-1, product_limit=-1)
    order(shop)
    product(shop)
    assert usage(shop).products.text == "1/unlimited products"
    assert events(shop, "plan.limit_near") == []


@pytest.mark.parametrize("run", range(RUNS))
def test_the_product_limit_holds_under_many_workers(make_shop: Callable[..., Shop], run: int) -> None:
    shop, refused = make_shop(product_limit=10, subscription_plan="FREE"), []

    def merchant() -> None:
        try:
            product(shop)
        except PlanLimitReached as refusal:
            refused.append(str(refusal))

    at_once([merchant] * WORKERS)
    assert refused == ["The plan FREE allows 10 products, and they are used up."] * (WORKERS - 10)
    assert usage(shop).products.text == "10/10 products"
    assert len(events(shop, "plan.limit_near")) == 1
    # One deleted makes room for one; far below the warning it is ready to come again.
    shop.execute("UPDATE products SET deleted_at = now() WHERE store_id = :store")
    product(shop)
    assert order(shop) == "ORD-00001"


@pytest.mark.parametrize(("status", "trial_ends", "ends", "is_usable"), [
    ("ACTIVE", None, -400, True), ("TRIAL", None, None, True), ("TRIAL", 1, None, True), ("TRIAL", 0, None, False),
    ("PAST_DUE", None, -6, True), ("PAST_DUE", None, -7, False), ("CANCELED", None, 1, True),
    ("CANCELED", None, 0, False), ("CANCELED", None, None, False), ("PAUSED", None, 30, False)])
def test_a_plan_is_usable_while_it_is_paid_for(
    make_shop: Callable[..., Shop], status: str, trial_ends: int | None, ends: int | None, is_usable: bool
) -> None:
    shop = make_shop(
        subscription_status=status, trial_ends_at=None if trial_ends is None else NOON + timedelta(days=trial_ends),
        subscription_ends_at=None if ends is None else NOON + timedelta(days=ends))
    assert usage(shop).is_usable == is_usable
    for act in (order, product):
        if is_usable:
            act(shop)
        else:
            with pytest.raises(PlanNotUsable, match=status):
                act(shop)

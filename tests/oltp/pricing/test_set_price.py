"""set_price: windows of one key, the list price that follows, the event, and the refusals."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from oltp.db.session import Database
from oltp.jobs.task import Work
from oltp.kit.clock import FixedClock, SystemClock
from oltp.kit.errors import Refusal
from oltp.kit.money import InvalidCurrency
from oltp.pricing import errors
from oltp.pricing.actions import set_price
from oltp.pricing.tasks import refresh_list_prices
from tests.conftest import create_store

_NUMBERS = count(1)
DAY = timedelta(days=1)


class Shop:
    """A store at `done` with one product of 10.00 USD and one variant that inherits it."""

    def __init__(self, database: Database, clock: FixedClock) -> None:
        self.database, self.clock = database, clock
        self.id = create_store(database, slug=f"priced-{next(_NUMBERS)}")
        with database.owner_session() as session:
            for name in ("images", "pricing"):
                session.execute(text("""
                    INSERT INTO capability_state (store_id, capability, step) VALUES (:store, :name, 'done')"""),
                    {"store": self.id, "name": name})
        with database.session_for(self.id) as session:
            self.product = session.execute(text("""
                INSERT INTO products (store_id, name, slug, sku, price_amount, created_at)
                VALUES (:store, 'A', 'a', 'A', 1000, now() - interval '3 days') RETURNING id"""),
                {"store": self.id}).scalar_one()
        with database.session_for(self.id) as session:
            self.variant = session.execute(text("SELECT id FROM product_variants")).scalar_one()

    def put(self, amount: Any, **more: Any) -> UUID:
        if "variant_id" not in more:
            more.setdefault("product_id", self.product)
        with self.database.session_for(self.id) as session:
            return set_price(session, store_id=self.id, currency=more.pop("currency", "USD"), amount=amount,
                             clock=self.clock, **more)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self.database.session_for(self.id) as session:
            return [tuple(row) for row in session.execute(text(statement))]

    def amounts(self) -> list[int]:
        return [row[0] for row in self.rows("SELECT amount FROM product_price ORDER BY effective_at")]

    def listed(self) -> list[tuple[Any, ...]]:
        return self.rows("SELECT price_amount, compare_at_amount FROM products")


@pytest.fixture
def shop(shared: Database, clock: FixedClock) -> Shop:
    return Shop(shared, clock)


def test_a_product_is_born_with_its_window(shop: Shop) -> None:
    assert shop.rows("SELECT amount, product_id, expires_at FROM product_price") == [(1000, shop.product, None)]
    assert shop.rows("SELECT p.created_at = r.effective_at FROM products p, product_price r") == [(True,)]


def test_a_price_from_now_on(shop: Shop) -> None:
    shop.put(900, compare_at_amount=1000)
    assert shop.amounts() == [1000, 900]
    assert shop.listed() == [(900, 1000)]
    ((first_end, second_start),) = shop.rows("""
        SELECT min(expires_at), max(effective_at) FROM product_price""")
    assert first_end == second_start


def test_a_sale_splits_what_it_covers_and_the_price_goes_on_after_it(shop: Shop) -> None:
    start = datetime.now(UTC) + DAY
    shop.put(800, effective_at=start, expires_at=start + DAY)
    assert shop.amounts() == [1000, 800, 1000]
    assert shop.listed() == [(1000, None)]
    shop.put(700, effective_at=start + DAY / 2, expires_at=start + 2 * DAY)
    assert shop.amounts() == [1000, 800, 700, 1000]
    shop.put(600, effective_at=start, expires_at=start + 3 * DAY)
    assert shop.amounts() == [1000, 600, 1000]
    shop.put(950)
    assert shop.amounts() == [1000, 950, 600, 1000]
    gaps = shop.rows("""
        SELECT expires_at = lead(effective_at) OVER (ORDER BY effective_at) FROM product_price""")
    assert [row[0] for row in gaps] == [True, True, True, None]


def test_the_same_window_again_is_the_same_row(shop: Shop) -> None:
    start = datetime.now(UTC) + DAY
    first = shop.put(800, effective_at=start, expires_at=start + DAY)
    assert shop.put(750, effective_at=start, expires_at=start + DAY) == first
    assert shop.amounts() == [1000, 750, 1000]


def test_a_variant_has_a_price_of_its_own(shop: Shop) -> None:
    shop.put(500, variant_id=shop.variant)
    assert shop.rows("SELECT price_amount FROM product_variants") == [(500,)]
    assert shop.listed() == [(1000, None)]


def test_other_keys_leave_the_list_price_alone(shop: Shop) -> None:
    shop.put(300, min_quantity=10)
    shop.put(400, currency="EUR")
    with shop.database.session_for(shop.id) as session:
        segment = session.execute(text("""
            INSERT INTO customer_segment (store_id, name, slug) VALUES (:store, 'VIP', 'vip') RETURNING id"""),
            {"store": shop.id}).scalar_one()
    shop.put(200, segment_id=segment)
    assert shop.listed() == [(1000, None)]
    assert len(shop.amounts()) == 4


def test_the_event_names_the_price(shop: Shop, clock: FixedClock) -> None:
    price = shop.put(500, variant_id=shop.variant)
    ((entity, payload, occurred_at),) = shop.rows("""
        SELECT entity_id, payload, occurred_at FROM domain_event WHERE name = 'price.changed'""")
    assert (entity, occurred_at) == (shop.product, clock.now())
    assert payload["price_id"] == str(price)
    assert (payload["amount"], payload["variant_id"], payload["expires_at"]) == (500, str(shop.variant), None)


NOW = datetime.now(UTC)
REFUSED: tuple[tuple[dict[str, Any], type[Refusal], str], ...] = (
    ({"amount": -1}, errors.PriceAmountInvalid, "amount"),
    ({"amount": 1.5}, errors.PriceAmountInvalid, "amount"),
    ({"amount": True}, errors.PriceAmountInvalid, "amount"),
    ({"amount": 2**53 + 1}, errors.PriceAmountInvalid, "amount"),
    ({"compare_at_amount": -1}, errors.PriceAmountInvalid, "compare_at_amount"),
    ({"compare_at_amount": 99}, errors.CompareAtTooLow, "compare_at_amount"),
    ({"currency": "usd"}, InvalidCurrency, "currency"),
    ({"min_quantity": 0}, errors.PriceQuantityInvalid, "min_quantity"),
    ({"product_id": None}, errors.PriceKeyInvalid, "product_id"),
    ({"product_id": uuid4()}, errors.PricedProductUnknown, "product_id"),
    ({"variant_id": uuid4()}, errors.PricedVariantUnknown, "variant_id"),
    ({"segment_id": uuid4()}, errors.PriceSegmentUnknown, "segment_id"),
    ({"effective_at": NOW.replace(tzinfo=None)}, errors.PriceWindowInvalid, "effective_at"),
    ({"expires_at": NOW - DAY}, errors.PriceWindowInvalid, "expires_at"),
    ({"effective_at": NOW + 2 * DAY, "expires_at": NOW + DAY}, errors.PriceWindowInvalid, "expires_at"),
    ({"effective_at": NOW - DAY}, errors.PriceHistoryFixed, "effective_at"),
)


@pytest.mark.parametrize(("more", "refusal", "field"), REFUSED)
def test_bad_input_is_refused_by_name(shop: Shop, more: dict[str, Any], refusal: type[Refusal], field: str) -> None:
    with pytest.raises(refusal) as caught:
        shop.put(**{"amount": 100, **more})
    assert caught.value.field == field
    assert shop.amounts() == [1000]


def test_a_caller_whose_clock_is_behind_means_now(shop: Shop) -> None:
    shop.put(900, effective_at=datetime.now(UTC) - timedelta(seconds=20))
    assert shop.amounts() == [1000, 900]
    assert shop.listed() == [(900, None)]


def test_another_store_is_not_reached(shop: Shop, shared: Database, clock: FixedClock) -> None:
    other = Shop(shared, clock)
    with pytest.raises(errors.PricedProductUnknown):
        shop.put(100, product_id=other.product)


def test_the_minute_task_brings_windows_to_the_list(shop: Shop) -> None:
    with shop.database.owner_session() as session:
        # A window that nobody has written down yet.
        session.execute(text("SELECT set_config('app.mirrors_prices', 'on', true)"))
        session.execute(text("UPDATE product_price SET amount = 850 WHERE store_id = :store"), {"store": shop.id})
    assert shop.listed() == [(1000, None)]
    refresh_list_prices(Work(database=shop.database, clock=SystemClock(), followers={}))
    assert shop.listed() == [(850, None)]

"""The listing for somebody: his prices are those of the cart, in one statement, however many products there are."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import text

from oltp.db.session import Database
from oltp.kit.money import InvalidCurrency
from oltp.merchandising.queries import ListedProduct, ListingFilter, list_products
from oltp.pricing.queries import PriceWish, find_prices
from tests.conftest import cloned_database
from tests.oltp.pricing.oracle import draw_rules
from tests.oltp.pricing.test_resolving import forget_rows, put_rules
from tests.selling import Shop, open_shop
from tests.statements import statements

PRODUCTS = 60


@pytest.fixture(scope="module")
def shared(server_url: str, template: str) -> Iterator[Database]:
    with cloned_database(server_url, template) as database:
        yield database


def page(shop: Shop, *, limit: int = 100, currency: str | None = None, customer: UUID | None = None,
         **wanted: str) -> list[ListedProduct]:
    with shop.database.session_for(shop.store_id) as session:
        return list_products(session, store_id=shop.store_id, wanted=ListingFilter(**wanted), after=None, limit=limit,
                             currency=currency, customer_id=customer)


@pytest.fixture(scope="module")
def shop(shared: Database) -> Shop:
    """A shop that converts, with random prices of its products and variants."""
    shop, choose = open_shop(shared), random.Random(3)
    shop.settings(converts_currencies=True)
    with shared.worker_session() as session:
        session.execute(text("""
            INSERT INTO currency_rate (source, base, quote, rated_on, rate, recorded_at)
            VALUES ('ecb', 'EUR', 'USD', '2026-01-02', :rate, '2026-01-02'),
                   ('ecb', 'EUR', 'JPY', '2026-01-02', 180, '2026-01-02')"""), {"rate": Decimal("1.1525")})
    segments = [shop.segment(shop.customer("me@example.test")), shop.segment()]
    for number in range(PRODUCTS):
        goods = shop.product(1000 + number, currency=choose.choice(("USD", "USD", "EUR")))
        forget_rows(shop, goods)
        put_rules(shop, goods, draw_rules(choose, segments=segments, around=datetime.now(UTC) - timedelta(minutes=1)))
    return shop


@pytest.mark.parametrize("currency", [None, "USD", "EUR", "JPY", "GBP"])
@pytest.mark.parametrize("is_known", [False, True])
def test_prices_are_those_of_the_cart(shop: Shop, currency: str | None, is_known: bool) -> None:
    customer = shop.execute("SELECT id FROM customers WHERE email = 'me@example.test'") if is_known else None
    listed = page(shop, currency=currency, customer=customer)
    assert len(listed) == PRODUCTS
    if currency is None and not is_known:
        return
    own = {row.id: row.currency for row in page(shop)}
    with shop.database.session_for(shop.store_id) as session:
        variants = {row.product_id: row.id for row in session.execute(
            text("SELECT product_id, id FROM product_variants WHERE is_default"))}
        at: datetime = session.execute(text("SELECT now()")).scalar_one()
        for row in listed:
            (price,) = find_prices(
                session, store_id=shop.store_id, wishes=[PriceWish(variants[row.id], 1)],
                currency=currency or own[row.id], customer_id=customer, at=at)
            assert row.price == price
            assert (row.price_amount, row.currency) == (price and price.amount, currency or own[row.id])


def test_what_has_no_price_is_listed_without_one(shop: Shop) -> None:
    assert {row.price_amount for row in page(shop, currency="GBP")} == {None}
    with pytest.raises(InvalidCurrency):
        page(shop, currency="gbp")


@pytest.mark.parametrize("limit", [1, 50])
def test_a_page_of_prices_takes_one_statement(shop: Shop, limit: int) -> None:
    with statements(shop.database) as sent:
        assert len(page(shop, limit=limit, currency="JPY")) == limit
    assert len([each for each in sent if "set_config" not in each]) == 1


def test_a_collection_has_them_too(shop: Shop) -> None:
    shop.execute("INSERT INTO collection (store_id, name, slug, is_published) VALUES (:store, 'Few', 'few', true)")
    shop.execute("""
        INSERT INTO collection_product (store_id, collection_id, product_id, position)
        SELECT :store, (SELECT id FROM collection WHERE slug = 'few'), id, row_number() OVER (ORDER BY id)
        FROM (SELECT id FROM products WHERE currency = 'USD' LIMIT 3) p""")
    listed = page(shop, currency="JPY", collection="few")
    assert [row.place for row in listed] == [1, 2, 3] and all(row.price_amount for row in listed)

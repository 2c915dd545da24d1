"""Which price wins: the SQL answer against a slow, obvious oracle, and at the exact boundaries of windows."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from oltp.db.session import Database
from oltp.kit.ids import new_id
from oltp.kit.money import InvalidCurrency
from oltp.pricing.errors import PriceMissing
from oltp.pricing.queries import PriceWish, ResolvedPrice, lowest_prices, resolve_prices
from tests.conftest import IS_FULL, cloned_database
from tests.oltp.pricing.oracle import Rule, draw_rules, lowest_of_days, price_of
from tests.selling import Goods, Shop, open_shop
from tests.statements import statements

RULE_SETS = 2000 if IS_FULL else 40
HISTORIES = 500 if IS_FULL else 30
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
# The list price does not follow the rows of this transaction.
_ALONE = text("SELECT set_config('app.mirrors_prices', 'on', true)")


@pytest.fixture(scope="module")
def shared(server_url: str, template: str) -> Iterator[Database]:
    with cloned_database(server_url, template) as database:
        yield database


@pytest.fixture
def shop(shared: Database) -> Shop:
    return open_shop(shared)


def resolve(shop: Shop, *wishes: PriceWish, currency: str = "USD", customer: UUID | None = None,
            at: datetime = NOW) -> list[ResolvedPrice]:
    with shop.database.session_for(shop.store_id) as session:
        return resolve_prices(
            session, store_id=shop.store_id, wishes=wishes, currency=currency, customer_id=customer, at=at)


def one(shop: Shop, goods: Goods, *, quantity: int = 1, **more: Any) -> ResolvedPrice:
    return resolve(shop, PriceWish(goods.variant_id, quantity), **more)[0]


def bare(shop: Shop, price: int = 1000, **more: Any) -> Goods:
    """A product without the price row that it is born with."""
    goods = shop.product(price, **more)
    forget_rows(shop, goods)
    return goods


def forget_rows(shop: Shop, goods: Goods) -> None:
    """Delete the price rows of a product and its variant; the list price stays as it is."""
    with shop.database.session_for(shop.store_id) as session:
        session.execute(_ALONE)
        session.execute(text("DELETE FROM product_price WHERE product_id = :product OR variant_id = :variant"),
                        {"product": goods.product_id, "variant": goods.variant_id})


def put_rules(shop: Shop, goods: Goods, rules: list[Rule]) -> None:
    if not rules:
        return
    with shop.database.session_for(shop.store_id) as session:
        session.execute(_ALONE)
        session.execute(text("""
            INSERT INTO product_price (id, store_id, product_id, variant_id, currency, segment_id, min_quantity, amount,
                                       effective_at, expires_at)
            VALUES (:id, :store, :product, :variant, :currency, :segment, :quantity, :amount, :since, :until)"""),
            [{"id": rule.id, "store": shop.store_id, "product": None if rule.is_own else goods.product_id,
              "variant": goods.variant_id if rule.is_own else None, "currency": rule.currency,
              "segment": rule.segment, "quantity": rule.min_quantity, "amount": rule.amount,
              "since": rule.since, "until": rule.until} for rule in rules])


def test_which_price_wins(shared: Database) -> None:
    """The answer equals the oracle's on random rule sets, however the rows were inserted."""
    choose = random.Random(1)
    shop = open_shop(shared)
    customer = shop.customer()
    segments = [shop.segment(customer), shop.segment(customer), shop.segment()]
    mine = frozenset(segments[:2])
    for _ in range(RULE_SETS):
        rules = draw_rules(choose, segments=segments, around=NOW)
        copies = []
        for _ in range(2):
            choose.shuffle(rules)
            copies.append(bare(shop))
            put_rules(shop, copies[-1], rules)
            # The ids decide last, so each copy has others in the same order; those of one moment are in none.
            fresh = sorted(new_id() for _ in rules)
            rules = [replace(rule, id=key) for rule, key in zip(
                sorted(rules, key=lambda rule: rule.id), fresh, strict=True)]
        for at in [*choose.sample([rule.since for rule in rules], k=min(2, len(rules))), NOW]:
            for buyer, segments_of in ((customer, mine), (None, frozenset[UUID]())):
                wishes = [PriceWish(goods.variant_id, quantity) for goods in copies for quantity in (1, 5, 12)]
                expected = [price_of(rules, quantity=wish.quantity, segments=segments_of, at=at, listed=1000)
                            for wish in wishes]
                found = resolve(shop, *wishes, customer=buyer, at=at)
                assert [(price.amount, price.min_quantity, price.segment_id) for price in found] == expected


def test_a_window_holds_from_its_first_instant_until_before_its_last(shop: Shop) -> None:
    goods = bare(shop)
    since, until = NOW, NOW + timedelta(days=1)
    put_rules(shop, goods, [Rule(new_id(), True, "USD", None, 1, 700, since, until),
                            Rule(new_id(), True, "USD", None, 1, 600, until, None)])
    instants = [since - MICROSECOND, since, until - MICROSECOND, until]
    assert [one(shop, goods, at=at).amount for at in instants] == [1000, 700, 700, 600]


def test_equal_prices_are_told_apart_by_id(shop: Shop) -> None:
    goods = bare(shop)
    customer = shop.customer()
    rows = [shop.price(goods, 500, segment_id=shop.segment(customer)) for _ in range(5)]
    assert one(shop, goods, customer=customer).price_id == min(rows)


def test_a_segment_counts_while_the_customer_is_in_it(shop: Shop) -> None:
    goods, customer = shop.product(1000), shop.customer()
    segment = shop.segment(customer, since=NOW)
    shop.price(goods, 500, segment_id=segment)
    assert one(shop, goods, customer=customer, at=NOW - MICROSECOND).amount == 1000
    assert one(shop, goods, customer=customer, at=NOW).amount == 500
    shop.execute("UPDATE customer_segment_member SET left_at = :at", at=NOW + timedelta(hours=1))
    assert one(shop, goods, customer=customer, at=NOW + timedelta(hours=1)).amount == 1000
    assert one(shop, goods, at=NOW).amount == 1000


def test_without_a_row_the_list_price_of_variant_or_product(shop: Shop) -> None:
    goods = bare(shop)
    price = one(shop, goods)
    assert (price.amount, price.source, price.price_id, price.product_id) == (1000, "list", None, goods.product_id)
    shop.execute("UPDATE product_variants SET price_amount = 900 WHERE id = :variant", variant=goods.variant_id)
    forget_rows(shop, goods)
    assert one(shop, goods).amount == 900


def test_a_price_that_is_missing_names_its_item(shop: Shop) -> None:
    goods = shop.product(1000)
    with pytest.raises(PriceMissing) as caught:
        resolve(shop, PriceWish(goods.variant_id, 1), PriceWish(uuid4(), 1))
    assert caught.value.field == "items.1.variant_id"
    with pytest.raises(PriceMissing):
        one(shop, goods, currency="EUR")
    with pytest.raises(InvalidCurrency):
        one(shop, goods, currency="eur")


def test_other_stores_are_not_seen(shop: Shop, shared: Database) -> None:
    other = open_shop(shared)
    with pytest.raises(PriceMissing):
        one(shop, other.product(1000))


def test_prices_take_one_statement(shop: Shop) -> None:
    goods = [shop.product(1000 + place) for place in range(24)]
    with statements(shop.database) as sent, shop.database.session_for(shop.store_id) as session:
        found = resolve_prices(session, store_id=shop.store_id, currency="USD", customer_id=None, at=NOW,
                               wishes=[PriceWish(each.variant_id, 1) for each in reversed(goods)])
    assert len(sent) == 1
    assert [price.amount for price in found] == [1000 + place for place in reversed(range(24))]


def test_lowest_price_of_the_last_30_days(shared: Database) -> None:
    """Equals brute force over random histories of a product and its variant."""
    choose = random.Random(2)
    shop = open_shop(shared)
    for _ in range(HISTORIES):
        goods = bare(shop)
        rules = [rule for rule in draw_rules(choose, segments=[shop.store_id], around=NOW, currencies=("USD",))
                 if rule.segment is None]
        put_rules(shop, goods, rules)
        days = choose.choice((1, 3, 30))
        with shop.database.session_for(shop.store_id) as session:
            found = lowest_prices(session, store_id=shop.store_id, variant_ids=[goods.variant_id], currency="USD",
                                  at=NOW, days=days)
        assert found.get(goods.variant_id) == lowest_of_days(rules, at=NOW, days=days)


def test_the_lowest_price_leaves_out_the_reduction_itself(shop: Shop) -> None:
    goods = bare(shop)
    for amount, since, until in ((1000, 90, 20), (800, 20, 10), (1200, 10, 2), (700, 2, None)):
        shop.price(goods, amount, effective_at=NOW - timedelta(days=since),
                   expires_at=None if until is None else NOW - timedelta(days=until))
    with shop.database.session_for(shop.store_id) as session:
        found = lowest_prices(
            session, store_id=shop.store_id, variant_ids=[goods.variant_id], currency="USD", at=NOW)
    assert found == {goods.variant_id: 800}

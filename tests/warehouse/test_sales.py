"""Sales by day, worked by hand. The store is in New York, five hours behind UTC in winter; amounts are cents."""

from collections.abc import Iterator

import pytest

from tests.warehouse.shop import Shop
from tests.warehouse.stories import Scene, Stories
from warehouse.checks import run_checks

stories = Stories()

SALES = ("gross_sales_amount", "discounts_amount", "sales_reversals_amount", "net_sales_amount")
REVERSALS = "SELECT SUM(sales_reversals_amount) FROM marts.daily_store_metrics WHERE store_id = $store"
REVERSED = ("sales_reversals_amount", "order_view_reversals_amount", "units_reversed_count")


@stories.tell
def a_day_adds_up(scene: Scene) -> Iterator[None]:
    """Two orders on 10 January: 2 × 10.00 + 5.00 − 3.00 discount + 4.00 shipping + 1.00 tax, and 7.00.

    gross 32.00, discounts 3.00, nothing reversed, net 29.00, shipping 4.00, taxes 1.00, total 34.00; 4 pieces.
    """
    shop = scene.shop
    tea, cup = shop.product("TEA"), shop.product("CUP")
    ada, bob = shop.customer("ada@example.test"), shop.customer("bob@example.test")
    shop.order("2026-01-10 15:00", (tea, 2, 2000), (cup, 1, 500), customer=ada, discount=300, shipping=400, tax=100)
    shop.order("2026-01-11 04:59", (tea, 1, 700), customer=bob)  # 23:59 on the 10th in New York
    shop.order("2026-01-11 05:00", (tea, 1, 900), customer=ada)  # midnight: the 11th
    yield
    assert scene.day("2026-01-10", *SALES) == (3200, 300, 0, 2900)
    assert scene.day("2026-01-10", "shipping_amount", "taxes_amount", "total_sales_amount") == (400, 100, 3400)
    assert scene.day("2026-01-10", "orders_count", "units_sold_count", "new_customers_count") == (2, 4, 2)
    assert scene.day("2026-01-11", "orders_count", "new_customers_count", "returning_customers_count") == (1, 0, 1)


@stories.tell
def trial_and_deleted_orders_count_nowhere(scene: Scene) -> Iterator[None]:
    """Of three orders of 10.00 one counts; the refund of the test order counts as little as the order."""
    shop = scene.shop
    tea = shop.product("TEA")
    trial = shop.order("2026-01-10 15:00", (tea, 1, 1000), is_test=True)
    shop.refund(trial, "2026-01-12 15:00", ("item", 1000, 1))
    gone = shop.order("2026-01-10 15:00", (tea, 1, 1000))
    shop.order("2026-01-10 15:00", (tea, 1, 1000))
    yield
    assert scene.day("2026-01-10", "orders_count", *SALES) == (2, 2000, 0, 0, 2000)
    shop.execute("UPDATE orders SET deleted_at = now() WHERE id = :order", order=gone)
    yield
    assert scene.day("2026-01-10", "orders_count", *SALES) == (1, 1000, 0, 0, 1000)
    assert scene.rows("SELECT COUNT(*) FROM marts.daily_store_metrics WHERE store_id = $store") == [(1,)]


@stories.tell
def orders_of_other_currencies_count_in_the_stores(scene: Scene) -> Iterator[None]:
    """1 EUR was 1.10 USD on the 9th: 10.00 EUR less 1.00, 2.00 shipping, are 11.00 less 1.10 and 2.20 USD.

    9.00 EUR come back in three parts, by sums: 3.33 EUR → 3.66, 6.66 → 7.33, 9.00 → 9.90, whatever the rate is later.
    """
    shop = scene.shop
    shop.execute("INSERT INTO currency_rate (source, base, quote, rated_on, rate) VALUES "
                 "('ecb', 'EUR', 'USD', '2026-01-09', 1.1), ('ecb', 'EUR', 'USD', '2026-01-12', 2)")
    tea, abroad = shop.product("TEA"), Shop(shop.database, shop.store_id, currency="EUR")
    order = abroad.order("2026-01-10 15:00", (tea, 3, 1000), discount=100, shipping=200, order_number="E1")
    yield
    assert scene.day("2026-01-10", "orders_count", "shipping_amount", *SALES) == (1, 220, 1100, 110, 0, 990)
    assert scene.rows("SELECT COUNT(*) FROM marts.daily_store_metrics WHERE store_id = $store") == [(1,)]
    for day, amount in (("2026-01-14", 333), ("2026-01-15", 333), ("2026-01-16", 234)):
        abroad.refund(order, f"{day} 15:00", ("item", amount, 1))
    yield
    parts = [scene.day(day, "sales_reversals_amount") for day in ("2026-01-14", "2026-01-15", "2026-01-16")]
    assert parts == [(366,), (367,), (257,)]
    assert scene.day("2026-01-10", "order_view_net_sales_amount") == (0,)
    assert next(result for result in run_checks(scene.lake) if result.check.name == "one_currency").is_passed


@stories.tell
def a_refund_has_two_days(scene: Scene) -> Iterator[None]:
    """10.00 sold on the 10th, 4.00 and 1.50 of shipping given back on the 20th.

    Accounting view: the 20th loses 4.00 of sales and 1.50 of shipping. Order view: the 10th loses the 4.00.
    """
    shop = scene.shop
    order = shop.order("2026-01-10 15:00", (shop.product("TEA"), 5, 1000), shipping=300, tax=80)
    shop.refund(order, "2026-01-20 15:00", ("item", 400, 2), ("shipping", 150, None), ("tax", 30, None))
    yield
    assert scene.day("2026-01-20", *REVERSED) == (400, 0, 2)
    assert scene.day("2026-01-20", "net_sales_amount", "shipping_amount", "taxes_amount") == (-400, -150, -30)
    assert scene.day("2026-01-20", "total_sales_amount") == (-580,)
    assert scene.day("2026-01-10", *REVERSED) == (0, 400, 0)
    assert scene.day("2026-01-10", "net_sales_amount", "order_view_net_sales_amount") == (1000, 600)


@stories.tell
def only_processed_refunds_count(scene: Scene) -> Iterator[None]:
    shop = scene.shop
    order = shop.order("2026-01-10 15:00", (shop.product("TEA"), 1, 1000))
    refund = shop.refund(order, None, ("amount", 250, None))
    yield
    assert scene.rows(REVERSALS) == [(0,)]
    shop.execute(
        "UPDATE refund SET status = 'processed', processed_at = '2026-01-15 12:00+00' WHERE id = :id", id=refund
    )
    yield
    assert scene.day("2026-01-15", *REVERSED) == (250, 0, 0)


@stories.tell
def pieces_that_were_never_paid_are_reversed_when_they_are_cancelled(scene: Scene) -> Iterator[None]:
    """4 pieces for 10.00 and 0.80 tax, on delivery. On the 12th one is cancelled: 2.50 and 0.20 are not sold after all.

    On the 14th the rest of the order is cancelled: the other 7.50 and 3 pieces, nothing twice.
    """
    shop = scene.shop
    order = shop.order("2026-01-10 15:00", (shop.product("TEA"), 4, 1000), tax=80)
    shop.happened("order.items_cancelled", order, "2026-01-12 15:00", net_amount=250, tax_amount=20, units_count=1)
    yield
    assert scene.day("2026-01-12", *REVERSED, "taxes_amount") == (250, 0, 1, -20)
    assert scene.day("2026-01-10", *REVERSED) == (0, 250, 0)
    shop.happened("order.cancelled", order, "2026-01-14 15:00")
    yield
    assert scene.day("2026-01-14", *REVERSED) == (750, 0, 3)
    assert scene.day("2026-01-10", "order_view_net_sales_amount") == (0,)


@stories.tell
def a_cancellation_reverses_what_is_not_refunded_and_the_other_way_round(scene: Scene) -> Iterator[None]:
    """10.00 − 1.00 discount = 9.00 for 4 pieces.

    12th: 3.00 and 1 piece refunded. 14th: cancelled, so the other 6.00 and 3 pieces. 16th: the money for them goes
    back, 6.00 and 3 pieces, which is no new reversal. Over all 9.00 and 4 pieces, in both views.
    """
    shop = scene.shop
    order = shop.order("2026-01-10 15:00", (shop.product("TEA"), 4, 1000), discount=100)
    shop.refund(order, "2026-01-12 15:00", ("item", 300, 1))
    shop.happened("order.cancelled", order, "2026-01-14 15:00")
    shop.refund(order, "2026-01-16 15:00", ("item", 600, 3))
    yield
    assert scene.day("2026-01-12", *REVERSED) == (300, 0, 1)
    assert scene.day("2026-01-14", *REVERSED) == (600, 0, 3)
    assert scene.day("2026-01-16", *REVERSED) == (0, 0, 0)
    assert scene.day("2026-01-10", *REVERSED) == (0, 900, 0)
    assert scene.day("2026-01-10", "orders_count", "orders_cancelled_count", "gross_sales_amount") == (1, 1, 1000)
    assert all(result.is_passed for result in run_checks(scene.lake) if result.check.name != "events_conserved")


@stories.tell
def a_reactivated_order_counts_again(scene: Scene) -> Iterator[None]:
    """9.00 cancelled on the 12th, 2.00 of it refunded on the 13th, reactivated on the 14th: 7.00 come back.

    A second cancellation on the 15th takes them again.
    """
    shop = scene.shop
    order = shop.order("2026-01-10 15:00", (shop.product("TEA"), 3, 900))
    shop.happened("order.cancelled", order, "2026-01-12 15:00")
    shop.refund(order, "2026-01-13 15:00", ("item", 200, 1))
    shop.happened("order.reactivated", order, "2026-01-14 15:00")
    yield
    assert [scene.day(f"2026-01-{d}", *REVERSED) for d in (12, 13, 14)] == [(900, 0, 3), (0, 0, 0), (-700, 0, -2)]
    assert scene.day("2026-01-10", *REVERSED, "orders_cancelled_count") == (0, 200, 0, 0)
    shop.happened("order.cancelled", order, "2026-01-15 15:00")
    shop.happened("order.cancelled", order, "2026-01-17 15:00")  # said twice: reversed once
    yield
    assert [scene.day(f"2026-01-{d}", *REVERSED) for d in (15, 17)] == [(700, 0, 2), (0, 0, 0)]
    assert scene.day("2026-01-10", *REVERSED, "orders_cancelled_count") == (0, 900, 0, 1)


@stories.tell
def an_opening_order_only_carries_its_refunds(scene: Scene) -> Iterator[None]:
    """It is no order, sale, shipping or person of its day; its refund counts on the refund's day in both views."""
    shop = scene.shop
    ada = shop.customer("ada@example.test")
    opening = shop.order(
        "2026-01-10 15:00", (shop.product("TEA"), 2, 800), customer=ada, shipping=100, origin="opening"
    )
    shop.refund(opening, "2026-01-10 15:00", ("item", 800, 2), ("shipping", 100, None))
    yield
    assert scene.day("2026-01-10", "orders_count", "gross_sales_amount", "units_sold_count") == (0, 0, 0)
    assert scene.day("2026-01-10", *REVERSED, "shipping_amount") == (800, 800, 2, -100)
    assert scene.day("2026-01-10", "new_customers_count") == (0,)
    assert scene.rows("SELECT COUNT(*) FROM marts.order_attribution WHERE store_id = $store") == [(0,)]
    assert scene.rows("SELECT COUNT(*) FROM marts.cohort_metrics WHERE store_id = $store") == [(0,)]


@stories.tell
def guests_are_known_by_contact_and_the_rest_by_nobody(scene: Scene) -> Iterator[None]:
    """The same e-mail in other letters is the same guest; an order without contact is nobody's first or second."""
    shop = scene.shop
    tea = shop.product("TEA")
    for moment, email in (("2026-01-10 15:00", "Guest@Example.test"), ("2026-01-11 15:00", " guest@example.test")):
        shop.order(moment, (tea, 1, 500), shipping_address=f'{{"email": "{email}"}}')
    shop.order("2026-01-11 16:00", (tea, 1, 500))
    yield
    columns = ("orders_count", "new_customers_count", "returning_customers_count")
    assert scene.day("2026-01-10", *columns) == (1, 1, 0)
    assert scene.day("2026-01-11", *columns) == (2, 0, 1)


@stories.tell
def a_discount_on_lines_is_not_taken_twice(scene: Scene) -> Iterator[None]:
    """The order's discount is the whole; lines show their part of it. Lines alone count where the order says none."""
    shop = scene.shop
    tea = shop.product("TEA")
    both, alone = (shop.order("2026-01-10 15:00", (tea, 1, 1000), discount=given) for given in (250, 0))
    shop.execute("UPDATE order_items SET line_discount_amount = 200 WHERE order_id = :order", order=both)
    shop.execute("UPDATE order_items SET line_discount_amount = 70 WHERE order_id = :order", order=alone)
    yield
    assert scene.day("2026-01-10", *SALES) == (2000, 320, 0, 1680)


@pytest.mark.parametrize("name", stories.told)
def test_story(told: Stories, name: str) -> None:
    told.ending(name)

"""Orders and their lines: money that adds up to the cent, and a status that fits the order's age."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from stormcom.demo.baskets import Baskets
from stormcom.demo.chance import Ints, generator, pick, round_half_even, split_by_group
from stormcom.demo.keys import time_keys
from stormcom.demo.people import People, addresses
from stormcom.demo.plan import Plan
from stormcom.demo.products import Catalogue
from stormcom.demo.rhythm import DAY, HOUR, History, as_instants
from stormcom.demo.shops import Shop

# (code, basis points off, fixed minor units off, free shipping, weight)
CODES = (("WELCOME10", 1000, 0, False, 5), ("NEWS15", 1500, 0, False, 4), ("SAVE20", 0, 2000, False, 2),
         ("FREESHIP", 0, 0, True, 3), ("SUMMER25", 2500, 0, False, 1))
WELCOME = 0
CODE_SHARE = 0.23
FIXED_FROM = 10_000
CANCELLED, FAILED, TEST = 0.045, 0.012, 0.001
METHODS = (("CREDIT_CARD", "STRIPE", 68), ("DEBIT_CARD", "STRIPE", 17), ("MOBILE_BANKING", "STRIPE", 7),
           ("BANK_TRANSFER", "MANUAL", 8))
REASONS = ("customer changed mind", "found a better price", "ordered twice", "out of stock", "payment not received")
# Up to so many days old: the status and its share, the rest is the next one.
STAGES = ((1, "PENDING", "PAID", 0.3), (2, "PROCESSING", "PAID", 0.7), (4, "SHIPPED", "PROCESSING", 0.7),
          (8, "DELIVERED", "SHIPPED", 0.6), (10_000, "DELIVERED", "SHIPPED", 0.995))


@dataclass(frozen=True)
class Sales:
    """``orders`` sorted by placed_at and ``items`` by order, in table form; ``row_of`` maps a plan index to its row."""

    orders: pl.DataFrame
    items: pl.DataFrame
    row_of: Ints


def make_sales(
    shop: Shop, store_id: str, history: History, catalogue: Catalogue, plan: Plan, baskets: Baskets, people: People,
    placed: Ints, *, seed: int,
) -> Sales:
    rng = generator(seed, shop.slug, "orders")
    sorting = np.argsort(placed, kind="stable")
    row_of = np.empty(len(sorting), dtype=np.int64)
    row_of[sorting] = np.arange(len(sorting))
    lines = _lines(catalogue, baskets, row_of)
    person = np.where(plan.customer >= 0, plan.customer, plan.customers + plan.guest)[sorting]
    head = pl.DataFrame({"placed": placed[sorting], "person": person, "is_first": plan.is_first[sorting],
                         "customer": plan.customer[sorting]})
    lines, head = _price(rng, shop, lines, head, people.persons["state"].gather(pl.Series(person)))
    head = _state(rng, history, head)
    orders = _order_rows(rng, shop, store_id, head, people)
    return Sales(orders, _item_rows(rng, store_id, shop, catalogue, lines, orders), row_of)


def _lines(catalogue: Catalogue, baskets: Baskets, row_of: Ints) -> pl.DataFrame:
    price = catalogue.variants["selling_amount"].to_numpy()[baskets.variant]
    return pl.DataFrame({
        "order": row_of[baskets.order], "ordinal": baskets.ordinal + 1, "product": baskets.product,
        "variant": baskets.variant, "quantity": baskets.quantity, "unit_price_amount": price,
        "line_subtotal_amount": price * baskets.quantity,
    }).sort("order", "ordinal")


def _price(
    rng: np.random.Generator, shop: Shop, lines: pl.DataFrame, head: pl.DataFrame, states: pl.Series
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Discount on the order, split over its lines; tax per line on what is left; shipping by the threshold."""
    group, gross = lines["order"].to_numpy(), lines["line_subtotal_amount"].to_numpy()
    subtotal = _sums(group, gross, head.height)
    code = np.where(rng.random(head.height) < CODE_SHARE, pick(rng, [each[4] for each in CODES], head.height), -1)
    # The welcome code works once; half of those who come with another on their first order take it instead.
    first = head["is_first"].to_numpy()
    code = np.where(first & (code > 0) & (rng.random(head.height) < 0.5), WELCOME, code)
    code = np.where(~first & (code == WELCOME), WELCOME + 1, code)
    rate, fixed = np.array([each[1] for each in CODES] + [0]), np.array([each[2] for each in CODES] + [0])
    code = np.where((fixed[code] > 0) & (subtotal < FIXED_FROM), -1, code)
    discount = round_half_even(subtotal * rate[code], 10_000) + fixed[code]
    off = split_by_group(discount, gross, group)
    rates = states.replace_strict(shop.tax, default=0, return_dtype=pl.Int64).to_numpy()
    tax = round_half_even((gross - off) * rates[group], 10_000)
    free = np.array([each[3] for each in CODES] + [False])[code] | (subtotal - discount >= shop.free_shipping_from)
    shipping = np.where(free, 0, shop.shipping_amount)
    order_tax = _sums(group, tax, head.height)
    codes = pl.Series([each[0] for each in CODES] + [None])
    return lines.with_columns(
        line_discount_amount=pl.Series(off), line_tax_amount=pl.Series(tax),
        line_total_amount=pl.Series(gross - off + tax),
    ), head.with_columns(
        order_subtotal_amount=pl.Series(subtotal), order_discount_amount=pl.Series(discount),
        order_shipping_amount=pl.Series(shipping), order_tax_amount=pl.Series(order_tax),
        order_total_amount=pl.Series(subtotal - discount + shipping + order_tax),
        discount_code=codes.gather(pl.Series(np.where(code < 0, len(CODES), code))),
    )


def _sums(group: Ints, values: Ints, count: int) -> Ints:
    sums = np.zeros(count, dtype=np.int64)
    np.add.at(sums, group, values)
    return sums


def _state(rng: np.random.Generator, history: History, head: pl.DataFrame) -> pl.DataFrame:
    """Statuses by age; an order is cancelled within two days, if that moment is over already."""
    placed, count = head["placed"].to_numpy(), head.height
    age, luck = (history.end - placed) // DAY, rng.random(count)
    status = np.full(count, "DELIVERED", dtype=object)
    for limit, usual, other, share in reversed(STAGES):
        status = np.where(age < limit, np.where(luck < share, usual, other), status)
    fate, canceled = rng.random(count), placed + rng.integers(HOUR // 2, 40 * HOUR, size=count)
    lost = (fate < CANCELLED) & (canceled < history.end)
    failed = (fate > 1 - FAILED) & ~lost
    status = np.where(lost, "CANCELED", np.where(failed, "PAYMENT_FAILED", status))
    unpaid = lost | (status == "PENDING")
    payment = np.where(failed, "FAILED", np.where(unpaid, "PENDING", "PAID"))
    fulfilled = np.minimum(placed + rng.integers(2 * DAY, 5 * DAY, size=count), history.end - 1000)
    reasons = pl.Series(REASONS).gather(pl.Series(rng.integers(0, len(REASONS), count)))
    return head.with_columns(
        status=pl.Series(status.tolist()), payment_status=pl.Series(payment.tolist()),
        canceled=pl.Series(np.where(lost, canceled, -1)),
        fulfilled=pl.Series(np.where(status == "DELIVERED", fulfilled, -1)),
        is_test=pl.Series(rng.random(count) < TEST),
    ).with_columns(cancel_reason=pl.when(pl.col("status") == "CANCELED").then(reasons))


def _order_rows(
    rng: np.random.Generator, shop: Shop, store_id: str, head: pl.DataFrame, people: People
) -> pl.DataFrame:
    placed, person = head["placed"].to_numpy(), pl.Series(head["person"])
    customer = head["customer"].to_numpy()
    ids = people.customers["id"].gather(pl.Series(np.maximum(customer, 0)))
    method = pick(rng, [each[2] for each in METHODS], head.height)
    address = addresses(people.persons).gather(person)
    changed = np.maximum(np.maximum(placed, head["canceled"].to_numpy()), head["fulfilled"].to_numpy())
    return head.drop("placed", "person", "customer", "is_first", "canceled", "fulfilled").with_columns(
        id=time_keys(rng, placed), store_id=pl.lit(store_id),
        customer_id=pl.when(pl.Series(customer >= 0)).then(ids),
        order_number=pl.format("{}-{}", pl.lit(shop.words.sku_prefix), pl.int_range(10_001, 10_001 + head.height)),
        origin=pl.lit("storefront"), currency=pl.lit(shop.currency),
        placed_at=as_instants(placed), created_at=as_instants(placed), updated_at=as_instants(changed),
        canceled_at=as_instants(head["canceled"].to_numpy()), fulfilled_at=as_instants(head["fulfilled"].to_numpy()),
        payment_method=pl.Series([each[0] for each in METHODS]).gather(pl.Series(method)),
        payment_gateway=pl.Series([each[1] for each in METHODS]).gather(pl.Series(method)),
        shipping_method=pl.when(pl.col("order_shipping_amount") > 0).then(pl.lit("Standard")).otherwise(pl.lit("Free")),
        shipping_address=address, billing_address=address,
    )


def _item_rows(
    rng: np.random.Generator, store_id: str, shop: Shop, catalogue: Catalogue, lines: pl.DataFrame, orders: pl.DataFrame
) -> pl.DataFrame:
    order, product, variant = (pl.Series(lines[name]) for name in ("order", "product", "variant"))
    placed = orders["placed_at"].gather(order)
    instants = placed.dt.timestamp("ms").to_numpy()
    names = catalogue.variants["name"].gather(variant)
    return lines.drop("order", "product", "variant").with_columns(
        id=time_keys(rng, instants), store_id=pl.lit(store_id), order_id=orders["id"].gather(order),
        product_id=catalogue.products["id"].gather(product), variant_id=catalogue.variants["id"].gather(variant),
        product_name=catalogue.products["name"].gather(product), sku=catalogue.variants["sku"].gather(variant),
        image=catalogue.products["thumbnail_url"].gather(product), currency=pl.lit(shop.currency),
        variant_name=pl.when(pl.Series(names != "Default")).then(names), created_at=placed, updated_at=placed,
    )

"""Random carts, as what a total is made from: lines, bundles, promotions, shipping, both tax modes, any currency."""

from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from oltp.checkout.inputs import ConversionUsed, PriceUsed, QuoteBundle, QuoteInputs, QuoteLine, TaxUsed
from oltp.merchandising.rules import BundleParts
from oltp.promotions.conditions import All, MinSubtotal
from oltp.promotions.effects import BuyGet, Fixed, FreeShipping, Percent
from oltp.promotions.rules import ActiveRule
from oltp.shipping.rules import ShippingOption

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
RATES = ("0", "0.05", "0.07", "0.19", "0.2", "0.081", "0.0725", "0.333333", "1")
CURRENCIES = ("USD", "JPY", "KWD")


def key(chance: Random) -> UUID:
    """A random id."""
    return UUID(int=chance.getrandbits(128), version=4)


def line(chance: Random, place: int, *, quantity: int | None = None, bundle_id: UUID | None = None) -> QuoteLine:
    """A random line."""
    price = PriceUsed("price", key(chance), 1, None, None, None)
    if chance.random() < 0.2:
        price = PriceUsed("converted", key(chance), 5, key(chance), 999, ConversionUsed(
            "ecb", "EUR", "USD", "2026-11-20", Decimal("1.0831"), None, 1234, "EUR"))
    return QuoteLine(
        line_id=str(place), product_id=key(chance), variant_id=key(chance), bundle_id=bundle_id, product_name="Cup",
        variant_name=None, sku=f"S{place}", image=None, quantity=quantity or chance.choice((1, 1, 2, 3, 7, 300)),
        unit_amount=chance.choice((0, 1, 3, 333, 1999, chance.randrange(10**7))), price=price,
        tax=TaxUsed(key(chance), "Tax", Decimal(chance.choice(RATES))), profile_id=None, weight_grams=100,
        collection_ids=frozenset({key(chance)}))


def bundle(chance: Random, place: int) -> tuple[QuoteBundle, list[QuoteLine]]:
    """A random bundle whose parts' lines begin at this place."""
    bundle_id, times = key(chance), chance.choice((1, 2, 5))
    counts = [chance.choice((1, 2)) for _ in range(chance.choice((1, 2, 3)))]
    lines = [line(chance, place + n, quantity=count * times, bundle_id=bundle_id) for n, count in enumerate(counts)]
    kind: dict[str, Any] = chance.choice((
        {"pricing": "sum", "amount": None, "currency": None, "percent": None},
        {"pricing": "fixed", "amount": chance.randrange(3000), "currency": "USD", "percent": None},
        {"pricing": "percent", "amount": None, "currency": None, "percent": Decimal("12.5")}))
    parts = BundleParts(bundle_id, "Set", items=tuple(zip((each.variant_id for each in lines), counts, strict=True)),
                        **kind)
    return QuoteBundle(parts, times, tuple(each.line_id for each in lines)), lines


def rules(chance: Random) -> tuple[ActiveRule, ...]:
    """Up to three random promotions."""
    found = []
    for priority in range(chance.randrange(4)):
        action = chance.choice((
            Percent(type="percent", percent=Decimal(chance.choice(("10", "33.333", "100")))),
            Fixed(type="fixed", amount=chance.choice((1, 500, 10**6)), per=chance.choice(("order", "line"))),
            FreeShipping(type="free_shipping", cap_amount=chance.choice((None, 100))),
            BuyGet(type="buy_x_get_y", buy_quantity=2, get_quantity=1)))
        condition = chance.choice((All(type="all"), MinSubtotal(type="min_subtotal", amount=1000)))
        found.append(ActiveRule(key(chance), "Sale", priority, condition, (action,),
                                is_stackable=chance.random() < 0.8, snapshot={"priority": priority}))
    return tuple(found)


def cart(chance: Random) -> QuoteInputs:
    """A random cart with all that decides on its total."""
    lines = [line(chance, place) for place in range(1, 1 + chance.choice((1, 1, 2, 5, 12)))]
    bundles = []
    for _ in range(chance.choice((0, 0, 1, 2))):
        made, parts = bundle(chance, len(lines) + 1)
        bundles.append(made)
        lines += parts
    shipping = ShippingOption("Standard", chance.choice((0, 1, 599, 1299)), "USD", 2, 5, (key(chance),))
    return QuoteInputs(
        currency=chance.choice(CURRENCIES), at=AT, includes_tax=chance.random() < 0.5,
        mode="best_deal" if chance.random() < 0.3 else "stack", country="US", region=None,
        segment_ids=frozenset({key(chance)}), is_first_order=True, is_identified=True, codes=("X",),
        lines=tuple(lines), bundles=tuple(bundles), rules=rules(chance), shipping=shipping,
        shipping_rate=Decimal(chance.choice(RATES)))

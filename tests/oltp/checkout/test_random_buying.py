"""Random buying with all that can go wrong: after any steps nothing that must hold is broken, and the book agrees."""

from random import Random

from oltp.checkout.wishes import PaymentChoice
from oltp.kit.errors import Refusal
from oltp.orders.models import Order
from oltp.orders.states import STATUSES
from tests.conftest import IS_FULL
from tests.oltp.checkout.buying import CARD, COD, Buyer, bundle, wish
from tests.selling import Goods, Shop

STEPS = 3_000 if IS_FULL else 60
TOKENS = ("fake_ok", "fake_ok", "fake_declined", "fake_timeout_before", "fake_timeout_after", "fake_down")


def pay(chance: Random) -> PaymentChoice:
    """A random way to pay."""
    return COD if chance.random() < 0.3 else PaymentChoice("CREDIT_CARD", None, chance.choice(TOKENS))


def step(chance: Random, buyer: Buyer, goods: list[Goods], orders: list[Order], tea: object) -> None:
    """One random thing that a buyer or a merchant does."""
    roll = chance.random()
    if roll < 0.4 or not orders:
        bought = [(chance.choice(goods), chance.randint(1, 3)) for _ in range(chance.randint(1, 4))]
        bundles = [(tea, 1)] if chance.random() < 0.3 else []
        orders.append(buyer.place(wish(*bought, bundles=bundles), pay(chance)))
        return
    order = chance.choice(orders)
    if roll < 0.55:
        buyer.pay(order, chance.choice((CARD, COD)))
    elif roll < 0.7:
        buyer.cancel(order)
    elif roll < 0.85:
        line = chance.choice(buyer.lines(order))
        buyer.cancel_items(order, {line.id: chance.randint(1, line.quantity)})
    else:
        buyer.move(order, chance.choice(STATUSES))


def test_random_buying_keeps_every_invariant(shop: Shop, buyer: Buyer) -> None:
    chance = Random(4711)
    shop.gateway("STRIPE")
    shop.tax("GB", "0.19")
    shop.shipping(499)
    shop.execute("""
        INSERT INTO promotion_rule (store_id, name, status, conditions, actions, currency)
        VALUES (:store, 'Sale', 'active', '{"type": "all"}', '[{"type": "percent", "percent": "7.5"}]', 'USD')""")
    goods = [shop.product(price, stock=STEPS // 2) for price in (1, 333, 1999, 12345)]
    tea, orders, refused = bundle(shop, (goods[0], 2), (goods[2], 1), percent="12.5"), [], 0
    for number in range(STEPS):
        try:
            step(chance, buyer, goods, orders, tea)
        except Refusal:
            refused += 1
        if number % 50 == 0:
            assert buyer.offenders() == [], number
    assert buyer.offenders() == [] and len(orders) > STEPS // 5 and refused < STEPS * 0.7
    kept, charged = buyer.kept(), buyer.fake.charged()
    assert {order: amount for order, amount in kept.items() if amount} == {
        order: amount for order, amount in charged.items() if amount and order in kept}
    for goods_ in goods:
        assert shop.on_hand(goods_) >= 0 and shop.reserved(goods_) >= 0

"""Buying in a test's shop: wishes, quotes, orders; and what is looked at afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

from sqlalchemy import text

from oltp.carts.models import Quote
from oltp.checkout.cancelling import cancel_items, cancel_order
from oltp.checkout.moving import move_order
from oltp.checkout.paying import pay_order
from oltp.checkout.placing import place_order
from oltp.checkout.quoting import make_quote
from oltp.checkout.wishes import CheckoutWish, PaymentChoice, WishItem
from oltp.db.transactions import Transactions
from oltp.invariants import check_invariants
from oltp.kit.clock import Clock, SystemClock
from oltp.kit.ids import new_id
from oltp.orders.models import Order, OrderItem
from oltp.orders.queries import list_items
from oltp.payments.gateway import Gateways
from oltp.payments.gateways.fake import FakeGateway
from tests.selling import Goods, Shop

COD = PaymentChoice("CASH_ON_DELIVERY")
CARD = PaymentChoice("CREDIT_CARD", None, "fake_ok")
ADDRESS = {"first_name": "Ada", "last_name": "Byron", "email": "ada@example.test", "address": "1 Square",
           "city": "London", "postal_code": "SW1", "country": "GB"}


def wish(*bought: tuple[Goods, int], currency: str = "USD", bundles: Sequence[tuple[UUID, int]] = (),
         **more: Any) -> CheckoutWish:
    """A wish for goods and bundles, sent to ADDRESS unless told otherwise."""
    items = [WishItem(goods.variant_id, None, quantity) for goods, quantity in bought]
    items += [WishItem(None, bundle, quantity) for bundle, quantity in bundles]
    return CheckoutWish(currency=currency, items=tuple(items), **{"shipping_address": ADDRESS, **more})


@dataclass
class Buyer:
    """Buys in a shop; the fake gateway keeps the book of what he was charged."""

    shop: Shop
    fake: FakeGateway = field(default_factory=FakeGateway)
    clock: Clock = field(default_factory=SystemClock)

    @property
    def gateways(self) -> Gateways:
        """The gateways, all of them fake."""
        return Gateways.fake(self.fake)

    def transactions(self) -> Transactions:
        """What opens transactions in the shop."""
        return Transactions(self.shop.database, self.shop.store_id)

    def quote(self, wanted: CheckoutWish, **more: Any) -> Quote:
        """Ask what it costs."""
        with self.shop.database.session_for(self.shop.store_id) as session:
            return make_quote(session, store_id=self.shop.store_id, wish=wanted, at=self.clock.now(), **more)

    def place(self, wanted: CheckoutWish | Quote, payment: PaymentChoice = COD, **more: Any) -> Order:
        """Order it."""
        given: dict[str, Any] = {"quote_id": wanted.id} if isinstance(wanted, Quote) else {"wish": wanted}
        return place_order(self.transactions(), gateways=self.gateways, payment=payment, clock=self.clock,
                           **{"operation_id": new_id(), **given, **more})

    def pay(self, order: Order, payment: PaymentChoice = CARD) -> Order:
        """Pay again."""
        return pay_order(self.transactions(), gateways=self.gateways, order_id=order.id, payment=payment,
                         clock=self.clock)

    def cancel(self, order: Order, reason: str | None = None) -> Order:
        """Cancel the order."""
        return cancel_order(self.transactions(), gateways=self.gateways, order_id=order.id, reason=reason,
                            clock=self.clock)

    def cancel_items(self, order: Order, quantities: dict[UUID, int], operation_id: UUID | None = None) -> Order:
        """Cancel units of it."""
        return cancel_items(self.transactions(), gateways=self.gateways, order_id=order.id, quantities=quantities,
                            operation_id=operation_id or new_id(), clock=self.clock)

    def move(self, order: Order, to: str) -> Order:
        """Move it by hand."""
        return move_order(self.transactions(), gateways=self.gateways, order_id=order.id, to=to, clock=self.clock)

    def lines(self, order: Order) -> Sequence[OrderItem]:
        """The order's lines."""
        with self.shop.database.session_for(self.shop.store_id) as session:
            return list_items(session, store_id=self.shop.store_id, order_id=order.id)

    def events(self, order: Order) -> list[str]:
        """The names of what was told of the order, oldest first."""
        return self.shop.execute("""
            SELECT coalesce(array_agg(name ORDER BY id), '{}') FROM domain_event
            WHERE store_id = :store AND entity_id = :order""", order=order.id)

    def charged(self, order: Order) -> int:
        """What the gateway's book says was charged for the order, less what was given back."""
        return self.fake.charged([order.id])[order.id]

    def kept(self) -> dict[UUID, int]:
        """What the attempts say is kept of each order's money or promised, orders without any and open ones left out.

        What was only authorized (the order is held) counts as the gateway's book counts it.
        """
        found: dict[str, int] = self.shop.execute("""
            SELECT coalesce(jsonb_object_agg(order_id, kept), '{}') FROM (
              SELECT order_id, sum(CASE WHEN captured_amount > 0 THEN captured_amount - refunded_amount
                                        WHEN status = 'authorized' THEN authorized_amount ELSE 0 END) AS kept
              FROM payment_attempt WHERE store_id = :store AND gateway = 'STRIPE' GROUP BY order_id
              HAVING count(*) FILTER (WHERE status IN ('created', 'unknown')) = 0) k""")
        return {UUID(order): amount for order, amount in found.items()}

    def offenders(self) -> list[tuple[str, Any]]:
        """Whatever breaks an invariant in the shop."""
        with self.shop.database.worker_session() as session:
            found = check_invariants(session, store_id=self.shop.store_id)
        return [(f"{each.room}.{each.name}", each.offenders) for each in found if not each.holds]


def bundle(shop: Shop, *parts: tuple[Goods, int], percent: str | None = None, amount: int | None = None) -> UUID:
    """A bundle of these goods, with so much off or for this price."""
    number = next(shop.numbers)
    pricing = "percent" if percent else "fixed" if amount is not None else "sum"
    bundle_id = shop.execute("""
        INSERT INTO product_bundle (store_id, name, slug, pricing, discount_percent, amount, currency)
        VALUES (:store, 'Set', :slug, :pricing, CAST(:percent AS numeric), :amount, :currency) RETURNING id""",
        slug=f"set-{number}", pricing=pricing, percent=percent, amount=amount,
        currency=shop.currency if amount is not None else None)
    for goods, quantity in parts:
        shop.execute("""
            INSERT INTO bundle_item (store_id, bundle_id, variant_id, quantity)
            VALUES (:store, :bundle, :variant, :quantity)""", bundle=bundle_id, variant=goods.variant_id,
            quantity=quantity)
    return bundle_id


def together(count: int, work: Any) -> list[Any]:
    """Let so many threads do work(index) at once; return what each returned or raised."""
    barrier, results = Barrier(count), [None] * count

    def run(index: int) -> None:
        barrier.wait()
        try:
            results[index] = work(index)
        except Exception as error:
            results[index] = error

    threads = [Thread(target=run, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def count_rows(shop: Shop, table: str) -> int:
    """How many rows of a table the shop has."""
    with shop.database.session_for(shop.store_id) as session:
        return session.scalar(text(f"SELECT count(*) FROM {table} WHERE store_id = :store"),
                              {"store": shop.store_id}) or 0

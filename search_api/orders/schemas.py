"""Schemas of orders: answers."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from oltp.checkout.reading import Invoice, OrderView
from oltp.orders.models import Order, OrderItem
from oltp.orders.rules import read_address
from search_api.money import Money, money

OrderStatus = Literal[
    "PENDING", "PAYMENT_FAILED", "PAID", "PROCESSING", "SHIPPED", "DELIVERED", "CANCELED", "REFUNDED"]
PaymentStatus = Literal["PENDING", "AUTHORIZED", "PAID", "FAILED", "REFUNDED", "DISPUTED"]


class ListedOrder(BaseModel):
    """An order of the listing."""

    id: UUID
    order_number: str
    status: OrderStatus
    payment_status: PaymentStatus
    payment_method: str | None
    customer_id: UUID | None
    subtotal: Money
    discount: Money
    shipping: Money = Field(description="Net, after its own discount.")
    tax: Money
    total: Money = Field(description="subtotal − discount + shipping + tax.")
    is_held: bool
    placed_at: datetime
    created_at: datetime
    updated_at: datetime


class OrderLine(BaseModel):
    """A line, frozen as it was sold: total = subtotal − discount + tax."""

    id: UUID
    product_id: UUID | None
    variant_id: UUID | None
    bundle_id: UUID | None
    product_name: str
    variant_name: str | None
    sku: str
    image: str | None
    quantity: int
    cancelled_quantity: int
    fulfilled_quantity: int
    returned_quantity: int
    refunded_quantity: int
    unit_price: Money
    subtotal: Money
    discount: Money
    tax: Money
    tax_rate: Decimal | None = Field(description="A share: 0.19 is 19 %.")
    total: Money


class OrderDiscount(BaseModel):
    """A discount as it was given: `amount` lowers the net total, `gross` is what the customer saw."""

    id: UUID
    order_item_id: UUID | None
    target: Literal["line", "order", "shipping"]
    name: str
    code: str | None
    amount: Money
    gross: Money


class OrderAmounts(BaseModel):
    """How the money stands."""

    due: Money = Field(description="What the order costs now: its total less what was cancelled before it was paid.")
    paid: Money = Field(description="What was captured.")
    returned: Money = Field(description="What was refunded or charged back.")
    owed: Money = Field(description="What is still to be collected.")


class InvoicedOrder(ListedOrder):
    """An order with all of it that its customer may see."""

    quote_id: UUID | None
    discount_code: str | None
    shipping_method: str | None
    shipping_discount: Money
    prices_include_tax: bool
    shipping_address: dict[str, Any] | None
    billing_address: dict[str, Any] | None
    tracking_number: str | None
    tracking_url: str | None
    customer_note: str | None
    cancel_reason: str | None
    canceled_at: datetime | None
    fulfilled_at: datetime | None
    correlation_id: UUID | None
    items: list[OrderLine]
    discounts: list[OrderDiscount]
    amounts: OrderAmounts


class OrderAnswer(InvoicedOrder):
    """An order with all that belongs to it. Payments are listed under /v1/orders/{order_id}/payment-attempts."""

    admin_note: str | None
    hold_reason: str | None


_SAME = {name for name in OrderAnswer.model_fields if hasattr(Order, name)} - {
    "shipping_address", "billing_address"}
_LINE_SAME = {name for name in OrderLine.model_fields if hasattr(OrderItem, name)}


def _listed(order: Order) -> dict[str, Any]:
    def amount(name: str) -> Money:
        return money(getattr(order, f"order_{name}_amount"), order.currency)

    amounts = {name: amount(name) for name in ("subtotal", "discount", "shipping", "tax", "total")}
    return {**{name: getattr(order, name) for name in _SAME}, **amounts, "is_held": order.held_at is not None}


def listed_order(order: Order) -> ListedOrder:
    """Return an order as the listing answers it. Amounts of imported orders may be negative, so nothing is checked."""
    fields = _listed(order)
    return ListedOrder.model_construct(**{name: fields[name] for name in ListedOrder.model_fields})


def order_answer(view: OrderView) -> OrderAnswer:
    """Return an order with all that belongs to it."""
    return OrderAnswer.model_construct(**_whole(view))


def _whole(view: OrderView) -> dict[str, Any]:
    order, currency = view.order, view.order.currency
    captured, returned = view.money.captured, view.money.returned
    return dict(
        **_listed(order), shipping_address=read_address(order.shipping_address),
        billing_address=read_address(order.billing_address),
        shipping_discount=money(order.shipping_discount_amount, currency),
        items=[order_line(item) for item in view.items],
        discounts=[OrderDiscount.model_construct(
            id=row.id, order_item_id=row.order_item_id, target=row.target, name=row.name, code=row.code,
            amount=money(row.amount, currency), gross=money(row.gross_amount or row.amount, currency))
            for row in view.discounts],
        amounts=OrderAmounts(
            due=money(view.due.amount, currency), paid=money(captured, currency), returned=money(returned, currency),
            owed=money(view.owed, currency)))


def order_line(item: OrderItem) -> OrderLine:
    """Return a line as it is answered."""
    fields: dict[str, Any] = {name: getattr(item, name) for name in _LINE_SAME}
    for name in ("subtotal", "discount", "tax", "total"):
        fields[name] = money(getattr(item, f"line_{name}_amount"), item.currency)
    return OrderLine.model_construct(**fields, unit_price=money(item.unit_price_amount, item.currency))


class Party(BaseModel):
    """Who sells or who buys."""

    name: str
    email: str | None
    phone: str | None
    website: str | None = None
    address: dict[str, Any] | None = None


class InvoiceAnswer(BaseModel):
    """What an invoice says; names, numbers and prices are those of the day of the order."""

    order: InvoicedOrder
    seller: Party
    buyer: Party | None


def invoice_answer(invoice: Invoice) -> InvoiceAnswer:
    """Return an invoice as it is answered: what the shop's people note for each other is not in it."""
    seller, buyer, whole = invoice.seller, invoice.buyer, _whole(invoice.view)
    place = ("address", "city", "state", "postal_code", "country")
    return InvoiceAnswer.model_construct(
        order=InvoicedOrder.model_construct(**{name: whole[name] for name in InvoicedOrder.model_fields}),
        seller=Party(name=seller.name, email=seller.email, phone=seller.phone, website=seller.website,
                     address={name: getattr(seller, name) for name in place}),
        buyer=None if buyer is None else Party(
            name=f"{buyer.first_name} {buyer.last_name}".strip(), email=buyer.email, phone=buyer.phone))

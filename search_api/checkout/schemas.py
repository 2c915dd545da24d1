"""Schemas of checkout: what is wanted, and what it costs."""

from datetime import datetime
from ipaddress import ip_address
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from oltp.carts.models import Quote
from oltp.carts.rules import MOST_ITEMS, normalise_codes
from oltp.checkout.traces import Trace, read_trace
from oltp.checkout.trying import CodeTried
from oltp.checkout.wishes import CheckoutWish, WishItem
from search_api.carts.schemas import EXAMPLE_ITEM, Code, Codes, ItemBody, Locale, Visitor
from search_api.money import Money, money
from search_api.orders.bodies import Note, PaymentBody
from search_api.schemas import Address, Body, CurrencyCode, Email, Line


def _known_ip(text: str) -> str:
    # Kept as it came: nothing that was stored before is written in another way.
    ip_address(text)
    return text


IpAddress = Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f:.]{2,45}$"), AfterValidator(_known_ip)]
WISH_FIELDS = ("items", "customer_id", "email", "visitor_id", "codes", "shipping_address", "billing_address",
               "shipping_method", "locale")


class Wish(Body):
    """Goods, and whose they will be."""

    currency: CurrencyCode | None = Field(default=None, description="Needed with items.")
    items: Annotated[list[ItemBody] | None, Field(max_length=MOST_ITEMS)] = None
    customer_id: UUID | None = None
    email: Email | None = None
    visitor_id: Visitor | None = None
    codes: Codes = Field(default_factory=list)
    shipping_address: Address | None = None
    billing_address: Address | None = Field(default=None, description="The shipping address, unless it is given.")
    shipping_method: Line | None = Field(default=None, description="Name of an option; the cheapest, unless given.")
    locale: Locale | None = None

    def wish(self) -> CheckoutWish:
        """Return the wish as checkout takes it."""
        assert self.currency is not None
        return CheckoutWish(
            currency=self.currency, customer_id=self.customer_id,
            items=tuple(WishItem(item.variant_id, item.bundle_id, item.quantity) for item in self.items or ()),
            email=self.email, visitor_id=self.visitor_id, codes=tuple(normalise_codes(self.codes)),
            shipping_address=_plain(self.shipping_address), billing_address=_plain(self.billing_address),
            shipping_method=self.shipping_method, locale=self.locale)

    def names_goods(self) -> bool:
        """Whether goods are named here, and not by a cart or quote."""
        if self.items is not None and self.currency is None:
            raise ValueError("currency is needed with items")
        return self.items is not None


def _plain(address: Address | None) -> dict[str, Any] | None:
    return None if address is None else address.model_dump(exclude_none=True)


class QuoteBody(Wish):
    """What shall be quoted: a cart, or items; exactly one of them."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [
        {"cart_id": "0199d0a4-0000-7000-8000-000000000001"}, {"currency": "USD", "items": [EXAMPLE_ITEM]}]})

    cart_id: UUID | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if self.names_goods() == (self.cart_id is not None):
            raise ValueError("give exactly one of cart_id and items")
        if self.cart_id is not None and self.model_fields_set - {"cart_id"}:
            raise ValueError("what a cart holds is changed in the cart")
        return self


class CodeCheckBody(Wish):
    """A code, and the cart or the items (exactly one of them) that it is tried on, beside the codes they have."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [
        {"code": "SPRING10", "cart_id": "0199d0a4-0000-7000-8000-000000000001"},
        {"code": "SPRING10", "currency": "USD", "items": [EXAMPLE_ITEM]}]})

    code: Code
    cart_id: UUID | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if self.names_goods() == (self.cart_id is not None):
            raise ValueError("give exactly one of cart_id and items")
        if self.cart_id is not None and self.model_fields_set - {"cart_id", "code"}:
            raise ValueError("what a cart holds is changed in the cart")
        return self


class OrderBody(Wish):
    """What shall be ordered, a quote or items (exactly one of them), and how it is paid."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [
        {"quote_id": "0199d0a4-0000-7000-8000-000000000001", "payment": {"method": "CASH_ON_DELIVERY"}},
        {"currency": "USD", "items": [EXAMPLE_ITEM], "expected_total": {"amount": 1999, "currency": "USD"},
         "payment": {"method": "CREDIT_CARD", "token": "pm_card_visa"}}]})

    quote_id: UUID | None = None
    payment: PaymentBody
    expected_total: Money | None = Field(default=None, description="What the customer was shown.")
    note: Note | None = None
    ip_address: IpAddress | None = Field(default=None, description="The customer's, as the storefront sees it.")

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if self.names_goods() == (self.quote_id is not None):
            raise ValueError("give exactly one of quote_id and items")
        if self.quote_id is not None and self.model_fields_set & {*WISH_FIELDS, "currency"}:
            raise ValueError("what a quote holds can't be changed: ask for another one")
        if self.expected_total and self.currency and self.expected_total.currency != self.currency:
            raise ValueError("expected_total is in another currency")
        return self


class QuotedDiscount(BaseModel):
    """A discount on a line, or on shipping: `gross` is what the customer sees off, `amount` what lowers the net."""

    name: str
    code: str | None
    amount: Money
    gross: Money


class QuotedLine(BaseModel):
    """A line and what it costs: total = subtotal − discount + tax."""

    product_id: UUID
    variant_id: UUID
    bundle_id: UUID | None
    product_name: str
    variant_name: str | None
    sku: str
    quantity: int
    unit_price: Money
    price_source: str = Field(description="price (a price row), list, or converted.")
    subtotal: Money
    discount: Money
    tax: Money
    tax_rate: str
    total: Money
    discounts: list[QuotedDiscount]


class OfferedShipping(BaseModel):
    """A way to send it."""

    name: str
    amount: Money
    least_days: int | None
    most_days: int | None


class QuoteAnswer(BaseModel):
    """What it costs until `expires_at`: total = subtotal − discount + shipping + tax."""

    id: UUID
    cart_id: UUID | None
    currency: str
    subtotal: Money
    discount: Money
    shipping: Money
    tax: Money
    total: Money
    prices_include_tax: bool
    lines: list[QuotedLine]
    shipping_method: str | None
    shipping_options: list[OfferedShipping]
    shipping_discounts: list[QuotedDiscount]
    refused_codes: dict[str, str] = Field(description="Code → why it gives nothing.")
    priced_at: datetime
    expires_at: datetime
    trace: dict[str, Any] = Field(
        description="All that the total was made from: price rows, rates, tiers, promotions, roundings.")


def quote_answer(quote: Quote) -> QuoteAnswer:
    """Return a quote as it is answered."""
    trace, currency = read_trace(quote.trace), quote.currency
    amounts = {name: money(getattr(quote, f"{name}_amount"), currency)
               for name in ("subtotal", "discount", "shipping", "tax", "total")}
    return QuoteAnswer(
        **amounts, id=quote.id, cart_id=quote.cart_id, currency=currency, lines=_lines(trace),
        prices_include_tax=trace.inputs.includes_tax, refused_codes=dict(trace.priced.refused_codes),
        shipping_method=trace.inputs.shipping.name if trace.inputs.shipping else None,
        shipping_options=[OfferedShipping(
            name=option.name, amount=money(option.amount, option.currency), least_days=option.least_days,
            most_days=option.most_days) for option in trace.shipping_options],
        shipping_discounts=_discounts(trace, None), priced_at=quote.priced_at, expires_at=quote.expires_at,
        trace=quote.trace)


def _lines(trace: Trace) -> list[QuotedLine]:
    currency = trace.inputs.currency
    return [QuotedLine(
        product_id=line.product_id, variant_id=line.variant_id, bundle_id=line.bundle_id,
        product_name=line.product_name, variant_name=line.variant_name, sku=line.sku, quantity=line.quantity,
        unit_price=money(line.unit_amount, currency), price_source=line.price.source,
        subtotal=money(priced.subtotal, currency), discount=money(priced.discount, currency),
        tax=money(priced.tax, currency), tax_rate=str(line.tax.rate), total=money(priced.total, currency),
        discounts=_discounts(trace, line.line_id))
        for line, priced in zip(trace.inputs.lines, trace.priced.lines, strict=True)]


def _discounts(trace: Trace, line_id: str | None) -> list[QuotedDiscount]:
    currency = trace.inputs.currency
    return [QuotedDiscount(name=share.applied.name, code=share.applied.code, amount=money(share.net_amount, currency),
                           gross=money(share.applied.amount, currency))
            for share in trace.priced.shares if share.line_id == line_id]


class CheckedLine(BaseModel):
    """What a code takes off a line."""

    variant_id: UUID
    off: Money


class CodeCheckAnswer(BaseModel):
    """What a code would take off. The totals may differ by more or less, where other promotions give way."""

    code: str
    is_applied: bool
    reason: Literal["not_valid", "used_up", "conditions_not_met", "not_combinable", "no_effect"] | None = Field(
        description="Why it gives nothing; null where it gives something.")
    off: Money = Field(description="In all, as the customer sees it.")
    lines: list[CheckedLine]
    shipping_off: Money
    total_without: Money
    total_with: Money


def code_check_answer(tried: CodeTried) -> CodeCheckAnswer:
    """Return what came of trying a code as it is answered."""
    amounts = {name: money(amount, tried.currency) for name, amount in (
        ("off", sum(tried.off.values())), ("shipping_off", tried.off.get(None, 0)),
        ("total_without", tried.total_without), ("total_with", tried.total_with))}
    lines = [CheckedLine(variant_id=tried.variants[line], off=money(amount, tried.currency))
             for line, amount in tried.off.items() if line is not None]
    return CodeCheckAnswer.model_validate(
        {"code": tried.code, "is_applied": tried.reason is None, "reason": tried.reason, "lines": lines, **amounts})

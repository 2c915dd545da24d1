"""What a customer wants of checkout: goods, and how they are paid for. Plain values, so that a quote can keep them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter


@dataclass(frozen=True)
class WishItem:
    """A variant or a bundle (exactly one of them), and how many."""

    variant_id: UUID | None
    bundle_id: UUID | None
    quantity: int


@dataclass(frozen=True)
class CheckoutWish:
    """What is to be bought, by whom, where it goes. Addresses have the fields of search_api.schemas.Address.

    Without `shipping_method` the cheapest one is taken, without `billing_address` the shipping address.
    """

    currency: str
    items: tuple[WishItem, ...]
    customer_id: UUID | None = None
    email: str | None = None
    visitor_id: str | None = None
    codes: tuple[str, ...] = ()
    shipping_address: dict[str, Any] | None = None
    billing_address: dict[str, Any] | None = None
    shipping_method: str | None = None
    locale: str | None = None
    note: str | None = None
    ip_address: str | None = None

    @property
    def contact(self) -> str | None:
        """The e-mail the customer is known by, if there is any."""
        return self.email or (self.shipping_address or {}).get("email")

    def place(self) -> tuple[str | None, str | None]:
        """Return country and region that decide on tax and shipping."""
        address = self.shipping_address or {}
        return address.get("country"), address.get("state")


@dataclass(frozen=True)
class PaymentChoice:
    """How an order is paid: a payment_method; the store's account with a provider; what the provider calls the card.

    Without an account, cash on delivery and bank transfer need none, and others take the store's only one.
    """

    method: str
    provider_config_id: UUID | None = None
    token: str | None = None


_WISH = TypeAdapter(CheckoutWish)


def wish_to_json(wish: CheckoutWish) -> dict[str, Any]:
    """Return the wish as a quote keeps it."""
    written: dict[str, Any] = _WISH.dump_python(wish, mode="json")
    return written


def wish_from_json(written: dict[str, Any]) -> CheckoutWish:
    """Return the wish that a quote has kept."""
    return _WISH.validate_python(written)

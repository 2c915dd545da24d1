"""What a promotion gives: typed by `type`. Amounts are minor units of the rule's currency, percentages in percent.

`cap_amount` is the most that one action gives to one order. How each is worked out stands in giving.py.
"""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from oltp.promotions.conditions import Count, Items, Minor, Part

Percentage = Annotated[Decimal, Field(gt=0, le=100, decimal_places=3)]
Amount = Annotated[int, Field(strict=True, ge=1, le=2**53)]
Times = Annotated[int, Field(strict=True, ge=1, le=100)]


class Effect(Part):
    """What all of them have."""

    cap_amount: Amount | None = None


class Percent(Effect):
    """So many percent of what is left of the lines after all that was taken off before."""

    type: Literal["percent"]
    percent: Percentage
    items: Items | None = None


class Fixed(Effect):
    """An amount off: once, shared by the lines (`order`), or off each line (`line`); never more than is left."""

    type: Literal["fixed"]
    amount: Amount
    per: Literal["order", "line"] = "order"
    items: Items | None = None


class FreeShipping(Effect):
    """What is left of shipping."""

    type: Literal["free_shipping"]


class BuyGet(Effect):
    """For each `buy_quantity` pieces of `items`, `get_quantity` pieces of `get_items` for `percent` less.

    The cheapest pieces are given; no piece counts both as bought and as given. Without `get_items` both are of `items`.
    """

    type: Literal["buy_x_get_y"]
    buy_quantity: Count
    get_quantity: Count
    percent: Percentage = Decimal(100)
    items: Items | None = None
    get_items: Items | None = None
    max_times: Count | None = None


class Tier(Part):
    """From this amount on, a percentage or an amount."""

    from_amount: Minor
    percent: Percentage | None = None
    amount: Amount | None = None

    @model_validator(mode="after")
    def _gives_one_thing(self) -> Self:
        if (self.percent is None) == (self.amount is None):
            raise ValueError("give exactly one of percent and amount")
        return self


class TieredSpend(Effect):
    """The highest tier reached. What is spent is the lines before promotions; a percentage is of what is left."""

    type: Literal["tiered_spend"]
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1, max_length=20)]
    items: Items | None = None

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if any(low.from_amount >= high.from_amount for low, high in zip(self.tiers, self.tiers[1:], strict=False)):
            raise ValueError("tiers must rise")
        return self


class BundlePart(Part):
    """So many pieces out of `items`."""

    quantity: Annotated[int, Field(strict=True, ge=1, le=100)]
    items: Items


class BundlePrice(Effect):
    """A set of pieces for one price. Parts take the dearest pieces left, in the order in which they are listed."""

    type: Literal["bundle_price"]
    amount: Minor
    parts: Annotated[tuple[BundlePart, ...], Field(min_length=1, max_length=10)]
    max_times: Times = 100


Action = Annotated[
    Percent | Fixed | FreeShipping | BuyGet | TieredSpend | BundlePrice, Field(discriminator="type")]

"""Conditions of a promotion: typed by `type`, and what each one means. Amounts are minor units of the rule's currency.

A condition looks at the cart before any promotion, so no rule can switch another one on or off.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from oltp.promotions.facts import PromoFacts, PromoLine, normalise_code

# The same bounds as the columns and bodies have: beyond them a JSON number is not exact everywhere.
Minor = Annotated[int, Field(strict=True, ge=0, le=2**53)]
Count = Annotated[int, Field(strict=True, ge=1, le=100_000)]
Ids = Annotated[tuple[UUID, ...], Field(max_length=500)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


def _upper(code: object) -> object:
    return normalise_code(code) if isinstance(code, str) else code


CodeText = Annotated[str, BeforeValidator(_upper), StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9_-]{0,63}$")]


class Part(BaseModel):
    """A part of a rule: what it doesn't know, it refuses."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Items(Part):
    """Which lines are meant: those that are in any of the lists."""

    product_ids: Ids = ()
    variant_ids: Ids = ()
    collection_ids: Ids = ()
    category_ids: Ids = ()

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not (self.product_ids or self.variant_ids or self.collection_ids or self.category_ids):
            raise ValueError("name at least one product, variant, collection or category")
        return self

    def __contains__(self, line: PromoLine) -> bool:
        return (line.product_id in self.product_ids or line.variant_id in self.variant_ids
                or not line.collection_ids.isdisjoint(self.collection_ids)
                or not line.category_ids.isdisjoint(self.category_ids))


def lines_of(facts: PromoFacts, items: Items | None) -> list[PromoLine]:
    """Return the lines that are meant; without a filter all of them."""
    return list(facts.lines) if items is None else [line for line in facts.lines if line in items]


class MinSubtotal(Part):
    """The lines cost so much before promotions."""

    type: Literal["min_subtotal"]
    amount: Minor
    items: Items | None = None

    def holds(self, facts: PromoFacts) -> bool:
        return sum(line.amount for line in lines_of(facts, self.items)) >= self.amount


class MinQuantity(Part):
    """There are so many pieces."""

    type: Literal["min_quantity"]
    quantity: Count
    items: Items | None = None

    def holds(self, facts: PromoFacts) -> bool:
        return sum(line.quantity for line in lines_of(facts, self.items)) >= self.quantity


class Products(Part):
    """One of these products is in the cart."""

    type: Literal["products"]
    product_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=500)]

    def holds(self, facts: PromoFacts) -> bool:
        return any(line.product_id in self.product_ids for line in facts.lines)


class Collections(Part):
    """Something of one of these collections is in the cart."""

    type: Literal["collections"]
    collection_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=500)]

    def holds(self, facts: PromoFacts) -> bool:
        return any(not line.collection_ids.isdisjoint(self.collection_ids) for line in facts.lines)


class Categories(Part):
    """Something of one of these categories, or below them, is in the cart."""

    type: Literal["categories"]
    category_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=500)]

    def holds(self, facts: PromoFacts) -> bool:
        return any(not line.category_ids.isdisjoint(self.category_ids) for line in facts.lines)


class InSegment(Part):
    """The customer belongs to the segment."""

    type: Literal["customer_segment"]
    segment_id: UUID

    def holds(self, facts: PromoFacts) -> bool:
        return self.segment_id in facts.segment_ids


class FirstOrder(Part):
    """The customer is known, by account or e-mail, and has not ordered before."""

    type: Literal["first_order"]

    def holds(self, facts: PromoFacts) -> bool:
        return facts.is_identified and facts.is_first_order


class InCurrency(Part):
    """The cart is priced in one of these currencies."""

    type: Literal["currency"]
    currencies: Annotated[tuple[Currency, ...], Field(min_length=1, max_length=200)]

    def holds(self, facts: PromoFacts) -> bool:
        return facts.currency in self.currencies


class ToCountry(Part):
    """It is sent to one of these countries; false while nobody knows where to."""

    type: Literal["country"]
    countries: Annotated[tuple[Country, ...], Field(min_length=1, max_length=250)]

    def holds(self, facts: PromoFacts) -> bool:
        return facts.country in self.countries


class WithCode(Part):
    """One of these codes was typed. They need not be discount codes of their own."""

    type: Literal["code"]
    codes: Annotated[tuple[CodeText, ...], Field(min_length=1, max_length=100)]

    def holds(self, facts: PromoFacts) -> bool:
        return any(code in self.codes for code in facts.codes)


class DateWindow(Part):
    """It is `from_at` or later, and before `until_at`."""

    type: Literal["date_window"]
    from_at: AwareDatetime | None = None
    until_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _is_a_window(self) -> Self:
        if self.from_at is None and self.until_at is None:
            raise ValueError("give from_at, until_at or both")
        if self.from_at and self.until_at and self.until_at <= self.from_at:
            raise ValueError("until_at must be after from_at")
        return self

    def holds(self, facts: PromoFacts) -> bool:
        return _in_window(facts.at, self.from_at, self.until_at)


def _in_window(at: datetime, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or since <= at) and (until is None or at < until)


class All(Part):
    """All of them hold; an empty list always does."""

    type: Literal["all"]
    conditions: "Annotated[tuple[Condition, ...], Field(max_length=50)]" = ()

    def holds(self, facts: PromoFacts) -> bool:
        return all(each.holds(facts) for each in self.conditions)


class AnyOf(Part):
    """At least one of them holds."""

    type: Literal["any"]
    conditions: "Annotated[tuple[Condition, ...], Field(min_length=1, max_length=50)]"

    def holds(self, facts: PromoFacts) -> bool:
        return any(each.holds(facts) for each in self.conditions)


class Not(Part):
    """It doesn't hold."""

    type: Literal["not"]
    condition: "Condition"

    def holds(self, facts: PromoFacts) -> bool:
        return not self.condition.holds(facts)


Condition = Annotated[
    MinSubtotal | MinQuantity | Products | Collections | Categories | InSegment | FirstOrder | InCurrency | ToCountry
    | WithCode | DateWindow | All | AnyOf | Not, Field(discriminator="type")]
All.model_rebuild()
AnyOf.model_rebuild()
Not.model_rebuild()


def walk(condition: Condition) -> list[Condition]:
    """Return the condition and all that it is made of."""
    inner: Sequence[Condition] = (
        condition.conditions if isinstance(condition, All | AnyOf)
        else (condition.condition,) if isinstance(condition, Not) else ())
    return [condition, *(each for one in inner for each in walk(one))]


def codes_of(condition: Condition) -> set[str]:
    """Return the codes that a condition asks for anywhere."""
    return {code for each in walk(condition) if isinstance(each, WithCode) for code in each.codes}

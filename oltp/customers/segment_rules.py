"""Rules of segments: typed JSON that says who belongs, and its evaluation. Pure; no rule depends on the time of day.

Money is in minor units of a currency. Nothing is known of a customer's orders before the first one: no bound on them
is met then, but a count of at most some.
"""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator

MOST_PARTS = 100
_Amount = Annotated[int, Field(ge=0, le=2**53)]
_Word = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00]*$")]
Value = str | bool | Decimal | date


@dataclass(frozen=True)
class CustomerFacts:
    """What rules may ask of a customer; `country` is where his newest order went, `values` are his custom fields."""

    customer_id: UUID
    email: str
    accepts_marketing: bool
    orders_count: int
    total_spent: int
    currency: str
    last_order_at: datetime | None = None
    country: str | None = None
    values: Mapping[str, Value] = field(default_factory=dict)


class Part(BaseModel):
    """One condition; an unknown type or field is refused when the rule is written, never silently false."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @abstractmethod
    def matches(self, facts: CustomerFacts) -> bool:
        """Whether the customer meets it."""


class Bounded(Part):
    """A number between two bounds, both inclusive; at least one of them is given."""

    at_least: _Amount | None = None
    at_most: _Amount | None = None

    @model_validator(mode="after")
    def _has_bound(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError("give at_least or at_most")
        return self

    def _holds(self, number: int) -> bool:
        return (self.at_least is None or number >= self.at_least) and (self.at_most is None or number <= self.at_most)


class TotalSpent(Bounded):
    """What the customer's orders came to, for customers counted in this currency."""

    type: Literal["total_spent"]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]

    def matches(self, facts: CustomerFacts) -> bool:
        return facts.currency == self.currency and self._holds(facts.total_spent)


class OrdersCount(Bounded):
    """How many orders that were not cancelled."""

    type: Literal["orders_count"]

    def matches(self, facts: CustomerFacts) -> bool:
        return self._holds(facts.orders_count)


class LastOrderBefore(Part):
    """The newest order was placed before a moment."""

    type: Literal["last_order_before"]
    at: AwareDatetime

    def matches(self, facts: CustomerFacts) -> bool:
        return facts.last_order_at is not None and facts.last_order_at < self.at


class LastOrderAfter(Part):
    """The newest order was placed at a moment or later."""

    type: Literal["last_order_after"]
    at: AwareDatetime

    def matches(self, facts: CustomerFacts) -> bool:
        return facts.last_order_at is not None and facts.last_order_at >= self.at


class Country(Part):
    """Where the newest order went."""

    type: Literal["country"]
    countries: Annotated[list[Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]], Field(
        min_length=1, max_length=250)]

    def matches(self, facts: CustomerFacts) -> bool:
        return facts.country in self.countries


class AcceptsMarketing(Part):
    """Whether the customer wants to hear from the store."""

    type: Literal["accepts_marketing"]
    value: bool = True

    def matches(self, facts: CustomerFacts) -> bool:
        return facts.accepts_marketing == self.value


class EmailDomain(Part):
    """The e-mail address ends with one of these domains, in any case; subdomains are others."""

    type: Literal["email_domain"]
    domains: Annotated[list[_Word], Field(min_length=1, max_length=100)]

    def matches(self, facts: CustomerFacts) -> bool:
        return facts.email.rpartition("@")[2].lower() in {domain.lower().lstrip("@") for domain in self.domains}


class CustomField(Part):
    """A custom field has one of these values, written as text: "true", "12.5", "2026-11-24"."""

    type: Literal["custom_field"]
    key: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
    values: Annotated[list[_Word], Field(min_length=1, max_length=100)]

    def matches(self, facts: CustomerFacts) -> bool:
        value = facts.values.get(self.key)
        return value is not None and any(_equals(value, wanted) for wanted in self.values)


class All(Part):
    """Every part holds."""

    type: Literal["all"]
    rules: Annotated[list["Rule"], Field(min_length=1, max_length=MOST_PARTS)]

    def matches(self, facts: CustomerFacts) -> bool:
        return all(rule.matches(facts) for rule in self.rules)


class Any_(Part):
    """At least one part holds."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="Any")

    type: Literal["any"]
    rules: Annotated[list["Rule"], Field(min_length=1, max_length=MOST_PARTS)]

    def matches(self, facts: CustomerFacts) -> bool:
        return any(rule.matches(facts) for rule in self.rules)


class Not(Part):
    """The part does not hold."""

    type: Literal["not"]
    rule: "Rule"

    def matches(self, facts: CustomerFacts) -> bool:
        return not self.rule.matches(facts)


Rule = Annotated[
    TotalSpent | OrdersCount | LastOrderBefore | LastOrderAfter | Country | AcceptsMarketing | EmailDomain
    | CustomField | All | Any_ | Not, Field(discriminator="type")]
for _part in (All, Any_, Not):
    _part.model_rebuild()
_RULE: TypeAdapter[Part] = TypeAdapter(Rule)


def read_rule(kept: Mapping[str, Any]) -> Part:
    """Return the rule as it was kept. Errors: pydantic.ValidationError."""
    return _RULE.validate_python(dict(kept))


def rule_json(rule: Part) -> dict[str, Any]:
    """Return the rule as it is kept."""
    return rule.model_dump(mode="json")


def parts_of(rule: Part) -> Iterator[Part]:
    """Return the rule and all it is made of."""
    yield rule
    children = rule.rules if isinstance(rule, All | Any_) else [rule.rule] if isinstance(rule, Not) else []
    for child in children:
        yield from parts_of(child)


def custom_keys(rule: Part) -> frozenset[str]:
    """Return the keys of the custom fields that the rule asks for."""
    return frozenset(part.key for part in parts_of(rule) if isinstance(part, CustomField))


def _equals(value: Value, wanted: str) -> bool:
    if isinstance(value, bool):
        return wanted == str(value).lower()
    if isinstance(value, Decimal):
        try:
            return value == Decimal(wanted)
        except ArithmeticError:
            return False
    return (value.isoformat() if isinstance(value, date) else value) == wanted

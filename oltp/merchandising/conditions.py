"""The rule of a collection: typed JSON, and the SQL condition on a product that it means.

A rule looks at what a product is, not at who asks. Prices are list prices for everybody, one piece; availability is
what is on the shelf or may be owed: a promise to a buyer that holds for minutes takes no product out of a collection.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self, Union
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from pydantic import model_validator as validator

from oltp.merchandising.errors import RuleInvalid

DEEPEST, MOST_PARTS = 5, 50
Ids = Annotated[tuple[UUID, ...], Field(min_length=1, max_length=100)]
Amount = Annotated[int, Field(strict=True, ge=0, le=2**53)]
Value = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00]*$")]


class Part(BaseModel):
    """A part of a rule: what it doesn't know, it refuses."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class InCategory(Part):
    """In one of the categories, or below one of them."""

    type: Literal["category"]
    category_ids: Ids
    has_descendants: bool = True


class OfBrand(Part):
    """Of one of the brands."""

    type: Literal["brand"]
    brand_ids: Ids


class PriceWithin(Part):
    """With a list price from `least` to `most`, both included, in minor units of `currency`."""

    type: Literal["price"]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    least: Amount | None = None
    most: Amount | None = None

    @validator(mode="after")
    def _says_something(self) -> Self:
        if self.least is None and self.most is None:
            raise ValueError("give the least amount, the most, or both")
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError("the least amount is above the most")
        return self


class HasAttribute(Part):
    """With one of the values of an attribute."""

    type: Literal["attribute"]
    attribute_id: UUID
    values: Annotated[tuple[Value, ...], Field(min_length=1, max_length=100)]


class HasStatus(Part):
    """In one of the states."""

    type: Literal["status"]
    statuses: Annotated[tuple[Literal["DRAFT", "ACTIVE", "ARCHIVED"], ...], Field(min_length=1, max_length=3)]


class CreatedWithin(Part):
    """Made at `since` or later, and before `until`."""

    type: Literal["created_at"]
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None

    @validator(mode="after")
    def _says_something(self) -> Self:
        if self.since is None and self.until is None:
            raise ValueError("give since, until, or both")
        return self


class IsAvailable(Part):
    """With a variant that is on the shelf, may be owed, or is not counted; or with none."""

    type: Literal["availability"]
    is_available: bool = True


class AllOf(Part):
    """Every one of the parts holds."""

    type: Literal["all"]
    of: Annotated[tuple["Condition", ...], Field(min_length=1, max_length=MOST_PARTS)]


class AnyOf(Part):
    """One of the parts holds, or more."""

    type: Literal["any"]
    of: Annotated[tuple["Condition", ...], Field(min_length=1, max_length=MOST_PARTS)]


class Not(Part):
    """The part does not hold."""

    type: Literal["not"]
    of: "Condition"


Condition = Annotated[
    Union[InCategory, OfBrand, PriceWithin, HasAttribute, HasStatus, CreatedWithin, IsAvailable, AllOf, AnyOf, Not],  # noqa: UP007 - of forward names
    Field(discriminator="type")]
for model in (AllOf, AnyOf, Not):
    model.model_rebuild()
_RULE: TypeAdapter[Condition] = TypeAdapter(Condition)


def read_rule(rule: object) -> Condition:
    """Return the rule that the JSON says. Errors: RuleInvalid, naming the place; nothing unknown is ever ignored."""
    _check_size(rule)
    try:
        return _RULE.validate_python(rule)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(["rule", *(str(part) for part in first["loc"])])
        raise RuleInvalid(field=place, reason=first["msg"]) from None


def write_rule(condition: Condition) -> dict[str, Any]:
    """Return the rule as JSON, with every default written out."""
    written: dict[str, Any] = _RULE.dump_python(condition, mode="json")
    return written


def _check_size(rule: object) -> None:
    # Before the schema reads it: it follows every level there is.
    parts, level = 0, [rule]
    for _ in range(DEEPEST):
        parts += len(level)
        if parts > MOST_PARTS:
            break
        level = [child for part in level for child in _children(part)]
        if not level:
            return
    raise RuleInvalid(field="rule", reason=f"at most {DEEPEST} levels and {MOST_PARTS} parts")


def _children(part: object) -> Iterator[object]:
    inner = part.get("of") if isinstance(part, dict) else None
    if isinstance(inner, list | tuple):
        yield from inner
    elif inner is not None:
        yield inner

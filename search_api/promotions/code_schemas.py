"""Schemas of discount codes: bodies and answers."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from oltp.promotions.codes import MOST_GENERATED
from oltp.promotions.models import DiscountCode
from search_api.money import Money, money_or_none
from search_api.promotions.schemas import Limit, PersonLimit
from search_api.schemas import LARGEST_AMOUNT, Body, CurrencyCode

CodeText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
Prefix = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9][A-Za-z0-9_-]{0,31})?$")]
Percentage = Annotated[Decimal, Field(gt=0, le=100, decimal_places=3, max_digits=6)]
Amount = Annotated[int, Field(ge=1, le=LARGEST_AMOUNT, description="Minor units of the code's currency.")]
_EXAMPLE: JsonDict = {"code": "SPRING10", "type": "PERCENTAGE", "percent": 10, "usage_limit": 500}


class CodeLimits(Body):
    """How often and how long a code may be used."""

    ends_at: AwareDatetime | None = None
    usage_limit: Limit | None = None
    per_customer_limit: PersonLimit | None = None


class CodeFields(CodeLimits):
    """What a code gives: a rule, or a discount of its own."""

    promotion_rule_id: UUID | None = Field(default=None, description="The rule that it is the key to.")
    type: Literal["PERCENTAGE", "FIXED", "FREE_SHIPPING"] | None = None
    percent: Percentage | None = Field(default=None, description="Of a PERCENTAGE.")
    amount: Amount | None = Field(default=None, description="Of a FIXED one, in minor units.")
    currency: CurrencyCode | None = Field(default=None, description="Needed by amounts; the store's where not given.")
    min_subtotal_amount: Annotated[int, Field(ge=0, le=LARGEST_AMOUNT)] | None = None
    max_discount_amount: Amount | None = None
    is_active: bool = True
    starts_at: AwareDatetime | None = Field(default=None, description="Now, where not given.")

    def fields(self) -> Mapping[str, Any]:
        """Return what was given, without what is not the code's own."""
        given = self.model_dump(exclude_unset=True, exclude={"code", "count", "prefix"})
        return {name: value for name, value in given.items() if value is not None}


class NewCode(CodeFields):
    """A discount code to be made."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    code: CodeText = Field(description="Any case; it is kept in capital letters.")


class ManyCodes(CodeFields):
    """Codes to be made at once, each with letters that nobody can guess."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "count": 100, "prefix": "VIP-", "type": "PERCENTAGE", "percent": 15, "usage_limit": 1}]})

    count: Annotated[int, Field(ge=1, le=MOST_GENERATED)]
    prefix: Prefix = ""


class CodeChanges(CodeLimits):
    """Fields of a code to be changed; null takes away what a code may be without."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"is_active": False}]})

    percent: Percentage | None = None
    amount: Amount | None = None
    min_subtotal_amount: Annotated[int, Field(ge=0, le=LARGEST_AMOUNT)] | None = None
    max_discount_amount: Amount | None = None
    is_active: bool | None = None
    starts_at: AwareDatetime | None = None

    def changes(self) -> Mapping[str, Any]:
        """Return what was given; null counts only where a code may be without the field."""
        optional = {*CodeLimits.model_fields, "min_subtotal_amount", "max_discount_amount"}
        return {name: value for name, value in self.model_dump(exclude_unset=True).items()
                if value is not None or name in optional}


class Code(BaseModel):
    """A discount code."""

    id: UUID
    code: str
    promotion_rule_id: UUID | None
    type: Literal["PERCENTAGE", "FIXED", "FREE_SHIPPING"] | None
    percent: Decimal | None
    amount: Money | None
    min_subtotal: Money | None
    max_discount: Money | None
    currency: str | None
    is_active: bool
    starts_at: datetime
    ends_at: datetime | None
    usage_limit: int | None
    per_customer_limit: int | None
    used_count: int = Field(description="Orders that hold it.")
    created_at: datetime
    updated_at: datetime


class Codes(BaseModel):
    """Codes that were made at once."""

    items: list[Code]


def code_answer(row: DiscountCode) -> Code:
    """Return a code as it is answered."""
    names = set(Code.model_fields) - {"percent", "amount", "min_subtotal", "max_discount"}
    currency = row.currency or ""
    # 10, whether it was just given as 10 or read back as 10.000.
    percent = None if row.percent is None else Decimal(f"{row.percent.normalize():f}")
    return Code(**{name: getattr(row, name) for name in names}, percent=percent,
                amount=money_or_none(row.amount, currency),
                min_subtotal=money_or_none(row.min_subtotal_amount, currency),
                max_discount=money_or_none(row.max_discount_amount, currency))

"""Schemas of promotion rules: bodies and answers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue
from pydantic.config import JsonDict

from oltp.checkout.what_if import WhatIf
from oltp.promotions.models import PromotionRule
from search_api.money import Money, MoneyChange, money, money_or_none
from search_api.schemas import LARGEST_AMOUNT, Body, CurrencyCode, Line, Text

Status = Literal["draft", "active", "paused", "ended"]
Name = Annotated[Line, Field(max_length=200)]
Priority = Annotated[int, Field(ge=-1_000_000, le=1_000_000, description="Smaller ones apply first.")]
Limit = Annotated[int, Field(ge=0, le=2**31 - 1)]
PersonLimit = Annotated[int, Field(ge=1, le=2**31 - 1)]
Budget = Annotated[int, Field(ge=0, le=LARGEST_AMOUNT, description="Minor units of the rule's currency, gross.")]
Conditions = Annotated[dict[str, JsonValue], Field(
    max_length=100, description="Typed (`docs/promotions.md`), or the short form with amounts in major units.")]
Actions = Annotated[dict[str, JsonValue] | list[JsonValue], Field(max_length=100, description="One to ten actions.")]
_WRITTEN: JsonDict = {
    "name": "Ten percent for regulars", "conditions": {"minSubtotal": 100,
                                                       "customerSegmentId": "01990000-0000-7000-8000-000000000001"},
    "actions": {"discountPercent": 10}}
_TYPED: JsonDict = {
    "name": "Buy two, get one", "currency": "USD", "priority": 10, "stack_group": "shirts", "usage_limit": 500,
    "conditions": {"type": "min_subtotal", "amount": 5000},
    "actions": [{"type": "buy_x_get_y", "buy_quantity": 2, "get_quantity": 1, "cap_amount": 3000}]}


class RuleFields(Body):
    """What a rule says. Those that are required have no default here."""

    description: Text | None = None
    currency: CurrencyCode | None = Field(default=None, description="Needed by amounts; the store's where not given.")
    stack_group: Name | None = Field(default=None, description="Of a group one rule applies.")
    ends_at: AwareDatetime | None = None
    usage_limit: Limit | None = None
    per_customer_limit: PersonLimit | None = None
    budget_amount: Budget | None = None


class NewRule(RuleFields):
    """A promotion rule to be made; it is a draft until it is activated."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_WRITTEN, _TYPED]})

    name: Name
    conditions: Conditions = Field(default_factory=dict)
    actions: Actions
    priority: Priority = 100
    is_stackable: bool | None = Field(default=None, description="True unless the rule is exclusive.")
    is_exclusive: bool = False
    is_last: bool = False
    starts_at: AwareDatetime | None = Field(default=None, description="Now, where not given.")

    def fields(self) -> Mapping[str, Any]:
        """Return what was given."""
        return {name: value for name, value in self.model_dump(exclude_unset=True).items() if value is not None}


class RuleChanges(RuleFields):
    """Fields of a promotion rule to be changed; null takes away what a rule may be without."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"priority": 5, "ends_at": None}]})

    name: Name | None = None
    conditions: Conditions | None = None
    actions: Actions | None = None
    priority: Priority | None = None
    is_stackable: bool | None = None
    is_exclusive: bool | None = None
    is_last: bool | None = None
    starts_at: AwareDatetime | None = None

    def changes(self) -> Mapping[str, Any]:
        """Return what was given; null counts only where a rule may be without the field."""
        optional = set(RuleFields.model_fields)
        return {name: value for name, value in self.model_dump(exclude_unset=True).items()
                if value is not None or name in optional}


class Rule(BaseModel):
    """A promotion rule. Amounts inside conditions and actions are minor units of its currency."""

    id: UUID
    name: str
    description: str | None
    status: Status
    conditions: dict[str, Any]
    actions: list[dict[str, Any]]
    currency: str | None
    priority: int
    stack_group: str | None
    is_stackable: bool
    is_exclusive: bool
    is_last: bool
    starts_at: datetime
    ends_at: datetime | None
    usage_limit: int | None
    per_customer_limit: int | None
    used_count: int = Field(description="Orders that hold it.")
    budget: Money | None
    spent: Money | None
    created_at: datetime
    updated_at: datetime


def rule_answer(row: PromotionRule) -> Rule:
    """Return a rule as it is answered; one that was written into the database by hand may hold a single action."""
    names = set(Rule.model_fields) - {"budget", "spent", "actions"}
    actions: Any = row.actions
    return Rule(
        **{name: getattr(row, name) for name in names}, actions=actions if isinstance(actions, list) else [actions],
        budget=money_or_none(row.budget_amount, row.currency or ""),
        spent=money(row.spent_amount, row.currency) if row.currency else None)


class WhatIfWish(Body):
    """A candidate to replay: a rule that is kept (`rule_id`), or one that is kept nowhere (`rule`)."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"rule": _WRITTEN, "order_count": 100}]})

    rule_id: UUID | None = None
    rule: NewRule | None = None
    order_count: Annotated[int, Field(ge=1, le=1000)] = 100


class WhatIfAnswer(BaseModel):
    """What the candidate would have done to the last orders. Changes are signed: fewer net sales are negative."""

    orders_considered: int
    orders_changed: int
    discount_delta: MoneyChange
    net_sales_delta: MoneyChange


def what_if_answer(found: WhatIf) -> WhatIfAnswer:
    """Return it as it is answered."""
    # Signed, so it is not checked as an amount to be paid.
    return WhatIfAnswer.model_construct(
        orders_considered=found.orders_considered, orders_changed=found.orders_changed,
        discount_delta=MoneyChange(amount=found.discount_delta, currency=found.currency),
        net_sales_delta=MoneyChange(amount=found.net_sales_delta, currency=found.currency))

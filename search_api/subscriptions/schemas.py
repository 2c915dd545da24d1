"""Bodies and answers about subscriptions."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from oltp.subscriptions.actions import Terms
from oltp.subscriptions.models import Subscription, SubscriptionCycle
from search_api.money import Money, money
from search_api.schemas import Address, Body, CurrencyCode, Line, Quantity

Status = Literal["trialing", "active", "past_due", "paused", "canceled"]
Unit = Literal["day", "week", "month", "year"]
Method = Literal["CREDIT_CARD", "DEBIT_CARD", "MOBILE_BANKING", "BANK_TRANSFER", "CASH_ON_DELIVERY"]
_ADDRESS: JsonValue = {
    "first_name": "Ada", "last_name": "Byron", "email": "ada@example.com", "address": "12 St James's Square",
    "city": "London", "postal_code": "SW1Y 4JH", "country": "GB"}


class NewSubscription(Body):
    """A subscription to be started."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "customer_id": "019abf2e-0000-7000-8000-000000000001", "variant_id": "019abf2e-0000-7000-8000-000000000002",
        "quantity": 1, "interval_unit": "month", "currency": "USD", "payment_method": "CASH_ON_DELIVERY",
        "shipping_address": _ADDRESS}]})

    customer_id: UUID
    variant_id: UUID
    quantity: Quantity = 1
    interval_unit: Unit
    interval_count: Annotated[int, Field(ge=1, le=366, description="2 with `week`: every other week.")] = 1
    currency: CurrencyCode
    payment_method: Method
    provider_config_id: UUID | None = Field(default=None, description="The store's account that charges the card.")
    payment_token: Line | None = Field(default=None, description="What the provider calls the card; never answered.")
    shipping_address: Address
    shipping_method: Line | None = Field(default=None, description="The cheapest one where it is left out.")
    starts_at: AwareDatetime | None = Field(default=None, description="The anchor of all periods; now if left out.")

    def terms(self) -> Terms:
        """Return what is wanted, as the room has it."""
        fields = self.model_dump(exclude={"starts_at", "shipping_address"})
        return Terms(shipping_address=self.shipping_address.model_dump(exclude_none=True), **fields)


class SubscriptionChanges(Body):
    """What changes from the next period on; what is left out or null stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"quantity": 2}]})

    quantity: Quantity | None = None
    shipping_address: Address | None = None
    shipping_method: Line | None = None
    payment_method: Method | None = None
    provider_config_id: UUID | None = None
    payment_token: Line | None = None

    def changes(self) -> dict[str, Any]:
        """Return what is to be changed."""
        return {name: value.model_dump(exclude_none=True) if isinstance(value, Address) else value
                for name in self.model_fields_set if (value := getattr(self, name)) is not None}


class Cancellation(Body):
    """When a subscription ends."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"at_period_end": True}]})

    at_period_end: bool = Field(default=True, description="false: now.")


class SubscriptionItem(BaseModel):
    """A subscription, and the period that it is in."""

    id: UUID
    customer_id: UUID
    variant_id: UUID
    status: Status
    quantity: int
    unit_price: Money = Field(description="As it was billed last; each period costs what it costs on its day.")
    interval_unit: Unit
    interval_count: int
    payment_method: Method
    provider_config_id: UUID | None
    shipping_address: dict[str, Any] | None
    shipping_method: str | None
    anchored_at: datetime
    period_started_at: datetime
    period_ends_at: datetime
    next_billing_at: datetime | None
    is_ending: bool
    canceled_at: datetime | None
    created_at: datetime
    updated_at: datetime


class Cycle(BaseModel):
    """One period, and whether it was billed."""

    id: UUID
    period_started_at: datetime
    period_ends_at: datetime
    status: Literal["due", "billed", "failed", "skipped"]
    order_id: UUID | None
    attempt_count: int
    next_attempt_at: datetime | None
    failure_code: str | None
    billed_at: datetime | None


def subscription_answer(row: Subscription) -> SubscriptionItem:
    """Return the answer's form of a subscription."""
    names = [name for name in SubscriptionItem.model_fields if name != "unit_price"]
    return SubscriptionItem(unit_price=money(row.unit_price_amount, row.currency),
                            **{name: getattr(row, name) for name in names})


def cycle_answer(row: SubscriptionCycle) -> Cycle:
    """Return the answer's form of a cycle."""
    return Cycle.model_validate({name: getattr(row, name) for name in Cycle.model_fields})

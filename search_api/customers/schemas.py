"""Bodies and answers about customers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from oltp.customers.models import Customer
from search_api.money import Money, money
from search_api.schemas import Body, Email, Line


class NewCustomer(Body):
    """A customer to be added."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "email": "ada@example.com", "first_name": "Ada", "last_name": "Byron", "accepts_marketing": True}]})

    email: Email = Field(description="Kept in lower case; one live customer's only.")
    first_name: Line
    last_name: Line
    phone: Line | None = None
    accepts_marketing: bool = False


class CustomerChanges(Body):
    """Fields of a customer to be changed; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"accepts_marketing": False}]})

    email: Email | None = None
    first_name: Line | None = None
    last_name: Line | None = None
    phone: Line | None = Field(default=None, description="null forgets it.")
    accepts_marketing: bool | None = None

    def changes(self) -> dict[str, Any]:
        """Return what is to be changed; only the phone can be taken away."""
        given = self.model_dump(exclude_unset=True)
        return {name: value for name, value in given.items() if value is not None or name == "phone"}


class CustomerItem(BaseModel):
    """A customer with what he has ordered so far."""

    id: UUID
    email: str
    first_name: str
    last_name: str
    phone: str | None
    accepts_marketing: bool
    marketing_opt_in_at: datetime | None
    orders_count: int = Field(description="Orders that were not cancelled.")
    total_spent: Money
    average_order: Money
    last_order_at: datetime | None
    created_at: datetime
    updated_at: datetime


_SAME = ("id", "email", "first_name", "last_name", "phone", "accepts_marketing", "marketing_opt_in_at",
         "last_order_at", "created_at", "updated_at")


def customer_answer(row: Customer) -> CustomerItem:
    """Return the answer's form of a customer."""
    return CustomerItem(
        **{name: getattr(row, name) for name in _SAME}, orders_count=row.total_orders,
        total_spent=money(row.total_spent_amount, row.currency),
        average_order=money(row.average_order_amount, row.currency))

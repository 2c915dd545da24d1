"""What the endpoints of payments take and answer."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from oltp.payments.models import PaymentAttempt, PaymentProviderConfig, Refund, RefundItem
from search_api.money import Money, money, money_or_none
from search_api.schemas import Body, Line, Quantity

AttemptStatus = Literal["created", "authorized", "captured", "voided", "failed", "unknown"]
RefundStatus = Literal["pending", "processed", "failed"]
Gateway = Literal["STRIPE", "SSLCOMMERZ", "MANUAL"]
Capture = Literal["automatic", "manual"]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[!-~]+$")]


class StripeCredentials(Body):
    """Keys of a Stripe account. They are sealed and never answered."""

    api_key: Secret
    webhook_secrets: list[Secret] = Field(
        default=[], max_length=5, description="Those that callbacks may be signed with: while one is being replaced, "
        "the new one and the old one.")


class NewConfig(Body):
    """An account with a gateway."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "gateway": "STRIPE", "name": "Stripe", "capture": "automatic", "is_test": True,
        "credentials": {"api_key": "sk_test_4eC39Hq", "webhook_secrets": ["whsec_12345"]}}]})

    gateway: Gateway = Field(description="MANUAL: people take the money. SSLCOMMERZ is refused.")
    name: Line = Field(max_length=200)
    credentials: StripeCredentials | None = None
    capture: Capture = Field(default="automatic", description="`manual`: money is only authorized when it is ordered.")
    is_active: bool = True
    is_test: bool = Field(default=False, description="Orders that are paid by it count in no figure.")


class ConfigChanges(Body):
    """What is to be changed of an account."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"is_active": False}]})

    name: Line = Field(default="", max_length=200)
    credentials: StripeCredentials | None = None
    capture: Capture = "automatic"
    is_active: bool = True
    is_test: bool = Field(default=False, description="Orders that are paid by it count in no figure.")


class Config(BaseModel):
    """An account with a gateway, without its secrets."""

    id: UUID
    gateway: Gateway
    name: str
    capture: Capture
    is_active: bool
    is_test: bool
    has_credentials: bool
    callback_path: str = Field(description="Where the gateway shall send its callbacks.")
    created_at: datetime
    updated_at: datetime


def config_answer(row: PaymentProviderConfig) -> Config:
    """Return the answer."""
    return Config.model_construct(
        id=row.id, gateway=row.gateway, name=row.name, capture=row.public_settings.get("capture", "automatic"),
        is_active=row.is_active, is_test=row.is_test, has_credentials=row.credentials_ciphertext is not None,
        callback_path=f"/v1/payment-callbacks/{row.callback_key}", created_at=row.created_at,
        updated_at=row.updated_at)


class Attempt(BaseModel):
    """One try to collect an order's money. `unknown`: the gateway did not answer, and is asked again."""

    id: UUID
    order_id: UUID
    provider_config_id: UUID | None
    gateway: Gateway
    method: str | None
    status: AttemptStatus
    amount: Money
    authorized: Money
    captured: Money
    refunded: Money = Field(description="With refunds that are pending.")
    charged_back: Money
    external_ref: str | None = Field(description="The gateway's name of the payment.")
    failure_code: str | None
    failure_reason: str | None
    correlation_id: UUID | None
    created_at: datetime
    updated_at: datetime


def attempt_answer(row: PaymentAttempt) -> Attempt:
    """Return the answer."""
    return Attempt.model_construct(
        id=row.id, order_id=row.order_id, provider_config_id=row.provider_config_id, gateway=row.gateway,
        method=row.method, status=row.status, amount=money(row.amount, row.currency),
        authorized=money(row.authorized_amount, row.currency), captured=money(row.captured_amount, row.currency),
        refunded=money(row.refunded_amount, row.currency), charged_back=money(row.charged_back_amount, row.currency),
        external_ref=row.external_ref, failure_code=row.failure_code, failure_reason=row.failure_reason,
        correlation_id=row.correlation_id, created_at=row.created_at, updated_at=row.updated_at)


class CaptureWish(Body):
    """How much is to be captured."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [
        {}, {"amount": {"amount": 1500, "currency": "USD"}}]})

    amount: Money | None = Field(default=None, description="Without it, all that is left.")


class RefundUnits(Body):
    """Units of a line."""

    order_item_id: UUID
    quantity: Quantity


class NewRefund(Body):
    """What is to be refunded: units of lines, shipping, a plain amount, or some of each."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [
        {"items": [{"order_item_id": "01936f00-0000-7000-8000-000000000001", "quantity": 1}], "restock": True,
         "reason": "Came broken"},
        {"amount": {"amount": 500, "currency": "USD"}, "reason": "Came late"}]})

    items: list[RefundUnits] = Field(default=[], max_length=1000)
    shipping: bool = Field(default=False, description="All that is left of the shipping, with its tax.")
    shipping_amount: Money | None = Field(default=None, description="So much of the shipping, its tax included.")
    amount: Money | None = None
    restock: bool = Field(default=False, description="The units return to stock once the money is back.")
    reason: Line | None = None

    @model_validator(mode="after")
    def _check(self) -> "NewRefund":
        if len({each.order_item_id for each in self.items}) < len(self.items):
            raise ValueError("items name each line once")
        if self.shipping and self.shipping_amount is not None:
            raise ValueError("shipping and shipping_amount exclude each other")
        return self


class RefundPart(BaseModel):
    """A row of a refund. `tax` with a line is of that line, else of shipping."""

    kind: Literal["item", "shipping", "tax", "amount"]
    order_item_id: UUID | None
    quantity: int | None
    amount: Money


class RefundAnswer(BaseModel):
    """A refund."""

    id: UUID
    order_id: UUID
    payment_attempt_id: UUID | None
    status: RefundStatus = Field(description="`pending`: the gateway did not answer yet, and is asked again.")
    amount: Money
    wanted: Money | None = Field(description="What its units are worth, where less was left of what was paid.")
    reason: str | None
    items: list[RefundPart]
    external_ref: str | None
    correlation_id: UUID | None
    created_at: datetime
    processed_at: datetime | None


def refund_answer(row: Refund, parts: list[RefundItem]) -> RefundAnswer:
    """Return the answer."""
    return RefundAnswer.model_construct(
        id=row.id, order_id=row.order_id, payment_attempt_id=row.payment_attempt_id, status=row.status,
        amount=money(row.amount, row.currency), wanted=money_or_none(row.wanted_amount, row.currency),
        reason=row.reason, external_ref=row.external_ref, correlation_id=row.correlation_id,
        created_at=row.created_at, processed_at=row.processed_at, items=[
            RefundPart.model_construct(kind=part.kind, order_item_id=part.order_item_id, quantity=part.quantity,
                                       amount=money(part.amount, row.currency)) for part in parts])

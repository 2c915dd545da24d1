"""What is said to a gateway and what it says: plain values, the same for every gateway.

Amounts are minor units of the attempt's currency. A fact said twice has the same kind and `entry_ref`, whichever way
it came: as an answer, in a callback, or when the gateway was asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

Outcome = Literal["authorized", "captured", "declined", "pending", "voided", "refunded"]


class GatewayTimeout(Exception):
    """The gateway did not answer in time, or not in a way that says whether money moved."""


class GatewayDown(Exception):
    """The gateway could not be reached or refused to work; no money moved."""


class CallbackRefused(Exception):
    """The callback is not the gateway's own, or not of these minutes; the text says why."""


@dataclass(frozen=True)
class ChargeRequest:
    """What is asked of a gateway. `token` stands for the customer's means of payment, `capture`: take it at once."""

    attempt_id: UUID
    order_id: UUID
    store_id: UUID
    amount: int
    currency: str
    token: str | None
    capture: bool
    description: str
    idempotency_key: str


@dataclass(frozen=True)
class GatewayAnswer:
    """What came of a request. `external_ref` is the gateway's name of the payment, `entry_ref` of this movement.

    A gateway that declines says so by `code` and `reason`. `pending`: nothing has moved yet, and a callback will tell.
    """

    outcome: Outcome
    external_ref: str | None
    entry_ref: str
    amount: int
    code: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class GatewayFact:
    """Something that a gateway says happened. `kind` is one of rules.FACTS, `event_ref` names the callback's event.

    `attempt_id` and `refund_id` are ours, where the gateway kept them for us.
    """

    kind: str
    attempt_id: UUID | None
    external_ref: str | None
    entry_ref: str
    amount: int
    currency: str
    occurred_at: datetime
    event_ref: str
    refund_id: UUID | None = None
    detail: Mapping[str, str] = field(default_factory=dict)

"""Which account an order is paid through."""

from dataclasses import dataclass
from typing import Literal, get_args
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from oltp.checkout.errors import PaymentMethodUnknown
from oltp.checkout.wishes import PaymentChoice
from oltp.payments.models import PaymentProviderConfig

PaymentMethod = Literal["CREDIT_CARD", "DEBIT_CARD", "MOBILE_BANKING", "BANK_TRANSFER", "CASH_ON_DELIVERY"]
METHODS: tuple[PaymentMethod, ...] = get_args(PaymentMethod)
# A person sees to the money: no provider is asked.
BY_HAND = ("BANK_TRANSFER", "CASH_ON_DELIVERY")
MANUAL = "MANUAL"


@dataclass(frozen=True)
class Account:
    """A gateway, and the store's account with it; none for money that a person takes."""

    gateway: str
    config_id: UUID | None
    is_test: bool = False

    @property
    def is_manual(self) -> bool:
        """Whether the goods are sold before there is any money."""
        return self.gateway == MANUAL


def _not_one(choice: PaymentChoice, *, is_any: bool) -> PaymentMethodUnknown:
    if choice.provider_config_id is None and not is_any:
        reason = f"{choice.method} needs an account with a payment gateway (/v1/payment-provider-configs); it has none."
        return PaymentMethodUnknown(reason=reason, field="payment.method")
    reason = "it has several accounts; name one." if is_any else "it has no such account."
    return PaymentMethodUnknown(reason=reason, field="payment.provider_config_id")


def find_account(session: Session, *, store_id: UUID, choice: PaymentChoice) -> Account:
    """Return the account that the choice means. Errors: PaymentMethodUnknown."""
    if choice.method not in METHODS:
        raise PaymentMethodUnknown(reason=f"there is no method {choice.method!r}.", field="payment.method")
    if choice.provider_config_id is None and choice.method in BY_HAND:
        return Account(MANUAL, None)
    query = select(PaymentProviderConfig).where(
        PaymentProviderConfig.store_id == store_id, PaymentProviderConfig.is_active,
        PaymentProviderConfig.deleted_at.is_(None))
    if choice.provider_config_id is None:
        query = query.where(PaymentProviderConfig.gateway != MANUAL)
    else:
        query = query.where(PaymentProviderConfig.id == choice.provider_config_id)
    found = session.scalars(query.order_by(PaymentProviderConfig.id).limit(2)).all()
    if len(found) != 1:
        raise _not_one(choice, is_any=bool(found))
    if choice.method == "CASH_ON_DELIVERY" and found[0].gateway != MANUAL:
        raise PaymentMethodUnknown(reason="cash needs no provider.", field="payment.provider_config_id")
    return Account(found[0].gateway, found[0].id, found[0].is_test)

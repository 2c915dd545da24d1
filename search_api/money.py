"""Money as answers and bodies carry it."""

from pydantic import BaseModel, ConfigDict, Field

from search_api.schemas import LARGEST_AMOUNT, CurrencyCode, KeptCurrency, MinorAmount


class Money(BaseModel):
    """An amount of money: whole minor units, so 1999 is 19.99 USD, but 1999 JPY."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"amount": 1999, "currency": "USD"}]})

    amount: MinorAmount = Field(description="In minor units of the currency.")
    currency: CurrencyCode = Field(description="ISO 4217.")


class MoneyChange(BaseModel):
    """By how much an amount of money changes: below zero where it falls."""

    amount: int = Field(ge=-LARGEST_AMOUNT, le=LARGEST_AMOUNT, description="In minor units of the currency.")
    currency: KeptCurrency = Field(description="ISO 4217.")


def money(amount: int, currency: str) -> Money:
    """Return the amount as answers carry it. It is not checked again: a correction may be negative."""
    return Money.model_construct(amount=amount, currency=currency)


def money_or_none(amount: int | None, currency: str) -> Money | None:
    """Return the amount as answers carry it, None where there is none."""
    return None if amount is None else money(amount, currency)

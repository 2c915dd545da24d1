"""Stripe's own units of money: for most currencies the minor one, for some another, for some amounts none.

As its page on currencies has them: https://docs.stripe.com/currencies#minor-units and #special-cases.
"""

from oltp.kit.money import exponent

# No decimals any more, but sent with two, which are always 00.
_SENT_AS_HUNDREDTHS = ("ISK",)
# Two decimals by ISO 4217, none at Stripe.
_SENT_WHOLE = ("MGA",)
# Its page says both of them of this one: nobody is charged a hundred times too much, or too little.
_UNCLEAR = ("UGX",)


class NotChargeable(ValueError):
    """Stripe has no such amount; the text says why."""


def to_stripe(amount: int, currency: str) -> int:
    """Return minor units as Stripe counts them. Errors: NotChargeable."""
    if currency in _UNCLEAR:
        raise NotChargeable(f"Amounts in {currency} are not sent to Stripe.")
    if currency in _SENT_AS_HUNDREDTHS:
        return amount * 100
    step = 100 if currency in _SENT_WHOLE else 10 if exponent(currency) == 3 else 1
    if amount % step:
        raise NotChargeable(f"Stripe takes amounts in {currency} in steps of {step} minor units only.")
    return amount // step if currency in _SENT_WHOLE else amount


def from_stripe(amount: int, currency: str) -> int:
    """Return what Stripe says in minor units."""
    if currency in _SENT_AS_HUNDREDTHS:
        return amount // 100
    return amount * 100 if currency in _SENT_WHOLE else amount

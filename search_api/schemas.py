"""What bodies are made of: types with the bounds that the database has, so that bad input is refused by its name."""

import math
from functools import cache
from typing import Annotated, Any

from babel import Locale
from babel.numbers import list_currencies
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

# Beyond it a JSON number is no longer exact everywhere.
LARGEST_AMOUNT = 2**53
LARGEST_QUANTITY = 100_000
CURRENCY, COUNTRY, EMAIL = r"^[A-Z]{3}$", r"^[A-Z]{2}$", r"^[^@\s\x00]+@[^@\s\x00]+\.[^@\s\x00]+$"
# Groups of countries and names for tests, which have two letters as well.
_NO_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})


def _without_nul(text: str) -> str:
    # Postgres's text holds any character but this one; surrogates can't be encoded at all.
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("has a character that can't be stored")
    return text


def _counted(value: object) -> object:
    # True is 1 to Python, and to nobody who sends it as an amount.
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return value


@cache
def _currencies() -> frozenset[str]:
    # Those of today and of before: an old order may be imported in its own.
    return frozenset(list_currencies())


def _known_currency(code: str) -> str:
    if code not in _currencies():
        raise ValueError(f"{code} is no currency of ISO 4217")
    return code


@cache
def _countries() -> frozenset[str]:
    codes = (str(code) for code in Locale("en").territories)
    return frozenset(code for code in codes if len(code) == 2 and code.isalpha()) - _NO_COUNTRIES


def _known_country(code: str) -> str:
    if code not in _countries():
        raise ValueError(f"{code} is no country of ISO 3166-1")
    return code


def _storable(value: object) -> object:
    """Return JSON as it is where Postgres can keep it. Errors: ValueError."""
    parts = [value]
    while parts:
        part = parts.pop()
        if isinstance(part, str):
            _without_nul(part)
        elif isinstance(part, float) and not math.isfinite(part):
            raise ValueError("has a number that can't be stored")
        elif isinstance(part, dict):
            parts += [*part, *part.values()]
        elif isinstance(part, list):
            parts += part
    return value


Text = Annotated[str, StringConstraints(min_length=1, max_length=5000), AfterValidator(_without_nul)]
Line = Annotated[
    str, StringConstraints(min_length=1, max_length=255, strip_whitespace=True), AfterValidator(_without_nul)]
Email = Annotated[
    str, StringConstraints(max_length=254, pattern=EMAIL),
    AfterValidator(_without_nul)]
Quantity = Annotated[int, Field(ge=1, le=LARGEST_QUANTITY), BeforeValidator(_counted)]
MinorAmount = Annotated[int, Field(ge=0, le=LARGEST_AMOUNT), BeforeValidator(_counted)]
Foreign = Annotated[dict[str, Any], AfterValidator(_storable)]
# As a row may have it: what nobody knows any more can still be read.
KeptCurrency = Annotated[str, StringConstraints(pattern=CURRENCY)]
CurrencyCode = Annotated[KeptCurrency, AfterValidator(_known_currency)]
CountryCode = Annotated[str, StringConstraints(pattern=COUNTRY), AfterValidator(_known_country)]


class Body(BaseModel):
    """What a caller sends: a field that is not known is refused, not ignored."""

    model_config = ConfigDict(extra="forbid")


class Address(Body):
    """Where something goes, or whose money it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "first_name": "Ada", "last_name": "Byron", "email": "ada@example.com", "address": "12 St James's Square",
        "city": "London", "postal_code": "SW1Y 4JH", "country": "GB"}]})

    first_name: Line
    last_name: Line
    email: Email | None = None
    phone: Line | None = None
    address: Line
    city: Line
    state: Line | None = Field(default=None, description="State, province or region, as zones name it.")
    postal_code: Line
    country: CountryCode = Field(description="ISO 3166-1 alpha-2.")

"""Rules of orders: what some units of a line are worth, what is due, and how an address is written. Pure."""

import json
from collections.abc import Mapping
from typing import Any

# Legacy's programs read these keys, and the subject of a guest is found by the e-mail.
_KEYS: Mapping[str, str] = {
    "first_name": "firstName", "last_name": "lastName", "email": "email", "phone": "phone", "address": "address",
    "city": "city", "state": "state", "postal_code": "postalCode", "country": "country",
}
_NAMES = {key: name for name, key in _KEYS.items()}


def units_amount(line_total: int, quantity: int, settled: int, more: int) -> int:
    """Return what `more` units of a line are worth when `settled` of its `quantity` are settled already.

    The line's total is split over its units by largest remainder, and units are settled in that order. So whatever is
    settled in whatever portions, all units together are worth exactly the total.
    Errors: ValueError where there are not so many units.
    """
    if settled < 0 or more < 0 or settled + more > quantity:
        raise ValueError(f"{settled} + {more} of {quantity} units")
    return _first_units(line_total, quantity, settled + more) - _first_units(line_total, quantity, settled)


def _first_units(line_total: int, quantity: int, count: int) -> int:
    """Return the sum of the first parts of split(line_total, [1] * quantity): the larger ones come first."""
    if count == 0:
        return 0
    share, rest = divmod(line_total, quantity)
    return share * count + min(count, rest)


def address_json(address: Mapping[str, Any]) -> str:
    """Return an address as orders keep it: JSON with legacy's keys; further fields stay as they are named."""
    return json.dumps({_KEYS.get(name, name): value for name, value in address.items() if value is not None},
                      ensure_ascii=False)


def read_address(text: str | None) -> dict[str, Any] | None:
    """Return an order's address by the names of today; None where there is none, or none that can be read."""
    try:
        fields: object = json.loads(text) if text else None
    except ValueError:
        return None
    if not isinstance(fields, dict):
        return None
    return {_NAMES.get(str(key), str(key)): value for key, value in fields.items()}

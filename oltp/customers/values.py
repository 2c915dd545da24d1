"""Values of custom fields as Python has them: text, Decimal, bool, date. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from oltp.customers.errors import ValueInvalid
from oltp.customers.segment_rules import Value

LONGEST_TEXT = 5000
# So many digits come back from a JSON number as they were given.
MOST_DIGITS = 15


def read_values(kept: Mapping[str, Sequence[Any]]) -> dict[str, Value]:
    """Return values by key; each was kept as [text, number, boolean, date], three of them null."""
    found: dict[str, Value] = {}
    for key, (words, number, is_true, day) in kept.items():
        if words is not None:
            found[key] = words
        elif number is not None:
            found[key] = Decimal(number)
        elif is_true is not None:
            found[key] = is_true
        else:
            found[key] = date.fromisoformat(day)
    return found


def parse_value(given: object, *, kind: str, key: str, choices: Sequence[str] | None) -> Value:
    """Return a value as the field's kind has it; it is never guessed. Errors: ValueInvalid, naming the field."""
    if kind == "boolean" and isinstance(given, bool):
        return given
    if kind == "number" and isinstance(given, int | Decimal) and not isinstance(given, bool):
        if _is_exact(Decimal(given)):
            return Decimal(given)
    elif isinstance(given, str) and "\x00" not in given:
        if kind == "text" and 1 <= len(given) <= LONGEST_TEXT:
            return given
        if kind == "choice" and given in (choices or ()):
            return given
        if kind == "date" and len(given) == 10:
            try:
                return date.fromisoformat(given)
            except ValueError:
                pass
    expected = {"text": f"text of 1 to {LONGEST_TEXT} characters", "number": f"a number of at most {MOST_DIGITS} "
                "digits", "boolean": "true or false", "date": "a day, as 2026-11-24",
                "choice": f"one of {', '.join(choices or ())}"}[kind]
    raise ValueInvalid(key=key, expected=expected, field=f"values.{key}")


def _is_exact(number: Decimal) -> bool:
    return number.is_finite() and abs(number) < 10 ** MOST_DIGITS and (
        number == 0 or (len(number.normalize().as_tuple().digits) <= MOST_DIGITS and number.adjusted() >= -MOST_DIGITS))


def column_of(value: Value, *, kind: str) -> dict[str, Any]:
    """Return the column that holds the value; the others are NULL."""
    names = {"number": "number_value", "boolean": "boolean_value", "date": "date_value"}
    columns: dict[str, Any] = dict.fromkeys(("text_value", "number_value", "boolean_value", "date_value"))
    return {**columns, names.get(kind, "text_value"): value}

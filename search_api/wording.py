"""Wording: what is wrong with an input, for somebody who has not heard of the library that found it."""

from collections.abc import Mapping
from typing import Any

from search_api.schemas import COUNTRY, CURRENCY, EMAIL

_KINDS = {
    "model_type": "must be a JSON object", "model_attributes_type": "must be a JSON object",
    "dict_type": "must be a JSON object", "extra_forbidden": "is not known here",
    "missing": "is missing", "timezone_aware": "must be a time with an offset, such as 2026-11-24T09:30:00Z",
}
_PATTERNS = {
    CURRENCY: "must be a currency of ISO 4217 in capitals, such as USD",
    COUNTRY: "must be a country of ISO 3166-1 in two capitals, such as US",
    EMAIL: "must be an e-mail address",
    "^https?://": "must begin with http:// or https://", r"^https?://[^\s]+$": "must begin with http:// or https://",
}


def in_words(error: Mapping[str, Any]) -> str:
    """Return the sentence of an error as pydantic tells it."""
    kind, message = str(error["type"]), str(error["msg"])
    if kind in ("model_type", "model_attributes_type", "dict_type") and tuple(error["loc"]) == ("body",):
        return "must be a JSON object, sent with Content-Type: application/json"
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(error["ctx"]["pattern"], message)
    return _KINDS.get(kind, message.removeprefix("Value error, "))

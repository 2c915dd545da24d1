"""Rules of segments: what they find, and what is refused when they are written."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from oltp.customers.segment_rules import CustomerFacts, custom_keys, read_rule, rule_json

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ADA = CustomerFacts(
    UUID(int=1), "ada@Example.com", True, 3, 5000, "USD", NOON, "GB",
    {"tier": "gold", "age": Decimal("36.0"), "is_vip": True, "born": date(1990, 12, 10)})
NEW = CustomerFacts(UUID(int=2), "new@example.org", False, 0, 0, "EUR")


@pytest.mark.parametrize(("rule", "ada", "new"), [
    ({"type": "total_spent", "at_least": 5000, "currency": "USD"}, True, False),
    ({"type": "total_spent", "at_most": 4999, "currency": "USD"}, False, False),
    ({"type": "total_spent", "at_most": 4999, "currency": "EUR"}, False, True),
    ({"type": "orders_count", "at_least": 1, "at_most": 3}, True, False),
    ({"type": "orders_count", "at_most": 0}, False, True),
    ({"type": "last_order_before", "at": NOON.isoformat()}, False, False),
    ({"type": "last_order_before", "at": (NOON + timedelta(seconds=1)).isoformat()}, True, False),
    ({"type": "last_order_after", "at": NOON.isoformat()}, True, False),
    ({"type": "country", "countries": ["DE", "GB"]}, True, False),
    ({"type": "accepts_marketing", "value": False}, False, True),
    ({"type": "email_domain", "domains": ["@EXAMPLE.com"]}, True, False),
    ({"type": "custom_field", "key": "tier", "values": ["silver", "gold"]}, True, False),
    ({"type": "custom_field", "key": "age", "values": ["36"]}, True, False),
    ({"type": "custom_field", "key": "age", "values": ["old"]}, False, False),
    ({"type": "custom_field", "key": "is_vip", "values": ["true"]}, True, False),
    ({"type": "custom_field", "key": "born", "values": ["1990-12-10"]}, True, False),
    ({"type": "not", "rule": {"type": "custom_field", "key": "tier", "values": ["gold"]}}, False, True),
    ({"type": "all", "rules": [{"type": "accepts_marketing"}, {"type": "orders_count", "at_least": 9}]}, False, False),
    ({"type": "any", "rules": [{"type": "accepts_marketing"}, {"type": "orders_count", "at_most": 0}]}, True, True),
])
def test_segments_by_rule_find_whom_they_mean(rule: dict[str, Any], ada: bool, new: bool) -> None:
    parsed = read_rule(rule)
    assert (parsed.matches(ADA), parsed.matches(NEW)) == (ada, new)
    assert read_rule(rule_json(parsed)) == parsed


@pytest.mark.parametrize("rule", [
    {}, {"type": "horoscope"}, {"type": "orders_count"}, {"type": "orders_count", "at_least": -1},
    {"type": "orders_count", "at_least": 1, "colour": 1}, {"type": "total_spent", "at_least": 1},
    {"type": "total_spent", "at_least": 1, "currency": "usd"}, {"type": "country", "countries": []},
    {"type": "last_order_after", "at": "2026-11-24T12:00:00"}, {"type": "all", "rules": []}, {"type": "not"},
    {"type": "not", "rule": {"type": "x"}}, {"type": "custom_field", "key": "No", "values": ["x"]},
    {"type": "email_domain", "domains": ["a\x00b"]}])
def test_what_is_not_understood_is_refused_and_never_silently_false(rule: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        read_rule(rule)


def test_the_keys_of_custom_fields_are_found_however_deep() -> None:
    leaf = {"type": "custom_field", "key": "tier", "values": ["x"]}
    rule = read_rule({"type": "any", "rules": [{"type": "not", "rule": {"type": "all", "rules": [leaf]}}]})
    assert custom_keys(rule) == {"tier"}

"""States, units and addresses of orders, without a database."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from oltp.kit.money import split
from oltp.orders.rules import address_json, read_address, units_amount
from oltp.orders.states import ALLOWED, CANCELLABLE, STATUSES, event_of, may_become


@given(st.integers(0, 10**9), st.lists(st.integers(1, 7), min_size=1, max_size=9))
def test_settling_all_units_in_any_portions_is_worth_the_line(line_total: int, portions: list[int]) -> None:
    quantity, settled, worth = sum(portions), 0, 0
    parts = split(line_total, [1] * quantity)
    for more in portions:
        amount = units_amount(line_total, quantity, settled, more)
        assert amount == sum(parts[settled:settled + more])
        settled, worth = settled + more, worth + amount
    assert worth == line_total


def test_more_units_than_there_are_have_no_worth() -> None:
    for settled, more in ((0, 3), (2, 1), (-1, 1), (1, -1)):
        try:
            units_amount(100, 2, settled, more)
        except ValueError:
            continue
        raise AssertionError((settled, more))


def test_an_address_is_written_with_the_keys_of_legacy_and_read_back() -> None:
    address = {"first_name": "Ada", "email": "ada@example.test", "postal_code": "1", "state": None, "country": "GB"}
    written = address_json(address)
    assert written == '{"firstName": "Ada", "email": "ada@example.test", "postalCode": "1", "country": "GB"}'
    assert read_address(written) == {name: value for name, value in address.items() if value is not None}
    assert [read_address(text) for text in (None, "", "Baker Street", "[1]", '{"zip": 1}')] == [
        None, None, None, None, {"zip": 1}]


# Legacy's table, word for word.
LEGACY = {
    "PENDING": "PAID, PAYMENT_FAILED, PROCESSING, CANCELED", "PAYMENT_FAILED": "PENDING, PAID, CANCELED",
    "PAID": "PROCESSING, SHIPPED, CANCELED, REFUNDED", "PROCESSING": "SHIPPED, DELIVERED, CANCELED, REFUNDED",
    "SHIPPED": "DELIVERED, CANCELED, REFUNDED", "DELIVERED": "REFUNDED", "CANCELED": "PENDING, REFUNDED"}


def test_states_are_those_of_legacy() -> None:
    table = {since: set(ends.split(", ")) for since, ends in LEGACY.items()}
    assert {since: set(ends) for since, ends in ALLOWED.items()} == {**table, "REFUNDED": set()}
    for since, until in product(STATUSES, STATUSES):
        assert may_become(since, until) == (since == until or until in table.get(since, ()))
    # Legacy cancelled from PENDING, PROCESSING and PAID only; an order whose payment failed can be given up too.
    assert set(CANCELLABLE) == {"PENDING", "PROCESSING", "PAID", "PAYMENT_FAILED"}


def test_a_cancelled_order_that_lives_again_says_so() -> None:
    assert event_of("CANCELED", "PENDING") == "order.reactivated"
    assert event_of("PAYMENT_FAILED", "PENDING") == "order.updated"
    assert event_of("PAID", "CANCELED") == "order.cancelled"

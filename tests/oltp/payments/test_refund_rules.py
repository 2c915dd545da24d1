"""Property: returning all units in any order or grouping refunds exactly what was paid, to the minor unit."""

from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oltp.payments.errors import RefundEmpty, RefundTooLarge, RefundUnitsTooMany, RestockTooMany, ShippingRefundTooLarge
from oltp.payments.refund_rules import Line, Part, RefundWish, Shipping, capped, parts_of, restock_of

SPACE = UUID(int=1)
NO_SHIPPING = Shipping(0, 0, 0)


@st.composite
def orders(draw: st.DrawFn) -> tuple[list[Line], list[UUID]]:
    """Lines, and their units in the order in which they come back."""
    lines = []
    for index in range(draw(st.integers(1, 4))):
        quantity, total = draw(st.integers(1, 7)), draw(st.integers(0, 10_000))
        lines.append(Line(uuid5(SPACE, str(index)), quantity, total, draw(st.integers(0, total)), 0))
    return lines, draw(st.permutations([line.id for line in lines for _ in range(line.quantity)]))


@given(orders(), st.data())
def test_returning_all_units_in_any_order_or_grouping_refunds_exactly_what_was_paid(
    order: tuple[list[Line], list[UUID]], data: st.DataObject
) -> None:
    lines, units = order
    settled, paid, taxes = dict.fromkeys([line.id for line in lines], 0), dict.fromkeys([x.id for x in lines], 0), 0
    while units:
        count = data.draw(st.integers(1, len(units)))
        group, units = units[:count], units[count:]
        wish = RefundWish({item: group.count(item) for item in dict.fromkeys(group)})
        now = [Line(line.id, line.quantity, line.total, line.tax, settled[line.id]) for line in lines]
        for part in parts_of(wish, lines=now, shipping=NO_SHIPPING):
            assert part.amount >= 0 and part.order_item_id is not None
            paid[part.order_item_id] += part.amount
            taxes += part.amount if part.kind == "tax" else 0
            settled[part.order_item_id] += part.quantity or 0
    assert paid == {line.id: line.total for line in lines}
    assert taxes == sum(line.tax for line in lines)


@given(st.integers(1, 5000), st.data())
def test_shipping_in_parts_refunds_its_tax_exactly(total: int, data: st.DataObject) -> None:
    tax = data.draw(st.integers(0, total))
    refunded = taxed = 0
    while refunded < total:
        amount = data.draw(st.integers(1, total - refunded))
        parts = parts_of(RefundWish({}, amount), lines=[], shipping=Shipping(total, tax, refunded))
        assert sum(part.amount for part in parts) == amount
        assert all(part.amount >= 0 for part in parts)
        taxed += sum(part.amount for part in parts if part.kind == "tax")
        refunded += amount
    assert taxed == tax


def test_what_cannot_be_refunded_is_named() -> None:
    line = Line(UUID(int=5), 3, 100, 0, 2)
    with pytest.raises(RefundUnitsTooMany, match="Only 1") as refused:
        parts_of(RefundWish({line.id: 2}), lines=[line], shipping=NO_SHIPPING)
    assert refused.value.field == "items.0.quantity"
    with pytest.raises(ShippingRefundTooLarge, match="at most 20"):
        parts_of(RefundWish({}, 21), lines=[], shipping=Shipping(50, 0, 30))
    for wish in (RefundWish({}), RefundWish({}, shipping=True)):
        with pytest.raises(RefundEmpty):
            parts_of(wish, lines=[line], shipping=NO_SHIPPING)
    with pytest.raises(RestockTooMany):
        restock_of(RefundWish({line.id: 1}, restock={line.id: 2}))
    assert restock_of(RefundWish({line.id: 1}, restock=True)) == {str(line.id): 1}


def test_units_are_refunded_up_to_what_is_left_and_an_amount_is_refused_beyond_it() -> None:
    parts = [Part("item", 70, UUID(int=1), 1), Part("tax", 30, UUID(int=1))]
    assert [part.amount for part in capped(parts, left=50, is_amount=False)] == [35, 15]
    with pytest.raises(RefundTooLarge, match="At most 50"):
        capped([Part("amount", 51)], left=50, is_amount=True)

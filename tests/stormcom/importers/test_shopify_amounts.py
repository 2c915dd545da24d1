"""What Shopify says of a whole order, split over its lines: it always adds up again."""

from random import Random

from oltp.kit.money import split
from stormcom.importers.shopify.amounts import Line, SplitOrder, split_order, split_refund
from tests.conftest import IS_FULL

CASES = 100_000 if IS_FULL else 2000


def paid(order: SplitOrder) -> int:
    return sum(line.total for line in order.lines) + order.shipping + order.shipping_tax


def test_an_order_without_discount_and_tax() -> None:
    order = split_order([Line(1000, 2, 0)], subtotal=2000, shipping=500, taxes=0, total=2500)
    assert order is not None
    assert (order.lines[0].subtotal, order.lines[0].discount, order.lines[0].tax) == (2000, 0, 0)
    assert (order.shipping, order.shipping_tax, order.is_inclusive) == (500, 0, False)


def test_taxes_on_top_and_taxes_inside() -> None:
    lines = [Line(1190, 1, 0)]
    on_top = split_order(lines, subtotal=1190, shipping=0, taxes=226, total=1416)
    inside = split_order(lines, subtotal=1190, shipping=0, taxes=190, total=1190)
    assert on_top is not None and inside is not None
    assert (on_top.lines[0].subtotal, on_top.lines[0].tax, on_top.is_inclusive) == (1190, 226, False)
    assert (inside.lines[0].subtotal, inside.lines[0].tax, inside.is_inclusive) == (1000, 190, True)


def test_a_lines_own_discount_stays_with_it() -> None:
    order = split_order([Line(1000, 1, 300), Line(1000, 1, 0)], subtotal=1700, shipping=0, taxes=0, total=1700)
    assert order is not None
    assert [line.discount for line in order.lines] == [300, 0]


def test_sums_that_do_not_add_up_are_not_guessed() -> None:
    assert split_order([Line(1000, 1, 0)], subtotal=1000, shipping=0, taxes=0, total=1300) is None  # a tip
    assert split_order([Line(1000, 1, 0)], subtotal=1500, shipping=0, taxes=0, total=1500) is None  # an edited order


def test_random_orders_add_up_to_what_was_paid() -> None:
    random = Random(4)
    for _ in range(CASES):
        lines = [Line(random.randrange(5000), random.randint(1, 5), 0) for _ in range(random.randint(1, 6))]
        gross = sum(line.gross for line in lines)
        discount = random.randint(0, gross)
        own = split(random.randint(0, discount), [line.gross for line in lines]) if gross else [0] * len(lines)
        lines = [Line(line.price, line.quantity, min(taken, line.gross))
                 for line, taken in zip(lines, own, strict=True)]
        subtotal, shipping = gross - discount, random.randrange(1000)
        taxes = random.randint(0, (subtotal + shipping) // 3)
        total = subtotal + shipping + (0 if random.random() < 0.5 else taxes)
        order = split_order(lines, subtotal=subtotal, shipping=shipping, taxes=taxes, total=total)
        assert order is not None
        assert paid(order) == total
        assert sum(line.tax for line in order.lines) + order.shipping_tax == taxes
        assert all(min(line.subtotal, line.discount, line.tax, line.total) >= 0 for line in order.lines)
        refunded = random.randint(0, total)
        assert sum(split_refund(refunded, order)) == refunded
        assert split_refund(total, order)[2] == taxes

"""The pieces of a cart and what is left of each, piece by piece, without a list of pieces.

A line's pieces are runs of (how many, what is left of each); runs keep the pieces' order, so a piece keeps its place.
A line of 100,000 pieces costs no more than one of two.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from oltp.kit.money import split
from oltp.promotions.facts import PromoFacts, PromoLine

Run = tuple[int, int]
Runs = tuple[Run, ...]


@dataclass
class Cart:
    """What is left of each line (in canonical order), piece by piece, and of shipping."""

    left: list[int]
    runs: list[Runs]
    shipping: int

    def copy(self) -> "Cart":
        """Return a cart of its own with the same in it."""
        return Cart(self.left.copy(), self.runs.copy(), self.shipping)

    @property
    def total(self) -> int:
        """What is left of lines and shipping."""
        return sum(self.left) + self.shipping


@dataclass(frozen=True)
class Pick:
    """Pieces of one run that take part: `count` of those, each worth `value`."""

    line: int
    run: int
    count: int
    value: int


def canonical(lines: Iterable[PromoLine]) -> tuple[PromoLine, ...]:
    """Return lines in an order that depends on what is in them, not on where they stood."""
    return tuple(sorted(lines, key=lambda line: (
        str(line.variant_id), str(line.bundle_id or ""), line.unit_amount, line.quantity, line.taken, line.line_id)))


def open_cart(facts: PromoFacts) -> Cart:
    """Return the cart before promotions; its lines stand as facts.lines does."""
    return Cart([line.amount for line in facts.lines], [_even(line.amount, line.quantity) for line in facts.lines],
                facts.shipping_amount)


def _even(amount: int, quantity: int) -> Runs:
    each, more = divmod(amount, quantity)
    return tuple(run for run in ((more, each + 1), (quantity - more, each)) if run[0])


def take_from_lines(cart: Cart, lines: Sequence[int], amount: int) -> int:
    """Take `amount`, at most what is left, off whole lines in proportion to what is left of each; return it."""
    amount = min(amount, sum(cart.left[line] for line in lines))
    if amount <= 0:
        return 0
    take_shares(cart, lines, split(amount, [cart.left[line] for line in lines]))
    return amount


def take_shares(cart: Cart, lines: Sequence[int], shares: Sequence[int]) -> None:
    """Take each line's share off its pieces."""
    for line, share in zip(lines, shares, strict=True):
        if share:
            counts = [count for count, _ in cart.runs[line]]
            cart.runs[line] = _spread(cart.runs[line], counts, share)
            cart.left[line] -= share


def take_from_picks(cart: Cart, picks: Sequence[Pick], amount: int) -> int:
    """Take `amount`, at most what they are worth, off picked pieces, by line and then by piece; return it."""
    amount = min(amount, sum(pick.count * pick.value for pick in picks))
    if amount <= 0:
        return 0
    lines = sorted({pick.line for pick in picks})
    worth = {line: sum(pick.count * pick.value for pick in picks if pick.line == line) for line in lines}
    for line, share in zip(lines, split(amount, [worth[line] for line in lines]), strict=True):
        counts = [0] * len(cart.runs[line])
        for pick in picks:
            if pick.line == line:
                counts[pick.run] += pick.count
        if share:
            cart.runs[line] = _spread(cart.runs[line], counts, share)
            cart.left[line] -= share
    return amount


def _spread(runs: Runs, counts: Sequence[int], amount: int) -> Runs:
    """Return the runs after `amount` was taken off the last `counts` pieces of each, by largest remainder.

    Σ shares = amount and no piece gives more than it is worth, provided that amount ≤ what they are worth.
    """
    total = sum(count * value for count, (_, value) in zip(counts, runs, strict=True))
    over = amount - sum(count * (amount * value // total) for count, (_, value) in zip(counts, runs, strict=True))
    more = [0] * len(runs)
    for i in sorted(range(len(runs)), key=lambda i: -(amount * runs[i][1] % total)):
        more[i] = min(counts[i], over)
        over -= more[i]
    after: list[Run] = []
    for (size, value), count, plus in zip(runs, counts, more, strict=True):
        rest = value - amount * value // total
        for run in ((size - count, value), (plus, rest - 1), (count - plus, rest)):
            _append(after, run)
    return tuple(after)


def _append(runs: list[Run], run: Run) -> None:
    if not run[0]:
        return
    if runs and runs[-1][1] == run[1]:
        runs[-1] = (runs[-1][0] + run[0], run[1])
    else:
        runs.append(run)


def pieces_of(cart: Cart, lines: Iterable[int]) -> list[Pick]:
    """Return all pieces of the lines, the cheapest first; of equal ones those of the later line's last place first."""
    found = [Pick(line, run, count, value) for line in lines for run, (count, value) in enumerate(cart.runs[line])]
    return sorted(found, key=lambda pick: (pick.value, -pick.line, -pick.run))


def expand(runs: Runs) -> tuple[int, ...]:
    """Return what is left of each piece, in order."""
    return tuple(value for count, value in runs for _ in range(count))

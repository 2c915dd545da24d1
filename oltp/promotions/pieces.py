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


class Pieces:
    """A line's pieces. Most shares are of the whole line, and nobody looks at its pieces: they are split when asked."""

    __slots__ = ("_before", "_left", "_runs", "_share")

    def __init__(self, runs: Runs | None, before: "Pieces | None" = None, left: int = 0, share: int = 0) -> None:
        """Take runs, or pieces before a share of the `left` that they had was taken off all of them."""
        self._runs, self._before, self._left, self._share = runs, before, left, share

    def runs(self) -> Runs:
        """Return the runs; they are worked out once, by a loop because there may be a thousand shares."""
        waiting, first = [], self
        while first._runs is None and first._before is not None:
            waiting.append(first)
            first = first._before
        runs = first._runs or ()
        for pieces in reversed(waiting):
            runs = pieces._runs = _spread(runs, [count for count, _ in runs], pieces._left, pieces._share)
            pieces._before = None
        return runs


class Cart:
    """What is left of each line (in canonical order), piece by piece, and of shipping."""

    __slots__ = ("left", "pieces", "shipping")

    def __init__(self, left: Sequence[int], runs: Iterable[Runs], shipping: int) -> None:
        self.left = list(left)
        self.pieces = [Pieces(each) for each in runs]
        self.shipping = shipping

    def copy(self) -> "Cart":
        """Return a cart of its own with the same in it."""
        cart = Cart(self.left, (), self.shipping)
        cart.pieces = self.pieces.copy()
        return cart

    @property
    def runs(self) -> list[Runs]:
        """What is left of each line, piece by piece."""
        return [pieces.runs() for pieces in self.pieces]

    @property
    def total(self) -> int:
        """What is left of lines and shipping."""
        return sum(self.left) + self.shipping


@dataclass(slots=True)
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
    left = [cart.left[line] for line in lines]
    amount = min(amount, sum(left))
    if amount <= 0:
        return 0
    take_shares(cart, lines, split(amount, left))
    return amount


def take_shares(cart: Cart, lines: Sequence[int], shares: Sequence[int]) -> None:
    """Take each line's share off all its pieces."""
    for line, share in zip(lines, shares, strict=True):
        if share:
            cart.pieces[line] = Pieces(None, cart.pieces[line], cart.left[line], share)
            cart.left[line] -= share


def take_from_picks(cart: Cart, picks: Sequence[Pick], amount: int) -> int:
    """Take `amount`, at most what they are worth, off picked pieces, by line and then by piece; return it."""
    worth: dict[int, int] = {}
    counts: dict[int, list[int]] = {}
    for pick in sorted(picks, key=lambda pick: pick.line):
        worth[pick.line] = worth.get(pick.line, 0) + pick.count * pick.value
        counts.setdefault(pick.line, [0] * len(cart.pieces[pick.line].runs()))[pick.run] += pick.count
    amount = min(amount, sum(worth.values()))
    if amount <= 0:
        return 0
    for line, share in zip(worth, split(amount, list(worth.values())), strict=True):
        if share:
            cart.pieces[line] = Pieces(_spread(cart.pieces[line].runs(), counts[line], worth[line], share))
            cart.left[line] -= share
    return amount


def _spread(runs: Runs, counts: Sequence[int], worth: int, amount: int) -> Runs:
    """Return the runs after `amount` was taken off the last `counts` pieces of each, by largest remainder.

    Σ shares = amount and no piece gives more than it has, provided that amount ≤ `worth`, what those pieces have.
    """
    # A share of one piece, rounded down, and what was lost by it; of equal pieces in one run (amount ÷ count).
    parts = [divmod(amount * value, worth) for _, value in runs]
    over = amount
    for count, (each, _) in zip(counts, parts, strict=True):
        over -= count * each
    more = [0] * len(runs)
    for i in _by_remainder(parts) if over else ():
        more[i] = min(counts[i], over)
        over -= more[i]
    after: list[Run] = []
    for (size, value), count, plus, (each, _) in zip(runs, counts, more, parts, strict=True):
        for run in ((size - count, value), (plus, value - each - 1), (count - plus, value - each)):
            if run[0]:
                _append(after, run)
    return tuple(after)


def _by_remainder(parts: Sequence[tuple[int, int]]) -> Sequence[int]:
    """Return the places of (quotient, remainder) by falling remainder; of equal ones the earlier first."""
    if len(parts) == 1:
        return (0,)
    return sorted(range(len(parts)), key=lambda i: -parts[i][1])


def _append(runs: list[Run], run: Run) -> None:
    if runs and runs[-1][1] == run[1]:
        runs[-1] = (runs[-1][0] + run[0], run[1])
    else:
        runs.append(run)


def pieces_of(cart: Cart, lines: Iterable[int]) -> list[Pick]:
    """Return all pieces of the lines, the cheapest first; of equal ones those of the later line's last place first."""
    found = [(value, -line, -run, count) for line in lines
             for run, (count, value) in enumerate(cart.pieces[line].runs())]
    return [Pick(-line, -run, count, value) for value, line, run, count in sorted(found)]


def expand(runs: Runs) -> tuple[int, ...]:
    """Return what is left of each piece, in order."""
    return tuple(value for count, value in runs for _ in range(count))

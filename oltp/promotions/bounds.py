"""The most that rules can still take off a cart: never too little, whichever of them apply.

Let each line keep a share of what it has, rule after rule. A percentage, and an amount off the order, leave at least
their share of each line, whatever came before; the share of an amount is worked out on the least that can be left then.
Anything else gives at most what it would give alone (giving.py), and what it takes off a line is lost to the shares
that come after it. Of rules that exclude each other the most generous counts.
"""

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, field, replace

from oltp.promotions.effects import Action, BundlePrice, BuyGet, Fixed, FreeShipping, Percent, TieredSpend
from oltp.promotions.giving import WHOLE, Giver, thousandths, tier_of
from oltp.promotions.goods import Goods
from oltp.promotions.pieces import Cart
from oltp.promotions.stacking import NO_LIMIT, ReadyRule

# Shares and what is made of them are in parts of so many, so that rounding them costs nothing.
_ONE = 10**12
# Of more pieces given away than these, the bound is what they come to alone.
PIECES_COUNTED = 50


@dataclass(slots=True)
class _Part:
    """What one action can take: `most` in all and, where that is known, a `share` of each line that it means.

    Of parts with the same `pot` one counts. `kept` is the most that a line it means keeps of what it has after it.
    """

    places: Sequence[int]
    most: int
    pot: Hashable | None = None
    share: int | None = None
    kept: int = _ONE
    # How many of the cheapest pieces it gives away, if that is all it does.
    gives: int = 0

    @property
    def rounding(self) -> int:
        """The most that rounding, once for the amount and once for each line, adds to the shares of lines."""
        return (2 + len(self.places)) * _ONE // 4

    def value(self, weights: Sequence[int]) -> int:
        """Return the most that it takes off lines of which so much would be left without it."""
        alone = self.most * self.kept
        if self.share is None:
            return alone
        return min(alone, sum([weights[place] for place in self.places]) * self.share // _ONE + self.rounding)


@dataclass(slots=True)
class _Pot:
    """Parts of which one counts, and the most that one of them takes."""

    parts: tuple[_Part, ...] = ()
    most: int = 0
    gives: int = 0


@dataclass(slots=True)
class _Rest:
    """The parts from a rule on: what lines keep after the shares, what else is taken, and the pots."""

    keeps: list[int]
    taken: int = 0
    shipping: int = 0
    alone: int = 0
    pots: dict[Hashable, _Pot] = field(default_factory=dict)
    # What each line may lose but for the shares, and how many shares there are.
    lost: list[int] = field(default_factory=list)
    shares: int = 0

    def copy(self) -> "_Rest":
        """Return one of its own with the same in it."""
        return replace(self, keeps=self.keeps.copy(), pots=self.pots.copy(), lost=self.lost.copy())

    def put_before(self, part: _Part) -> None:
        """Add a part that stands before all that are here."""
        if not part.places:
            self.shipping += part.most
            return
        part.kept = max(self.keeps[place] for place in part.places)
        if part.pot is not None:
            pot = self.pots.get(part.pot, _Pot())
            self.pots[part.pot] = _Pot((*pot.parts, part), max(pot.most, part.most), max(pot.gives, part.gives))
            self._lose(part, max(0, part.most - pot.most))
        elif part.share is None:
            self.alone += part.most
            self.taken += part.kept * part.most
            self._lose(part, part.most)
        else:
            self.alone += part.most
            self.taken += part.rounding
            self.shares += 1
            for place in part.places:
                self.keeps[place] = self.keeps[place] * (_ONE - part.share) // _ONE

    def _lose(self, part: _Part, amount: int) -> None:
        for place in part.places:
            self.lost[place] += amount

    def given_away(self, pot: _Pot, cart: Cart) -> int:
        """Return the most that giving the cheapest pieces away takes off what the shares leave of them.

        A piece too dear to be among the cheapest, whatever it loses before, is none of them. Rounding may move three
        minor units off a piece at each share, and one from a piece to others of its line.
        """
        pieces = sorted([(value, line, count) for line in pot.parts[0].places
                         for count, value in cart.pieces[line].runs()])
        cheap = [value for value, _, count in pieces for _ in range(min(count, pot.gives))][:pot.gives]
        left = sorted([(value * self.keeps[line], count) for value, line, count in pieces if value * self.keeps[line]
                       <= (cheap[-1] + self.lost[line] - pot.most + 3 * self.shares) * _ONE], reverse=True)
        worth = [amount for amount, count in left for _ in range(min(count, pot.gives))][:pot.gives]
        return sum(worth) + pot.gives * self.shares * _ONE


class _Least:
    """What is left of each line at least, and how much of it may be gone all the same."""

    def __init__(self, start: Cart) -> None:
        self._left = [amount * _ONE for amount in start.left]
        self._lost = 0
        self._pots: dict[Hashable, int] = {}

    def of(self, places: Sequence[int]) -> int:
        """Return what is left of these lines together, in parts of _ONE."""
        return sum([self._left[place] for place in places]) - self._lost

    def take(self, part: _Part) -> None:
        """Take a part off."""
        if not part.places:
            return
        if part.pot is not None:
            before = self._pots.get(part.pot, 0)
            self._pots[part.pot] = max(before, part.most)
            self._lost += (self._pots[part.pot] - before) * _ONE
        elif part.share is None:
            self._lost += part.most * _ONE
        else:
            self._lost += part.rounding
            for place in part.places:
                self._left[place] = self._left[place] * (_ONE - part.share) // _ONE


class Bound:
    """The most that rules, each from a place on, can still take off a cart that comes of `start`."""

    def __init__(self, start: Cart, rules: Sequence[ReadyRule], goods: Goods) -> None:
        least = _Least(start)
        parts = [list(_parts(ready, start, goods, least)) for ready in rules]
        rest = _Rest([_ONE] * len(start.left), lost=[0] * len(start.left))
        self._rests = [rest]
        for made in reversed(parts):
            rest = rest.copy()
            for part in reversed(made):
                rest.put_before(part)
            self._rests.append(rest)
        self._rests.reverse()

    def could_add(self, cart: Cart, place: int, claimed: Collection[Hashable], needed: int) -> int:
        """Return the most that the rules from that place on can take, but for those that others have kept out.

        Where a rough answer is less than `needed` it is returned: the exact one costs more.
        """
        rest, left = self._rests[place], sum(cart.left)
        weights = [amount * keep for amount, keep in zip(cart.left, rest.keeps, strict=True)]
        taken, alone = left * _ONE - sum(weights) + rest.taken, rest.alone
        gifts = []
        for name, pot in rest.pots.items():
            if name not in claimed:
                most = max([part.value(weights) for part in pot.parts])
                taken += most
                alone += pot.most
                if pot.gives:
                    gifts.append((most, pot))
        others = min(cart.shipping, rest.shipping)
        for most, pot in gifts:
            if min(taken // _ONE, alone, left) + others < needed:
                break
            taken -= max(0, most - rest.given_away(pot, cart))
        return min(taken // _ONE, alone, left) + others


def _parts(ready: ReadyRule, start: Cart, goods: Goods, least: _Least) -> list[_Part]:
    """Return what a rule can take, action by action; of one that excludes others all it takes off lines as one."""
    pot, made = ready.shared[0] if ready.shared else None, []
    for action, give in zip(ready.rule.actions, ready.givers, strict=True):
        part = _Part(_places(action, goods), _most(action, give, ready.budget, start))
        part.share = _share(action, part.places, ready.budget, goods, least)
        if pot is None:
            part.gives = _pieces_given(action, goods, ready.budget)
            part.pot = ("pieces", part.places) if part.gives else None
            least.take(part)
        made.append(part)
    if pot is None:
        return made
    others, lines = [part for part in made if not part.places], [part for part in made if part.places]
    for part in lines if len(lines) == 1 else _as_one(lines):
        part.pot = pot
        least.take(part)
        others.append(part)
    return others


def _as_one(parts: Sequence[_Part]) -> list[_Part]:
    places = sorted({place for part in parts for place in part.places})
    return [_Part(places, sum(part.most for part in parts))] if places else []


def _pieces_given(action: Action, goods: Goods, budget: int) -> int:
    """Return how many of the cheapest pieces an action gives away, if that is all it does.

    Of several that do so with the same lines one counts: it finds what another gave the cheapest.
    """
    if not isinstance(action, BuyGet) or action.percent < 100 or action.get_items is not None:
        return 0
    if action.cap_amount is not None or budget < NO_LIMIT:
        return 0
    size, total = action.buy_quantity + action.get_quantity, goods.quantity(goods.places(action.items))
    gives = min(total // size, action.max_times or total) * action.get_quantity
    return gives if gives <= PIECES_COUNTED else 0


def _places(action: Action, goods: Goods) -> tuple[int, ...]:
    """Return the lines off which an action may take something."""
    match action:
        case FreeShipping():
            return ()
        case BuyGet():
            return goods.places(action.get_items or action.items)
        case BundlePrice():
            return tuple(sorted({place for part in action.parts for place in goods.places(part.items)}))
        case _:
            return goods.places(action.items)


def _most(action: Action, give: Giver, budget: int, start: Cart) -> int:
    """Return the most that an action gives, in any cart that comes of this one."""
    if isinstance(action, BundlePrice) and len(action.parts) > 1:
        return min(start.total, budget, action.cap_amount or budget)
    return give(start.copy(), budget)


def _share(action: Action, places: Sequence[int], budget: int, goods: Goods, least: _Least) -> int | None:
    """Return the share that an action takes of each line at most, or None where there is no telling."""
    percent, amount = _means(action, goods)
    limit, base = min(amount, budget, action.cap_amount or budget), least.of(places)
    share = percent * _ONE // WHOLE
    if base > 0:
        share = min(share, -(-limit * _ONE * _ONE // base))
    # A large share would keep too little of the lines for the parts that follow.
    return None if percent == 0 or (amount < NO_LIMIT and share > _ONE // 2) else share


def _means(action: Action, goods: Goods) -> tuple[int, int]:
    """Return so many thousandths of a percent and the amount that an action takes at most; 0 % if it isn't so."""
    if isinstance(action, Percent):
        return thousandths(action.percent), NO_LIMIT
    if isinstance(action, Fixed):
        return (WHOLE, action.amount) if action.per == "order" else (0, 0)
    tier = tier_of(action, goods) if isinstance(action, TieredSpend) else None
    if tier is None:
        return 0, 0
    return (WHOLE, tier.amount or 0) if tier.percent is None else (thousandths(tier.percent), NO_LIMIT)

"""How much each action gives, taken off a cart's pieces. Every percentage is rounded once, half-even, then split.

Given a cart in which less is left, no action gives more: the bound of the search for the best deal rests on it. Only
`bundle_price` with several parts may, when parts compete for pieces; bounds.py bounds it by what is left.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import assert_never

from oltp.kit.money import split
from oltp.promotions.effects import (
    Action,
    BundlePart,
    BundlePrice,
    BuyGet,
    Fixed,
    FreeShipping,
    Percent,
    Tier,
    TieredSpend,
)
from oltp.promotions.goods import Goods
from oltp.promotions.pieces import Cart, Pick, pieces_of, take_from_lines, take_from_picks, take_shares

# Takes off a cart what an action gives, at most so much; returns it. What it means on the goods is worked out before.
Giver = Callable[[Cart, int], int]
Places = Sequence[int]
# A hundred percent, in thousandths of a percent.
WHOLE = 100_000


def thousandths(percent: Decimal) -> int:
    """Return a percentage, which has at most three decimals, as a whole number."""
    return int(percent * 1000)


def share_of(amount: int, percent: int) -> int:
    """Return so many thousandths of a percent of an amount, half-even."""
    whole, rest = divmod(amount * percent, WHOLE)
    return whole + (2 * rest > WHOLE or (2 * rest == WHOLE and whole % 2 == 1))


def giver_of(action: Action, goods: Goods) -> Giver:
    """Return what gives the action on these goods, at most its cap."""
    give, cap = _uncapped(action, goods), action.cap_amount
    if cap is None:
        return give
    return lambda cart, most: give(cart, min(most, cap))


def _uncapped(action: Action, goods: Goods) -> Giver:
    match action:
        case Percent():
            return _percent(action.percent, goods.places(action.items))
        case Fixed():
            return _fixed(action, goods.places(action.items))
        case FreeShipping():
            return _shipping
        case BuyGet():
            return _buy_get(action, goods)
        case TieredSpend():
            return _tiered(action, goods)
        case BundlePrice():
            return _bundle(action, goods)
        case _:
            assert_never(action)


def _percent(percent: Decimal, places: Places) -> Giver:
    share = thousandths(percent)

    def give(cart: Cart, most: int) -> int:
        base = sum([cart.left[place] for place in places])
        return take_from_lines(cart, places, min(share_of(base, share), most))

    return give


def _fixed(action: Fixed, places: Places) -> Giver:
    amount = action.amount

    def give_each(cart: Cart, most: int) -> int:
        shares = [min(amount, cart.left[place]) for place in places]
        if sum(shares) > most:
            shares = split(most, shares)
        take_shares(cart, places, shares)
        return sum(shares)

    return give_each if action.per == "line" else lambda cart, most: take_from_lines(cart, places, min(amount, most))


def _shipping(cart: Cart, most: int) -> int:
    given = min(cart.shipping, most)
    cart.shipping -= given
    return given


def tier_of(action: TieredSpend, goods: Goods) -> Tier | None:
    """Return the highest tier that the goods reach."""
    spent = goods.amount(goods.places(action.items))
    return next((tier for tier in reversed(action.tiers) if tier.from_amount <= spent), None)


def _tiered(action: TieredSpend, goods: Goods) -> Giver:
    tier, places = tier_of(action, goods), goods.places(action.items)
    if tier is None:
        return lambda cart, most: 0
    if tier.percent is not None:
        return _percent(tier.percent, places)
    amount = tier.amount or 0
    return lambda cart, most: take_from_lines(cart, places, min(amount, most))


def _buy_get(action: BuyGet, goods: Goods) -> Giver:
    """Give as often as pieces suffice: those only to buy first, so that pieces for both are left to give."""
    buy = set(goods.places(action.items))
    get = buy if action.get_items is None else set(goods.places(action.get_items))
    both, total = goods.quantity(buy & get), goods.quantity(buy | get)
    only_buy, could_get = goods.quantity(buy - get), goods.quantity(get)
    times = min(goods.quantity(buy) // action.buy_quantity, could_get // action.get_quantity,
                total // (action.buy_quantity + action.get_quantity), action.max_times or total)
    spare = both - max(0, times * action.buy_quantity - only_buy)
    share, places, wanted = thousandths(action.percent), sorted(get), times * action.get_quantity

    def give(cart: Cart, most: int) -> int:
        picks = _cheapest(pieces_of(cart, places), wanted, buy, spare)
        worth = sum([pick.count * pick.value for pick in picks])
        return take_from_picks(cart, picks, min(share_of(worth, share), most))

    return give


def _cheapest(pieces: Sequence[Pick], wanted: int, shared: set[int], spare: int) -> list[Pick]:
    """Return the `wanted` cheapest pieces, of them at most `spare` of lines that are also bought from."""
    found = []
    for piece in pieces:
        if not wanted:
            break
        count = min(piece.count, wanted, spare if piece.line in shared else wanted)
        if count:
            found.append(Pick(piece.line, piece.run, count, piece.value))
            wanted -= count
            spare -= count if piece.line in shared else 0
    return found


def _bundle(action: BundlePrice, goods: Goods) -> Giver:
    """Give what each set costs above its price, as long as it saves something."""
    places = [set(goods.places(part.items)) for part in action.parts]
    everything = sorted(set().union(*places))

    def give(cart: Cart, most: int) -> int:
        free = {(piece.line, piece.run): piece for piece in reversed(pieces_of(cart, everything))}
        taken: list[Pick] = []
        saved = 0
        for _ in range(action.max_times):
            one = _one_set(action.parts, places, free)
            more = sum([pick.count * pick.value for pick in one]) - action.amount
            if not one or more <= 0:
                break
            saved += more
            taken += one
        return take_from_picks(cart, taken, min(saved, most))

    return give


def _one_set(
    parts: Sequence[BundlePart], places: Sequence[set[int]], free: dict[tuple[int, int], Pick]
) -> list[Pick]:
    """Take one set out of `free`, the dearest pieces of each part; nothing where a part can't be filled."""
    picks: list[Pick] = []
    for part, meant in zip(parts, places, strict=True):
        wanted = part.quantity
        for key, piece in free.items():
            if wanted and piece.count and piece.line in meant:
                count = min(piece.count, wanted)
                picks.append(Pick(piece.line, piece.run, count, piece.value))
                free[key] = Pick(piece.line, piece.run, piece.count - count, piece.value)
                wanted -= count
        if wanted:
            return []
    return picks

"""How much each action gives, taken off a cart's pieces. Every percentage is rounded once, half-even, then split.

Given a cart in which less is left, no action gives more: the bound of the search for the best deal rests on it. Only
`bundle_price` with several parts may, when parts compete for pieces; best_deal bounds it by what is left.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import assert_never

from oltp.kit.money import split
from oltp.promotions.conditions import Items
from oltp.promotions.effects import Action, BundlePart, BundlePrice, BuyGet, Fixed, FreeShipping, Percent, TieredSpend
from oltp.promotions.facts import PromoLine
from oltp.promotions.pieces import Cart, Pick, pieces_of, take_from_lines, take_from_picks, take_shares

Lines = Sequence[PromoLine]


def share_of(amount: int, percent: Decimal) -> int:
    """Return `percent` of an amount, half-even; a percentage has at most three decimals."""
    whole, rest = divmod(amount * int(percent * 1000), 100_000)
    return whole + (rest > 50_000 or (rest == 50_000 and whole % 2 == 1))


def give(action: Action, cart: Cart, lines: Lines, limit: int | None) -> int:
    """Take off the cart what the action gives, at most `limit`; return it."""
    limits = [each for each in (action.cap_amount, limit) if each is not None]
    most = min(limits) if limits else cart.total
    match action:
        case Percent():
            return _percent(action.percent, cart, meant(action.items, lines), most)
        case Fixed():
            return _fixed(action, cart, meant(action.items, lines), most)
        case FreeShipping():
            given = min(cart.shipping, most)
            cart.shipping -= given
            return given
        case BuyGet():
            return _buy_get(action, cart, lines, most)
        case TieredSpend():
            return _tiered(action, cart, lines, most)
        case BundlePrice():
            return _bundle(action, cart, lines, most)
        case _:
            assert_never(action)


def meant(items: Items | None, lines: Lines) -> list[int]:
    """Return the places of the lines that are meant."""
    return [place for place, line in enumerate(lines) if items is None or line in items]


def _percent(percent: Decimal, cart: Cart, places: Sequence[int], most: int) -> int:
    base = sum(cart.left[place] for place in places)
    return take_from_lines(cart, places, min(share_of(base, percent), most))


def _fixed(action: Fixed, cart: Cart, places: Sequence[int], most: int) -> int:
    if action.per == "order":
        return take_from_lines(cart, places, min(action.amount, most))
    shares = [min(action.amount, cart.left[place]) for place in places]
    if sum(shares) > most:
        shares = split(most, shares)
    take_shares(cart, places, shares)
    return sum(shares)


def _tiered(action: TieredSpend, cart: Cart, lines: Lines, most: int) -> int:
    places = meant(action.items, lines)
    spent = sum(lines[place].amount for place in places)
    reached = [tier for tier in action.tiers if tier.from_amount <= spent]
    if not reached:
        return 0
    if reached[-1].percent is not None:
        return _percent(reached[-1].percent, cart, places, most)
    return take_from_lines(cart, places, min(reached[-1].amount or 0, most))


def _buy_get(action: BuyGet, cart: Cart, lines: Lines, most: int) -> int:
    """Give as often as pieces suffice: those only to buy first, so that pieces for both are left to give."""
    buy = set(meant(action.items, lines))
    get = buy if action.get_items is None else set(meant(action.get_items, lines))
    both, total = _quantity(lines, buy & get), _quantity(lines, buy | get)
    only_buy, could_get = _quantity(lines, buy - get), _quantity(lines, get)
    times = min(_quantity(lines, buy) // action.buy_quantity, could_get // action.get_quantity,
                total // (action.buy_quantity + action.get_quantity), action.max_times or total)
    spare = both - max(0, times * action.buy_quantity - only_buy)
    picks = _cheapest(pieces_of(cart, sorted(get)), times * action.get_quantity, buy, spare)
    worth = sum(pick.count * pick.value for pick in picks)
    return take_from_picks(cart, picks, min(share_of(worth, action.percent), most))


def _quantity(lines: Lines, places: set[int]) -> int:
    return sum(lines[place].quantity for place in places)


def _cheapest(pieces: Sequence[Pick], wanted: int, shared: set[int], spare: int) -> list[Pick]:
    """Return the `wanted` cheapest pieces, of them at most `spare` of lines that are also bought from."""
    found = []
    for piece in pieces:
        count = min(piece.count, wanted, spare if piece.line in shared else wanted)
        if count:
            found.append(Pick(piece.line, piece.run, count, piece.value))
            wanted -= count
            spare -= count if piece.line in shared else 0
    return found


def _bundle(action: BundlePrice, cart: Cart, lines: Lines, most: int) -> int:
    """Give what each set costs above its price, as long as it saves something."""
    free = {(piece.line, piece.run): piece for piece in reversed(pieces_of(cart, range(len(lines))))}
    places = [set(meant(part.items, lines)) for part in action.parts]
    taken: list[Pick] = []
    saved = 0
    for _ in range(action.max_times):
        one = _one_set(action.parts, places, free)
        more = sum(pick.count * pick.value for pick in one) - action.amount
        if not one or more <= 0:
            break
        saved += more
        taken += one
    return take_from_picks(cart, taken, min(saved, most))


def _one_set(
    parts: Sequence[BundlePart], places: Sequence[set[int]], free: dict[tuple[int, int], Pick]
) -> list[Pick]:
    """Take one set out of `free`, the dearest pieces of each part; nothing where a part can't be filled."""
    picks: list[Pick] = []
    for part, meant_places in zip(parts, places, strict=True):
        wanted = part.quantity
        for key, piece in free.items():
            if wanted and piece.count and piece.line in meant_places:
                count = min(piece.count, wanted)
                picks.append(Pick(piece.line, piece.run, count, piece.value))
                free[key] = Pick(piece.line, piece.run, piece.count - count, piece.value)
                wanted -= count
        if wanted:
            return []
    return picks

"""Trying a discount code on a cart: what it would take off, or why it gives nothing. Nothing is written."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from oltp.checkout.quoting import calculate
from oltp.checkout.wishes import CheckoutWish
from oltp.promotions.conditions import codes_of
from oltp.promotions.facts import normalise_code


@dataclass(frozen=True)
class CodeTried:
    """What a code comes to, in minor units. `off`: line id → what the customer sees off; None is shipping.

    `reason` is why it gives nothing: one of Evaluation.refused_codes. The totals also say what other promotions give
    way to it, or to which of them it gives way.
    """

    code: str
    currency: str
    reason: str | None
    off: dict[str | None, int]
    variants: dict[str, UUID]
    total_without: int
    total_with: int


def try_code(session: Session, *, store_id: UUID, wish: CheckoutWish, code: str, at: datetime) -> CodeTried:
    """Return what the code would take off these goods, beside the codes they have already.

    Errors: those of quoting.calculate().
    """
    wanted = normalise_code(code)
    others = tuple(each for each in wish.codes if normalise_code(each) != wanted)
    without = calculate(session, store_id=store_id, wish=replace(wish, codes=others), at=at)
    tried = calculate(session, store_id=store_id, wish=replace(wish, codes=(*others, wanted)), at=at)
    # Some rules have a code; others ask for one among their conditions.
    asking = {rule.id for rule in tried.inputs.rules if wanted in codes_of(rule.conditions)}
    off: dict[str | None, int] = {}
    for share in tried.priced.shares:
        if share.applied.code == wanted or share.applied.rule_id in asking:
            off[share.line_id] = off.get(share.line_id, 0) + share.applied.amount
    return CodeTried(
        wanted, wish.currency, tried.priced.refused_codes.get(wanted), off,
        {line.line_id: line.variant_id for line in tried.inputs.lines}, without.priced.totals.total,
        tried.priced.totals.total)

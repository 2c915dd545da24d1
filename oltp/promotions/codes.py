"""Writes of discount codes: one by one, or up to a thousand that nobody can guess."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from oltp.db.locking import lock_promotions
from oltp.kit.clock import Clock
from oltp.kit.errors import Stale
from oltp.kit.ids import new_id
from oltp.kit.money import exponent
from oltp.outbox.actions import NewEvent, record_event, record_events
from oltp.promotions.actions import check_window
from oltp.promotions.errors import CodeRuleUnknown, CodeTaken, CurrencyFixed, LimitBelowUse, PromotionInvalid
from oltp.promotions.facts import normalise_code
from oltp.promotions.models import DiscountCode, PromotionRule
from oltp.promotions.queries import get_code
from oltp.tenancy.queries import get_store

CODE_FIELDS = frozenset({
    "promotion_rule_id", "type", "percent", "amount", "currency", "min_subtotal_amount", "max_discount_amount",
    "is_active", "starts_at", "ends_at", "usage_limit", "per_customer_limit"})
MOST_GENERATED = 1_000
# Without letters and digits that look alike: 32 of them, so twelve hold 60 bits that no one can guess.
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_LENGTH = 12
_OWN = ("percent", "amount", "min_subtotal_amount", "max_discount_amount")


def create_code(
    session: Session, *, store_id: UUID, code: str, fields: Mapping[str, Any], clock: Clock
) -> DiscountCode:
    """Make a code: the key to a rule (`promotion_rule_id`), or a discount of its own (`type` and what it needs).

    Errors: PromotionInvalid, CodeRuleUnknown, CodeTaken.
    """
    values = _prepare(session, store_id=store_id, fields=fields, clock=clock)
    written = normalise_code(code)
    made = _insert(session, rows=[{**values, "id": new_id(), "code": written}])
    if not made:
        raise CodeTaken(code=written, field="code")
    _record_made(session, store_id=store_id, made=made, clock=clock)
    return get_code(session, store_id=store_id, code_id=made[0].id)


def generate_codes(
    session: Session, *, store_id: UUID, count: int, prefix: str, fields: Mapping[str, Any], clock: Clock
) -> Sequence[DiscountCode]:
    """Make `count` (1 to 1,000) codes that can't be guessed, `prefix` and twelve letters; each may be used as `fields`
    say. Errors: PromotionInvalid, CodeRuleUnknown.
    """
    if not 1 <= count <= MOST_GENERATED:
        raise PromotionInvalid(field="count", reason=f"must be from 1 to {MOST_GENERATED}")
    values = _prepare(session, store_id=store_id, fields=fields, clock=clock)
    made: list[DiscountCode] = []
    while len(made) < count:
        codes = {normalise_code(prefix) + _random_letters() for _ in range(count - len(made))}
        made += _insert(session, rows=[{**values, "id": new_id(), "code": code} for code in sorted(codes)])
    _record_made(session, store_id=store_id, made=made, clock=clock)
    return sorted(made, key=lambda each: each.id)


def update_code(
    session: Session, *, store_id: UUID, code_id: UUID, changes: Mapping[str, Any], clock: Clock,
    expected_updated_at: datetime | None = None,
) -> DiscountCode:
    """Change the fields that are given; what is written stays, and so does what kind of code it is.

    Errors: CodeNotFound, Stale, PromotionInvalid, LimitBelowUse, CurrencyFixed.
    """
    code = _lock(session, store_id=store_id, code_id=code_id, expected=expected_updated_at)
    if code.used_count and changes.get("currency", code.currency) != code.currency:
        raise CurrencyFixed(field="currency")
    for name, value in changes.items():
        setattr(code, name, value)
    now = {name: getattr(code, name) for name in CODE_FIELDS}
    code.currency = _check(session, store_id=store_id, fields=now, starts_at=code.starts_at)
    if code.usage_limit is not None and code.usage_limit < code.used_count:
        raise LimitBelowUse(field="usage_limit", used=code.used_count)
    return _changed(session, code=code, verb="updated", clock=clock)


def delete_code(
    session: Session, *, store_id: UUID, code_id: UUID, clock: Clock, expected_updated_at: datetime | None = None
) -> None:
    """Delete a code; it may be made anew afterwards. Errors: CodeNotFound, Stale."""
    code = _lock(session, store_id=store_id, code_id=code_id, expected=expected_updated_at)
    code.deleted_at, code.is_active = clock.now(), False
    _changed(session, code=code, verb="deleted", clock=clock)


def _random_letters() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def _prepare(session: Session, *, store_id: UUID, fields: Mapping[str, Any], clock: Clock) -> dict[str, Any]:
    """Return the columns of a new code. Errors: PromotionInvalid, CodeRuleUnknown."""
    now, rule = clock.now(), fields.get("promotion_rule_id")
    values = {"is_active": True, "starts_at": now, "store_id": store_id, "created_at": now, "updated_at": now, **fields}
    values["currency"] = _check(session, store_id=store_id, fields=values, starts_at=values["starts_at"])
    if rule is not None and session.scalar(select(PromotionRule.id).where(
            PromotionRule.store_id == store_id, PromotionRule.id == rule, PromotionRule.deleted_at.is_(None))) is None:
        raise CodeRuleUnknown(rule_id=rule, field="promotion_rule_id")
    return values


def _check(session: Session, *, store_id: UUID, fields: Mapping[str, Any], starts_at: datetime) -> str | None:
    """Return the code's currency: the store's where it speaks of amounts and has none. Errors: PromotionInvalid."""
    kind = fields.get("type")
    check_window(starts_at, fields.get("ends_at"))
    if (fields.get("promotion_rule_id") is None) == (kind is None):
        raise PromotionInvalid(field="type", reason="give exactly one of promotion_rule_id and type")
    for name, owner in (("percent", "PERCENTAGE"), ("amount", "FIXED")):
        if (fields.get(name) is not None) != (kind == owner):
            reason = f"is needed with the type {owner}" if kind == owner else f"goes with the type {owner} only"
            raise PromotionInvalid(field=name, reason=reason)
    given = [name for name in _OWN if fields.get(name) is not None]
    if kind is None and given:
        raise PromotionInvalid(field=given[0], reason="the discount is the rule's")
    currency: str | None = fields.get("currency")
    if currency is None and set(given) - {"percent"}:
        currency = get_store(session, store_id=store_id).currency
    if currency is not None:
        exponent(currency)
    return currency


def _insert(session: Session, *, rows: Sequence[Mapping[str, Any]]) -> list[DiscountCode]:
    """Add codes; return those whose letters were free."""
    statement = insert(DiscountCode).values([dict(row) for row in rows]).on_conflict_do_nothing(
        index_elements=["store_id", "code"], index_where=text("deleted_at IS NULL")).returning(DiscountCode)
    return list(session.scalars(statement))


def _lock(session: Session, *, store_id: UUID, code_id: UUID, expected: datetime | None) -> DiscountCode:
    lock_promotions(session, store_id=store_id, rule_ids=[], code_ids=[code_id])
    code = get_code(session, store_id=store_id, code_id=code_id)
    session.refresh(code)
    if expected is not None and code.updated_at != expected:
        raise Stale()
    return code


def _changed(session: Session, *, code: DiscountCode, verb: str, clock: Clock) -> DiscountCode:
    code.updated_at = clock.now()
    session.flush()
    record_event(session, store_id=code.store_id, name=f"discount_code.{verb}", entity_type="discount_code",
                 entity_id=code.id, payload=_payload(code), occurred_at=clock.now())
    return code


def _record_made(session: Session, *, store_id: UUID, made: Sequence[DiscountCode], clock: Clock) -> None:
    record_events(session, store_id=store_id, occurred_at=clock.now(), events=[
        NewEvent("discount_code.created", "discount_code", code.id, _payload(code)) for code in made])


def _payload(code: DiscountCode) -> dict[str, Any]:
    # The letters are worth money: whoever reads events finds the code by its id, if he may.
    return {"discount_code_id": str(code.id), "promotion_rule_id": code.promotion_rule_id and
            str(code.promotion_rule_id), "is_active": code.is_active}

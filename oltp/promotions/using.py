"""Uses of promotions: consumed in the transaction that makes the order, given back once when it comes to nothing.

A limit is consumed, not checked: one conditional UPDATE under locks that are taken by id, so of any number of orders
exactly as many pass as the limit allows. A use is an order, however many lines a promotion lowers in it.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from oltp.db.locking import lock_promotions
from oltp.promotions.errors import PromotionUsedUp
from oltp.promotions.rules import Applied

_ITEMS = "jsonb_to_recordset(CAST(:uses AS jsonb)) AS u (id uuid, amount bigint)"
_USE_RULES = text(f"""
    UPDATE promotion_rule r SET used_count = r.used_count + 1, spent_amount = r.spent_amount + u.amount
    FROM {_ITEMS}
    WHERE r.store_id = :store AND r.id = u.id AND r.status = 'active' AND r.deleted_at IS NULL
      AND (r.usage_limit IS NULL OR r.used_count < r.usage_limit)
      AND (r.budget_amount IS NULL OR r.spent_amount + u.amount <= r.budget_amount) RETURNING r.id""")
_USE_CODES = text(f"""
    UPDATE discount_code c SET used_count = c.used_count + 1 FROM {_ITEMS}
    WHERE c.store_id = :store AND c.id = u.id AND c.is_active AND c.deleted_at IS NULL
      AND (c.usage_limit IS NULL OR c.used_count < c.usage_limit) RETURNING c.id""")
_COUNT_USE = """
    INSERT INTO promotion_usage (store_id, subject_id, {key}, used_count, usage_limit)
    SELECT :store, :subject, x.id, 1, x.per_customer_limit FROM {table} x JOIN {items} ON u.id = x.id
    WHERE x.store_id = :store ORDER BY x.id
    ON CONFLICT ON CONSTRAINT promotion_usage_store_id_subject_id_promotion_rule_id_disco_key
    DO UPDATE SET used_count = promotion_usage.used_count + 1, usage_limit = excluded.usage_limit, updated_at = now()
    WHERE excluded.usage_limit IS NULL OR promotion_usage.used_count < excluded.usage_limit RETURNING {key}"""
_COUNT_RULES = text(_COUNT_USE.format(key="promotion_rule_id", table="promotion_rule", items=_ITEMS))
_COUNT_CODES = text(_COUNT_USE.format(key="discount_code_id", table="discount_code", items=_ITEMS))
_INSERT = text("""
    INSERT INTO applied_promotion (store_id, order_id, ordinal, promotion_rule_id, discount_code_id, order_item_id,
                                   target, code, name, amount, gross_amount, currency, snapshot)
    SELECT :store, :order, a.ordinal, a.rule_id, a.code_id, a.item_id, a.target, a.code, a.name, a.net, a.gross,
           o.currency, a.snapshot
    FROM orders o, jsonb_to_recordset(CAST(:rows AS jsonb)) AS a (
      ordinal int, rule_id uuid, code_id uuid, item_id uuid, target text, code text, name text, net bigint,
      gross bigint, snapshot jsonb)
    WHERE o.store_id = :store AND o.id = :order""")
_RELEASE = text("""
    UPDATE applied_promotion SET released_at = now()
    WHERE store_id = :store AND order_id = :order AND released_at IS NULL
    RETURNING promotion_rule_id AS rule_id, discount_code_id AS code_id, coalesce(gross_amount, amount) AS gross""")
_RECLAIM = text("""
    UPDATE applied_promotion SET released_at = NULL
    WHERE store_id = :store AND order_id = :order AND released_at IS NOT NULL
    RETURNING promotion_rule_id AS rule_id, discount_code_id AS code_id, coalesce(gross_amount, amount) AS gross""")
_RETURN_RULES = text(f"""
    UPDATE promotion_rule r SET used_count = r.used_count - 1, spent_amount = r.spent_amount - u.amount FROM {_ITEMS}
    WHERE r.store_id = :store AND r.id = u.id""")
_RETURN_CODES = text(f"""
    UPDATE discount_code c SET used_count = c.used_count - 1 FROM {_ITEMS}
    WHERE c.store_id = :store AND c.id = u.id""")
_RETURN_USAGE = text(f"""
    UPDATE promotion_usage p SET used_count = p.used_count - 1, updated_at = now() FROM {_ITEMS}
    WHERE p.store_id = :store AND p.subject_id = :subject AND u.id IN (p.promotion_rule_id, p.discount_code_id)""")


@dataclass(frozen=True)
class AppliedShare:
    """What one promotion gave on one line of an order, or on shipping; `net_amount` is what it lowers the order by."""

    applied: Applied
    order_item_id: UUID | None
    net_amount: int


@dataclass(frozen=True)
class _Uses:
    """What one order uses: the gross amount by rule and by code."""

    rules: Mapping[UUID, int]
    codes: Mapping[UUID, int]


def consume_promotions(
    session: Session, *, store_id: UUID, order_id: UUID, subject_id: UUID, applied: Sequence[AppliedShare]
) -> None:
    """Write down what the order was given and use up one use of each rule and code, and the rules' budgets.

    Nothing of it stays unless the order is committed. Errors: PromotionUsedUp, naming the code or the rule.
    """
    if not applied:
        return
    uses = _add_up([(each.applied.rule_id, each.applied.code_id, each.applied.amount) for each in applied])
    names = {key: each.applied.code or each.applied.name for each in applied
             for key in (each.applied.rule_id, each.applied.code_id) if key is not None}
    _use(session, store_id=store_id, subject_id=subject_id, uses=uses, names=names)
    rows = [{
        "ordinal": place, "rule_id": each.applied.rule_id, "code_id": each.applied.code_id,
        "item_id": each.order_item_id, "target": each.applied.target, "code": each.applied.code,
        "name": each.applied.name, "net": each.net_amount, "gross": each.applied.amount,
        "snapshot": {**each.applied.snapshot, "units": list(each.applied.unit_amounts)},
    } for place, each in enumerate(applied, 1)]
    session.execute(_INSERT, {"store": store_id, "order": order_id, "rows": json.dumps(rows, default=str)})


def release_promotions(session: Session, *, store_id: UUID, order_id: UUID) -> None:
    """Give the order's uses and budgets back, once however often it is called; the caller holds the order's lock."""
    rows = session.execute(_RELEASE, {"store": store_id, "order": order_id}).all()
    uses = _add_up([(row.rule_id, row.code_id, row.gross) for row in rows])
    _lock(session, store_id=store_id, uses=uses)
    given = {"store": store_id, "subject": _subject_of(session, store_id=store_id, order_id=order_id)}
    for statement, amounts in ((_RETURN_RULES, uses.rules), (_RETURN_CODES, uses.codes),
                               (_RETURN_USAGE, {**uses.rules, **uses.codes})):
        if amounts:
            session.execute(statement, {**given, "uses": _json(amounts)})


def reclaim_promotions(session: Session, *, store_id: UUID, order_id: UUID) -> None:
    """Use up again what was given back, when a cancelled order is taken up again; the caller holds its lock.

    Errors: PromotionUsedUp.
    """
    rows = session.execute(_RECLAIM, {"store": store_id, "order": order_id}).all()
    uses = _add_up([(row.rule_id, row.code_id, row.gross) for row in rows])
    subject = _subject_of(session, store_id=store_id, order_id=order_id)
    _use(session, store_id=store_id, subject_id=subject, uses=uses, names={})


def _subject_of(session: Session, *, store_id: UUID, order_id: UUID) -> UUID | None:
    found: UUID | None = session.scalar(
        text("SELECT subject_id FROM orders WHERE store_id = :store AND id = :order"),
        {"store": store_id, "order": order_id})
    return found


def _add_up(given: Sequence[tuple[UUID | None, UUID | None, int]]) -> _Uses:
    rules: dict[UUID, int] = {}
    codes: dict[UUID, int] = {}
    for rule_id, code_id, amount in given:
        if rule_id is not None:
            rules[rule_id] = rules.get(rule_id, 0) + amount
        if code_id is not None:
            codes[code_id] = codes.get(code_id, 0) + amount
    return _Uses(rules, codes)


def _lock(session: Session, *, store_id: UUID, uses: _Uses) -> None:
    # A single row can't be taken in the wrong order: the statement that changes it locks it.
    if len(uses.rules) + len(uses.codes) > 1:
        lock_promotions(session, store_id=store_id, rule_ids=uses.rules, code_ids=uses.codes)


def _use(
    session: Session, *, store_id: UUID, subject_id: UUID | None, uses: _Uses, names: Mapping[UUID, str]
) -> None:
    _lock(session, store_id=store_id, uses=uses)
    given = {"store": store_id, "subject": subject_id}
    for statement, amounts in ((_USE_RULES, uses.rules), (_USE_CODES, uses.codes)):
        _use_all(session, statement=statement, given=given, amounts=amounts, names=names)
    if subject_id is not None:
        for statement, amounts in ((_COUNT_RULES, uses.rules), (_COUNT_CODES, uses.codes)):
            _use_all(session, statement=statement, given=given, amounts=amounts, names=names)


def _use_all(
    session: Session, *, statement: TextClause, given: Mapping[str, Any], amounts: Mapping[UUID, int],
    names: Mapping[UUID, str],
) -> None:
    if not amounts:
        return
    used: Collection[UUID] = set(session.scalars(statement, {**given, "uses": _json(amounts)}))
    missing = sorted((key for key in amounts if key not in used), key=str)
    if missing:
        raise PromotionUsedUp(name=names.get(missing[0], str(missing[0])), field="codes")


def _json(amounts: Mapping[UUID, int]) -> str:
    return json.dumps([{"id": str(key), "amount": amount} for key, amount in amounts.items()])

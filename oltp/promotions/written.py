"""Conditions and actions as people write them: the long form, typed, or the short one, which is made into it.

The short form has amounts in major units of the rule's currency: {"minSubtotal": 100, "customerSegmentId": "…"} with
{"discountPercent": 10}. What neither form knows is refused by the path of its field.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from oltp.kit.money import exponent, to_minor
from oltp.promotions.conditions import All, Condition, MinSubtotal, walk
from oltp.promotions.effects import Action, BundlePrice, Fixed, TieredSpend
from oltp.promotions.errors import PromotionInvalid

Kind = TypeVar("Kind")
DEEPEST = 8
MOST_PARTS = 100
MOST_ACTIONS = 10
_CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)
_ACTION: TypeAdapter[Action] = TypeAdapter(Action)


def parse_conditions(written: Mapping[str, Any], *, currency: str) -> Condition:
    """Return the condition of either form; nothing written always holds. Errors: PromotionInvalid, naming the field."""
    if "type" in written:
        _check_size(written, "conditions")
        return _validate(_CONDITION, written, "conditions")
    parts = [_short(_SHORT_CONDITIONS, name, value, f"conditions.{name}", currency)
             for name, value in written.items()]
    found = [_validate(_CONDITION, part, f"conditions.{name}")
             for name, part in zip(written, parts, strict=True) if part is not None]
    return found[0] if len(found) == 1 else All(type="all", conditions=tuple(found))


def parse_actions(written: Mapping[str, Any] | Sequence[Any], *, currency: str) -> tuple[Action, ...]:
    """Return the actions of either form; there is at least one. Errors: PromotionInvalid, naming the field."""
    if isinstance(written, Mapping) and "type" not in written:
        found: list[tuple[str, Any]] = [
            (f"actions.{name}", _short(_SHORT_ACTIONS, name, value, f"actions.{name}", currency))
            for name, value in written.items()]
    elif isinstance(written, Mapping):
        found = [("actions", written)]
    else:
        found = [(f"actions.{place}", each) for place, each in enumerate(written)]
    found = [(path, part) for path, part in found if part is not None]
    if not 1 <= len(found) <= MOST_ACTIONS:
        raise PromotionInvalid(field="actions", reason=f"a rule has 1 to {MOST_ACTIONS} actions")
    return tuple(_validate(_ACTION, part, path) for path, part in found)


def write_condition(condition: Condition) -> dict[str, Any]:
    """Return a condition as it is stored and shown."""
    written: dict[str, Any] = _CONDITION.dump_python(condition, mode="json", exclude_none=True)
    return written


def write_actions(actions: Sequence[Action]) -> list[dict[str, Any]]:
    """Return actions as they are stored and shown."""
    return [_ACTION.dump_python(action, mode="json", exclude_none=True) for action in actions]


def speaks_of_money(condition: Condition, actions: Sequence[Action]) -> bool:
    """Return whether there is an amount, so that the rule must have a currency."""
    return (any(isinstance(each, MinSubtotal) for each in walk(condition))
            or any(isinstance(action, Fixed | TieredSpend | BundlePrice) or action.cap_amount is not None
                   for action in actions))


def _validate(adapter: TypeAdapter[Kind], written: object, path: str) -> Kind:
    try:
        return adapter.validate_python(written)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise PromotionInvalid(field=_path(path, written, first), reason=first["msg"]) from None


def _path(start: str, written: object, error: Mapping[str, Any]) -> str:
    """Return where the error is as the writer sees it: pydantic's path also names the type chosen at each union."""
    path, skips = [start], True
    here: Any = written
    for step in error["loc"]:
        if skips and isinstance(here, Mapping) and here.get("type") == step:
            skips = False
            continue
        path.append(str(step))
        try:
            here, skips = here[step], True
        except (KeyError, IndexError, TypeError):
            here = None
    unknown = error["type"] in ("union_tag_invalid", "union_tag_not_found")
    return ".".join([*path, "type"] if unknown else path)


def _check_size(written: object, path: str) -> None:
    """Refuse what is too deep or too large, before anything walks it recursively."""
    level: list[Any] = [written]
    count = 0
    for _ in range(DEEPEST):
        count += len(level)
        level = [inner for each in level if isinstance(each, Mapping) for inner in _inner(each)]
    if level or count > MOST_PARTS:
        raise PromotionInvalid(field=path, reason=f"at most {MOST_PARTS} conditions, {DEEPEST} deep")


def _inner(written: Mapping[str, Any]) -> list[Any]:
    many = written.get("conditions")
    return [*(many if isinstance(many, list | tuple) else ()),
            *([written["condition"]] if "condition" in written else ())]


_Maker = Callable[[object, str, str], dict[str, Any] | None]
_Makers = Mapping[str, _Maker]


def _short(makers: _Makers, name: str, value: object, path: str, currency: str) -> dict[str, Any] | None:
    if name not in makers:
        known = ", ".join(makers)
        raise PromotionInvalid(field=path, reason=f"{name!r} is not known: give a type, or one of {known}")
    return makers[name](value, path, currency)


def _major(value: object, path: str, currency: str) -> int:
    """Return an amount in major units as minor ones, exactly. Errors: PromotionInvalid."""
    number = _number(value, path)
    if number != number.quantize(Decimal(1).scaleb(-exponent(currency))):
        raise PromotionInvalid(field=path, reason=f"{currency} has {exponent(currency)} decimals")
    return to_minor(number, currency)


def _number(value: object, path: str) -> Decimal:
    # A JSON number with a point comes as a binary one; its shortest text is what was written.
    try:
        number = Decimal(str(value)) if not isinstance(value, bool) else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or not 0 <= number < 10**15:
        raise PromotionInvalid(field=path, reason="must be a number, zero or more")
    return number


def _flag(type_name: str) -> _Maker:
    def make(value: object, path: str, _: str) -> dict[str, Any] | None:
        if not isinstance(value, bool):
            raise PromotionInvalid(field=path, reason="must be true or false")
        return {"type": type_name} if value else None
    return make


def _many(type_name: str, field: str) -> _Maker:
    return lambda value, _, __: {"type": type_name, field: value if isinstance(value, list) else [value]}


_SHORT_CONDITIONS: _Makers = {
    "minSubtotal": lambda value, path, currency: {
        "type": "min_subtotal", "amount": _major(value, path, currency)},
    "minQuantity": lambda value, _, __: {"type": "min_quantity", "quantity": value},
    "customerSegmentId": lambda value, _, __: {"type": "customer_segment", "segment_id": value},
    "firstOrder": _flag("first_order"),
    "productIds": _many("products", "product_ids"),
    "collectionIds": _many("collections", "collection_ids"),
    "categoryIds": _many("categories", "category_ids"),
    "currency": _many("currency", "currencies"),
    "country": _many("country", "countries"),
    "code": _many("code", "codes"),
}
_SHORT_ACTIONS: _Makers = {
    "discountPercent": lambda value, path, _: {"type": "percent", "percent": _number(value, path)},
    "discountAmount": lambda value, path, currency: {"type": "fixed", "amount": _major(value, path, currency)},
    "freeShipping": _flag("free_shipping"),
}

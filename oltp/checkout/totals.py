"""What a cart comes to. Pure: the same inputs give the same totals, in any process, on any day.

Gross amounts are what the price list says and the customer sees. Net ones are stored: where prices include tax, the
tax leaves the line before and after its discount, and what lies between the two is the net discount.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from oltp.checkout.inputs import QuoteInputs, QuoteLine
from oltp.kit.money import split
from oltp.merchandising.rules import BundleParts, bundle_saving
from oltp.pricing.tax_rules import tax_line
from oltp.promotions.rules import PIECES_LISTED, Applied, Evaluation, PromoFacts, PromoLine, evaluate


@dataclass(frozen=True)
class Totals:
    """An order's amounts in minor units: total = subtotal − discount + shipping + tax.

    `discount` is that of the lines; shipping is net, after its own discount.
    """

    subtotal: int
    discount: int
    shipping: int
    tax: int
    total: int


@dataclass(frozen=True)
class PricedLine:
    """A line's amounts: total = subtotal − discount + tax; `gross_discount` is what the customer saw off."""

    line_id: str
    subtotal: int
    discount: int
    tax: int
    total: int
    gross_discount: int


@dataclass(frozen=True)
class Share:
    """A discount on one line (or on shipping: None), and its part of the net discount there."""

    applied: Applied
    line_id: str | None
    net_amount: int


@dataclass(frozen=True)
class Priced:
    """What compute() makes of its inputs. `promotions_hash` is equal where the promotions came out equal."""

    totals: Totals
    lines: tuple[PricedLine, ...]
    shares: tuple[Share, ...]
    shipping_discount: int
    shipping_tax: int
    refused_codes: Mapping[str, str]
    promotions_hash: str


def compute(inputs: QuoteInputs) -> Priced:
    """Return the totals. Order: bundles' savings, then promotions, then shipping's discount, then tax on each line."""
    savings = _savings(inputs)
    found = evaluate(facts_of(inputs, savings), inputs.rules, mode=inputs.mode)
    lines: list[PricedLine] = []
    shares: list[Share] = []
    for line in inputs.lines:
        given = [*savings.get(line.line_id, ()), *(a for a in found.applied if a.line_id == line.line_id)]
        lines.append(_price(inputs, line, sum(applied.amount for applied in given)))
        shares += _shares(given, line.line_id, lines[-1].discount)
    return _add_up(inputs, lines, shares, found)


def _add_up(inputs: QuoteInputs, lines: Sequence[PricedLine], shares: list[Share], found: Evaluation) -> Priced:
    gross = inputs.shipping.amount if inputs.shipping else 0
    sent = tax_line(gross=gross, discount=found.shipping_discount, rate=inputs.shipping_rate,
                    includes_tax=inputs.includes_tax)
    shares += _shares([each for each in found.applied if each.target == "shipping"], None, sent.line_discount)
    subtotal, discount = sum(line.subtotal for line in lines), sum(line.discount for line in lines)
    shipping, tax = sent.line_subtotal - sent.line_discount, sum(line.tax for line in lines) + sent.line_tax
    totals = Totals(subtotal, discount, shipping, tax, subtotal - discount + shipping + tax)
    return Priced(totals, tuple(lines), tuple(shares), sent.line_discount, sent.line_tax,
                  dict(found.refused_codes), found.result_hash)


def facts_of(inputs: QuoteInputs, savings: Mapping[str, Sequence[Applied]]) -> PromoFacts:
    """Return what promotions are decided on."""
    return PromoFacts(
        currency=inputs.currency,
        lines=tuple(PromoLine(
            line_id=line.line_id, product_id=line.product_id, variant_id=line.variant_id,
            collection_ids=line.collection_ids, category_ids=line.category_ids, quantity=line.quantity,
            unit_amount=line.unit_amount, taken=sum(each.amount for each in savings.get(line.line_id, ())),
            bundle_id=line.bundle_id) for line in inputs.lines),
        shipping_amount=inputs.shipping.amount if inputs.shipping else 0, country=inputs.country,
        region=inputs.region, segment_ids=inputs.segment_ids, is_first_order=inputs.is_first_order,
        is_identified=inputs.is_identified, codes=inputs.codes, at=inputs.at)


def _savings(inputs: QuoteInputs) -> dict[str, list[Applied]]:
    """Return what bundles save, by line: discounts like any other, but given by no rule."""
    lines = {line.line_id: line for line in inputs.lines}
    found: dict[str, list[Applied]] = {}
    for bundle in inputs.bundles:
        units = {lines[line_id].variant_id: lines[line_id].unit_amount for line_id in bundle.lines}
        saved = bundle_saving(bundle.parts, units, bundle.quantity, inputs.currency)
        for line_id in bundle.lines:
            amount = saved[lines[line_id].variant_id]
            if amount:
                found[line_id] = [_saving(bundle.parts, lines[line_id], amount)]
    return found


def _saving(parts: BundleParts, line: QuoteLine, amount: int) -> Applied:
    pieces = split(amount, [1] * line.quantity) if line.quantity <= PIECES_LISTED else ()
    return Applied(
        rule_id=None, code_id=None, code=None, name=parts.name, target="line", line_id=line.line_id, amount=amount,
        unit_amounts=tuple(pieces), snapshot={"bundle_id": str(parts.bundle_id), "pricing": parts.pricing})


def _price(inputs: QuoteInputs, line: QuoteLine, discount: int) -> PricedLine:
    taxed = tax_line(gross=line.unit_amount * line.quantity, discount=discount, rate=line.tax.rate,
                     includes_tax=inputs.includes_tax)
    return PricedLine(line.line_id, taxed.line_subtotal, taxed.line_discount, taxed.line_tax, taxed.line_total,
                      discount)


def _shares(given: Sequence[Applied], line_id: str | None, net: int) -> list[Share]:
    """Return each discount with its part of the net one: by largest remainder, so none is more than it was gross."""
    if not given:
        return []
    parts = split(net, [applied.amount for applied in given])
    return [Share(applied, line_id, part) for applied, part in zip(given, parts, strict=True)]


def before_shipping(inputs: QuoteInputs) -> dict[str, int]:
    """Return what each line costs (gross) after its discounts while nothing is known of shipping yet."""
    savings = _savings(inputs)
    found = evaluate(facts_of(inputs, savings), inputs.rules, mode=inputs.mode)
    return {
        line.line_id: line.unit_amount * line.quantity - sum(each.amount for each in savings.get(line.line_id, ()))
        - found.line_discounts.get(line.line_id, 0) for line in inputs.lines}

"""Orders: the rows of one order number become an order with its lines, and a refund where money went back."""

import json
from datetime import UTC, datetime
from uuid import UUID

from oltp.kit.ids import derived_id
from stormcom.importers.shopify.amounts import Line, SplitOrder, split_order, split_refund
from stormcom.importers.shopify.buckets import Buckets, Prepared
from stormcom.importers.shopify.products import LONGEST_NAME, SOURCE
from stormcom.importers.shopify.reading import Export, Row

FINANCIAL = {
    "": ("PENDING", "PENDING"), "pending": ("PENDING", "PENDING"), "authorized": ("PENDING", "AUTHORIZED"),
    "partially_paid": ("PENDING", "PENDING"), "paid": ("PAID", "PAID"), "partially_refunded": ("PAID", "PAID"),
    "refunded": ("REFUNDED", "REFUNDED"), "voided": ("CANCELED", "FAILED"), "expired": ("CANCELED", "FAILED"),
}
FULFILLMENT = {"": None, "unfulfilled": None, "restocked": None, "partial": "PROCESSING", "fulfilled": "SHIPPED"}
CANCELLED, REFUNDED = "CANCELED", "REFUNDED"
BILLING, SHIPPING = "Billing", "Shipping"


class Orders:
    """Collects the tables of an orders file. `placed` events carry the moment of the order, for the metrics."""

    def __init__(self, export: Export, *, store_id: UUID, currency: str) -> None:
        self._export, self._store_id, self._currency = export, store_id, currency
        self._buckets = Buckets()
        self._tables: dict[str, list[dict[str, object]]] = {
            name: [] for name in ("guests", "orders", "items", "refunds", "refund_items", "events")}
        self._guests = set[str]()

    def prepare(self) -> Prepared:
        """Return the tables. What can't be read is noted in the export's problems."""
        orders: dict[str, list[Row]] = {}
        for row in self._export.rows:
            number = row.text("Name")
            if number:
                orders.setdefault(number, []).append(row)
            elif any(cell.strip() for cell in row.cells.values()):
                row.problems.add(row.line, "Name", "is empty")
            else:
                self._buckets.rows["blank"] += 1
        for number, rows in orders.items():
            self._add(number, rows)
        return Prepared(self._tables, self._buckets)

    def _add(self, number: str, rows: list[Row]) -> None:
        first = rows[0]
        lines = [self._line(row) for row in rows]
        placed_at = self._placed_at(first)
        parts = split_order(lines, subtotal=self._sum(first, "Subtotal"), shipping=self._sum(first, "Shipping"),
                            taxes=self._sum(first, "Taxes"), total=self._sum(first, "Total"))
        if parts is None:
            self._buckets.rows["left out: its sums don't add up (a tip, a duty, an edited order)"] += len(rows)
            return
        self._buckets.rows["order"] += 1
        self._buckets.rows["further line of an order"] += len(rows) - 1
        order_id = derived_id(self._store_id, SOURCE, "order", number)
        self._tables["orders"].append(self._order(order_id, number, first, parts, placed_at))
        self._add_items(order_id, rows, lines, parts)
        self._add_refund(order_id, first, parts, placed_at)
        self._add_events(order_id, number, first, placed_at)

    def _line(self, row: Row) -> Line:
        quantity = row.integer("Lineitem quantity", default=0, least=0)
        if quantity == 0:
            row.problems.add(row.line, "Lineitem quantity", "is not a whole number from 1 on")
        return Line(self._sum(row, "Lineitem price"), quantity, self._sum(row, "Lineitem discount"))

    def _sum(self, row: Row, column: str) -> int:
        return row.amount(column, self._currency) or 0

    def _placed_at(self, row: Row) -> datetime:
        placed_at = row.moment("Created at")
        if placed_at is None:
            row.problems.add(row.line, "Created at", "is empty in the first row of the order")
            return datetime.min.replace(tzinfo=UTC)
        if row.text("Currency") != self._currency:
            row.problems.add(row.line, "Currency", f"is {row.text('Currency')[:10]!r}, not {self._currency}")
        return placed_at

    def _status(self, row: Row) -> tuple[str, str]:
        financial, fulfillment = row.text("Financial Status").lower(), row.text("Fulfillment Status").lower()
        for column, word, known in (("Financial Status", financial, FINANCIAL),
                                    ("Fulfillment Status", fulfillment, FULFILLMENT)):
            if word not in known:
                allowed = ", ".join(filter(None, known))
                row.problems.add(row.line, column, f"{word[:40]!r} is not known; known: {allowed}")
        status, payment = FINANCIAL.get(financial, FINANCIAL[""])
        if row.text("Cancelled at"):
            return CANCELLED, payment
        return (status if status in (REFUNDED, CANCELLED) else FULFILLMENT.get(fulfillment) or status), payment

    def _order(
        self, order_id: UUID, number: str, row: Row, parts: SplitOrder, placed_at: datetime
    ) -> dict[str, object]:
        status, payment_status = self._status(row)
        email = self._guest(row)
        goods = [(line.subtotal, line.discount, line.tax) for line in parts.lines]
        subtotal, discount, tax = (sum(column) for column in zip(*goods, strict=True))
        return {
            "id": order_id, "order_number": number, "external_ref": f"{SOURCE}:{row.text('Id') or number}",
            "status": status, "payment_status": payment_status, "email": email, "placed_at": placed_at,
            "order_subtotal_amount": subtotal, "order_discount_amount": discount,
            "order_shipping_amount": parts.shipping, "order_tax_amount": tax + parts.shipping_tax,
            "order_total_amount": subtotal - discount + parts.shipping + tax + parts.shipping_tax,
            "shipping_tax_amount": parts.shipping_tax, "prices_include_tax": parts.is_inclusive,
            "discount_code": row.text("Discount Code") or None, "shipping_method": row.text("Shipping Method") or None,
            "shipping_address": _address(row, SHIPPING, email), "billing_address": _address(row, BILLING, email),
            "customer_note": row.text("Notes") or None, "canceled_at": row.moment("Cancelled at"),
            "fulfilled_at": row.moment("Fulfilled at"),
            "payment_method": "CASH_ON_DELIVERY" if "cash on delivery" in row.text("Payment Method").lower() else None}

    def _guest(self, row: Row) -> str | None:
        """Return the order's e-mail; whoever ordered is a customer, whether or not the customers' file has him."""
        email = row.text("Email").lower()
        if not email or "@" not in email:
            return None
        if email not in self._guests:
            self._guests.add(email)
            first, _, last = row.text("Billing Name").partition(" ")
            self._tables["guests"].append({
                "id": derived_id(self._store_id, SOURCE, "customer", email), "email": email,
                "first_name": first[:LONGEST_NAME], "last_name": last[:LONGEST_NAME], "phone": None,
                "accepts_marketing": False})
        return email

    def _add_items(self, order_id: UUID, rows: list[Row], lines: list[Line], parts: SplitOrder) -> None:
        for ordinal, (row, line, part) in enumerate(zip(rows, lines, parts.lines, strict=True), 1):
            self._tables["items"].append({
                "id": derived_id(order_id, "line", ordinal), "order_id": order_id, "ordinal": ordinal,
                "product_name": row.text("Lineitem name")[:LONGEST_NAME] or "?",
                "sku": row.text("Lineitem sku").lstrip("'"),
                "quantity": line.quantity, "unit_price_amount": line.price, "line_subtotal_amount": part.subtotal,
                "line_discount_amount": part.discount, "line_tax_amount": part.tax, "line_total_amount": part.total})

    def _add_refund(self, order_id: UUID, row: Row, parts: SplitOrder, placed_at: datetime) -> None:
        refunded, total = self._sum(row, "Refunded Amount"), self._sum(row, "Total")
        if not refunded:
            return
        if refunded > total:
            row.problems.add(row.line, "Refunded Amount", "is more than the order's Total")
            return
        self._buckets.notes["refunds, dated to the order's cancellation or payment: the file has no date of them"] += 1
        refund_id = derived_id(order_id, "refund")
        moment = row.moment("Cancelled at") or row.moment("Paid at") or placed_at
        self._tables["refunds"].append(
            {"id": refund_id, "order_id": order_id, "amount": refunded, "processed_at": moment})
        kinds = zip(("amount", "shipping", "tax"), split_refund(refunded, parts), strict=True)
        self._tables["refund_items"] += [
            {"id": derived_id(refund_id, kind), "refund_id": refund_id, "order_id": order_id, "kind": kind,
             "amount": amount} for kind, amount in kinds if amount]

    def _add_events(self, order_id: UUID, number: str, row: Row, placed_at: datetime) -> None:
        payload = {"order_number": number, "total_amount": self._sum(row, "Total"), "currency": self._currency}
        moments = {"order.placed": placed_at, "order.cancelled": row.moment("Cancelled at")}
        if moments["order.cancelled"] is None and self._status(row)[0] == CANCELLED:
            moments["order.cancelled"] = placed_at
        self._tables["events"] += [
            {"id": derived_id(order_id, name), "name": name, "entity_id": order_id, "payload": payload,
             "occurred_at": moment} for name, moment in moments.items() if moment is not None]


def _address(row: Row, kind: str, email: str | None) -> str | None:
    """Return an address as the shop stores it, None where the file has none."""
    first, _, last = row.text(f"{kind} Name").partition(" ")
    address = {
        "firstName": first, "lastName": last, "email": email, "phone": row.text(f"{kind} Phone").lstrip("'"),
        "address": row.text(f"{kind} Street"), "city": row.text(f"{kind} City"),
        "state": row.text(f"{kind} Province"), "postalCode": row.text(f"{kind} Zip").lstrip("'"),
        "country": row.text(f"{kind} Country")}
    known = {name: value for name, value in address.items() if value}
    return json.dumps(known) if known else None

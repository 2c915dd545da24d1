"""Products: the rows of one handle become a product with its variants, images, brand and category."""

import json
import re
from dataclasses import dataclass, field
from uuid import UUID

from oltp.kit.ids import derived_id
from stormcom.importers.shopify.buckets import Buckets, Prepared
from stormcom.importers.shopify.reading import Export, Row

SOURCE = "shopify"
LONGEST_NAME = 255
LONGEST_URL = 4000
# Shopify goes on selling what is out of stock, without end.
ENDLESS = 1_000_000
STATUSES = {"active": "ACTIVE", "draft": "DRAFT", "archived": "ARCHIVED", "": "ACTIVE"}
NO_OPTION = "Title"


@dataclass
class Draft:
    """The rows of one handle: the first one with its title, those with a price, those with an image."""

    first: Row
    variants: list[Row] = field(default_factory=list)
    images: list[Row] = field(default_factory=list)


def slug_of(words: str) -> str:
    """Return words as a slug; never an empty one."""
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:200] or "x"


class Products:
    """Collects the tables of a products file. Ids are derived, so that the same file always gives the same rows."""

    def __init__(self, export: Export, *, store_id: UUID, currency: str) -> None:
        self._export, self._store_id, self._currency = export, store_id, currency
        self._buckets, self._skus, self._named_ids = Buckets(), set[str](), set[UUID]()
        self._tables: dict[str, list[dict[str, object]]] = {
            name: [] for name in ("brands", "categories", "products", "variants", "images")}

    def prepare(self) -> Prepared:
        """Return the tables. What can't be read is noted in the export's problems."""
        for handle, draft in self._drafts().items():
            self._add(handle, draft)
        return Prepared(self._tables, self._buckets)

    def _drafts(self) -> dict[str, Draft]:
        drafts: dict[str, Draft] = {}
        for row in self._export.rows:
            handle = row.text("Handle")
            if not handle:
                self._buckets.rows["blank"] += 1
                if any(cell.strip() for cell in row.cells.values()):
                    row.problems.add(row.line, "Handle", "is empty")
                continue
            is_new = handle not in drafts
            draft = drafts.setdefault(handle, Draft(row))
            if is_new and not row.text("Title"):
                row.problems.add(row.line, "Title", "is empty in the first row of the product")
            is_variant, is_image = bool(row.text("Variant Price")), bool(row.text("Image Src"))
            draft.variants += [row] if is_variant else []
            draft.images += [row] if is_image else []
            kind = "product" if is_new else "variant" if is_variant else "image" if is_image else "repeated"
            self._buckets.rows[kind] += 1
        return drafts

    def _add(self, handle: str, draft: Draft) -> None:
        row = draft.first
        if not draft.variants:
            row.problems.add(row.line, "Variant Price", "is empty in every row of the product")
            return
        product_id = derived_id(self._store_id, SOURCE, "product", handle)
        variants = [self._variant(product_id, handle, number, draft, variant)
                    for number, variant in enumerate(draft.variants, 1)]
        status = self._status(row)
        self._tables["products"].append({
            "id": product_id, "name": row.text("Title")[:LONGEST_NAME], "slug": slug_of(handle),
            "sku": variants[0]["sku"], "description": row.text("Body (HTML)") or None, "status": status,
            "barcode": variants[0]["barcode"], "price_amount": variants[0]["price_amount"],
            "compare_at_amount": variants[0]["compare_at_amount"], "weight": variants[0]["weight"],
            "cost_amount": draft.variants[0].amount("Cost per item", self._currency),
            "track_inventory": variants[0]["is_tracked"], "brand_id": self._named("brands", row.text("Vendor")),
            "category_id": self._named("categories", row.text("Type")), "meta_title": row.text("SEO Title") or None,
            "meta_description": row.text("SEO Description") or None, "meta_keywords": row.text("Tags") or None,
            "is_published": status == "ACTIVE"})
        self._tables["variants"] += variants
        self._add_images(product_id, draft)

    def _status(self, row: Row) -> str:
        word = row.text("Status").lower()
        if word not in STATUSES:
            row.problems.add(row.line, "Status", f"{word[:40]!r} is neither active, draft nor archived")
        status = STATUSES.get(word, "DRAFT")
        return "DRAFT" if status == "ACTIVE" and not row.flag("Published", default=True) else status

    def _variant(self, product_id: UUID, handle: str, number: int, draft: Draft, row: Row) -> dict[str, object]:
        options = {name: row.text(f"Option{i} Value") for i in (1, 2, 3)
                   if (name := draft.first.text(f"Option{i} Name")) and name != NO_OPTION}
        price = row.amount("Variant Price", self._currency) or 0
        compare_at = row.amount("Variant Compare At Price", self._currency)
        is_tracked = bool(row.text("Variant Inventory Tracker"))
        goes_on = row.text("Variant Inventory Policy").lower() in ("continue", "true")
        on_hand = row.integer("Variant Inventory Qty", default=0, least=-ENDLESS) if is_tracked else 0
        if on_hand < 0 and not goes_on:
            self._buckets.notes["stock below zero was set to zero"] += 1
            on_hand = 0
        return {
            "id": derived_id(self._store_id, SOURCE, "variant", handle, number), "product_id": product_id,
            "name": (" / ".join(value for value in options.values() if value) or "Default")[:LONGEST_NAME],
            "sku": self._sku(row, handle, number), "barcode": row.text("Variant Barcode") or None,
            "options": json.dumps(options), "is_default": number == 1, "price_amount": price,
            "compare_at_amount": compare_at if compare_at is not None and compare_at > price else None,
            "weight": row.integer("Variant Grams", default=0) / 1000 or None,
            "image": row.text("Variant Image") or None,
            "is_tracked": is_tracked, "on_hand": on_hand, "backorder_limit": ENDLESS if goes_on else 0}

    def _sku(self, row: Row, handle: str, number: int) -> str:
        """Return the SKU; Shopify allows none, or the same one twice, and a shop here does not."""
        wanted = row.text("Variant SKU").lstrip("'")[:90]
        if not wanted:
            self._buckets.notes["SKUs were made from the handle"] += 1
            wanted = f"{handle[:80]}-{number}"
        sku, again = wanted, 1
        while sku in self._skus:
            again += 1
            sku = f"{wanted}-{again}"
        if again > 1:
            self._buckets.notes["SKUs that stood there twice got a number"] += 1
        self._skus.add(sku)
        return sku

    def _named(self, table: str, name: str) -> UUID | None:
        if not name:
            return None
        named_id = derived_id(self._store_id, SOURCE, table, slug_of(name))
        if named_id not in self._named_ids:
            self._named_ids.add(named_id)
            self._tables[table].append({"id": named_id, "name": name[:LONGEST_NAME], "slug": slug_of(name)})
        return named_id

    def _add_images(self, product_id: UUID, draft: Draft) -> None:
        urls: dict[str, Row] = {}
        for row in sorted(draft.images, key=lambda each: each.integer("Image Position", default=LONGEST_URL)):
            url = row.text("Image Src")
            if len(url) > LONGEST_URL:
                row.problems.add(row.line, "Image Src", f"is longer than {LONGEST_URL} characters")
            urls.setdefault(url, row)
        self._tables["images"] += [
            {"id": derived_id(self._store_id, SOURCE, "image", product_id, url), "product_id": product_id, "url": url,
             "alt": row.text("Image Alt Text")[:1000] or None, "position": position}
            for position, (url, row) in enumerate(urls.items())]

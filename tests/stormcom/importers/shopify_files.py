"""Shopify's export files, small and by hand: rows name only the cells that matter."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from stormcom.importers.shopify.columns import CUSTOMERS, ORDERS, PRODUCTS

Cells = Mapping[str, object]
LAMP = {
    "Handle": "lamp", "Title": "Lamp", "Vendor": "Lux", "Type": "Lamps", "Published": "true", "Status": "active",
    "Option1 Name": "Colour", "Option1 Value": "Red", "Variant SKU": "L-R", "Variant Grams": "1200.0",
    "Variant Inventory Tracker": "shopify", "Variant Inventory Qty": "5", "Variant Inventory Policy": "deny",
    "Variant Price": "19.99", "Variant Compare At Price": "25.00", "Image Src": "https://example.test/1.jpg",
    "Image Position": "1", "Image Alt Text": "A red lamp", "Body (HTML)": "<p>Two\nlines, and a comma</p>",
}
BLUE = {"Handle": "lamp", "Option1 Value": "Blue", "Variant SKU": "L-B", "Variant Price": "21.00",
        "Variant Inventory Tracker": "shopify", "Variant Inventory Qty": "-2", "Variant Inventory Policy": "continue"}
PICTURE = {"Handle": "lamp", "Image Src": "https://example.test/2.jpg", "Image Position": "2"}
BULB = {"Handle": "bulb", "Title": "Bulb", "Variant Price": "3.50", "Status": "draft", "Option1 Name": "Title",
        "Option1 Value": "Default Title"}
ADA = {"First Name": "Ada", "Last Name": "Byron", "Email": "Ada@example.test", "Phone": "'+441234",
       "Accepts Email Marketing": "yes"}
ORDER = {
    "Name": "#1001", "Email": "ada@example.test", "Financial Status": "paid", "Paid at": "2026-03-02 10:00:00 -0500",
    "Fulfillment Status": "fulfilled", "Fulfilled at": "2026-03-03 10:00:00 -0500", "Currency": "USD",
    "Subtotal": "38.49", "Shipping": "5.00", "Taxes": "3.85", "Total": "47.34", "Discount Code": "TEN",
    "Created at": "2026-03-02 09:59:00 -0500", "Lineitem quantity": "2", "Lineitem name": "Lamp - Red",
    "Lineitem price": "19.99", "Lineitem sku": "L-R", "Billing Name": "Ada Byron", "Shipping Name": "Ada Byron",
    "Shipping Street": "12 St James's Square", "Shipping City": "London", "Shipping Zip": "'SW1Y 4JH",
    "Shipping Country": "GB", "Id": "5001",
}
SECOND_LINE = {"Name": "#1001", "Email": "ada@example.test", "Lineitem quantity": "1", "Lineitem name": "Bulb",
               "Lineitem price": "3.50"}
COLUMNS = {"products": PRODUCTS, "customers": CUSTOMERS, "orders": ORDERS}


def write_export(folder: Path, kind: str, rows: Sequence[Cells], *, columns: Sequence[str] | None = None) -> Path:
    """Write an export of `kind` with these rows."""
    path = folder / f"{kind}_export.csv"
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, columns or COLUMNS[kind])
        writer.writeheader()
        writer.writerows(rows)
    return path

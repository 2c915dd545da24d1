"""Customers: one row each; one e-mail is one customer."""

from uuid import UUID

from oltp.kit.ids import derived_id
from stormcom.importers.shopify.buckets import Buckets, Prepared
from stormcom.importers.shopify.products import LONGEST_NAME, SOURCE
from stormcom.importers.shopify.reading import Export


def prepare_customers(export: Export, *, store_id: UUID) -> Prepared:
    """Return the table `customers`. A row without e-mail can't become one: it is counted in a bucket of its own."""
    buckets, customers = Buckets(), dict[str, dict[str, object]]()
    for row in export.rows:
        email = row.text("Email").lower()
        if not any(cell.strip() for cell in row.cells.values()):
            buckets.rows["blank"] += 1
        elif not email:
            buckets.rows["without e-mail"] += 1
        elif "@" not in email:
            row.problems.add(row.line, "Email", f"{email[:40]!r} is not an e-mail address")
        elif email in customers:
            buckets.rows["same e-mail again"] += 1
        else:
            buckets.rows["customer"] += 1
            customers[email] = {
                "id": derived_id(store_id, SOURCE, "customer", email), "email": email,
                "first_name": row.text("First Name")[:LONGEST_NAME], "last_name": row.text("Last Name")[:LONGEST_NAME],
                "phone": row.text("Phone").lstrip("'") or None,
                "accepts_marketing": row.flag("Accepts Email Marketing", default=False)}
    return Prepared({"customers": list(customers.values())}, buckets)

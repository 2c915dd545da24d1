"""What is adopted: every legacy table, the names it goes by, and how its columns read.

A column is written `name:kind`, with `?` when it may be empty and `=value` (SQL) for what stands in where the source
lacks it. Kinds: text, integer, boolean, number (float), money (float, in the store's currency), moment (UTC), json,
an enum of the baseline, or `>table`, a key to a row of that table.
"""

import re
from dataclasses import dataclass

_SQL = {
    "text": "text", "json": "text", "integer": "integer", "boolean": "boolean", "number": "double precision",
    "money": "double precision", "moment": "timestamp(3)",
}
_WRITTEN = re.compile(r"(?P<name>\w+):(?P<kind>>?\w+)(?P<null>\?)?(?:=(?P<default>\S+))?")


@dataclass(frozen=True)
class Column:
    """One column of the baseline, and how the legacy side calls it."""

    name: str
    kind: str
    is_nullable: bool
    default: str | None

    @property
    def parent(self) -> str | None:
        """The table a key points to."""
        return self.kind[1:] if self.kind.startswith(">") else None

    @property
    def is_enum(self) -> bool:
        """Whether the type is one of the baseline's enums, named as the kind."""
        return self.parent is None and self.kind not in _SQL

    @property
    def sql_type(self) -> str:
        """The baseline's type."""
        return "uuid" if self.parent else _SQL.get(self.kind, self.kind)

    @property
    def staged_type(self) -> str:
        """The type the value is read as: keys and enums stay text until they are known to fit."""
        return _SQL.get(self.kind, "text")

    @property
    def legacy_names(self) -> tuple[str, str]:
        """camelCase as the ORM writes it; snake_case as its sign-in adapter demands of some columns."""
        head, *rest = self.name.split("_")
        return head + "".join(part.capitalize() for part in rest), self.name


@dataclass(frozen=True)
class LegacyTable:
    """One table: its name at the baseline, its legacy names, and what must not be there twice."""

    name: str
    legacy_names: tuple[str, ...]
    columns: tuple[Column, ...]
    unique: tuple[tuple[str, ...], ...] = ()
    is_optional: bool = False
    key: str = "id"
    # Rows without a column whose old value could be set out of the way must go before others come.
    deletes_first: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Every column of the baseline, the key first."""
        return (*(("id",) if self.key == "id" else ()), *(column.name for column in self.columns))

    def column(self, name: str) -> Column:
        """Return the column of that name."""
        return next(column for column in self.columns if column.name == name)

    @property
    def money(self) -> tuple[str, ...]:
        """Columns that hold money."""
        return tuple(column.name for column in self.columns if column.kind == "money")


def _columns(written: str) -> tuple[Column, ...]:
    found = [match for word in written.split() if (match := _WRITTEN.fullmatch(word))]
    return tuple(Column(match["name"], match["kind"], bool(match["null"]), match["default"]) for match in found)


_MADE = "created_at:moment=now()"
_BOTH = f"{_MADE} updated_at:moment=now()"
_SOFT = f"{_BOTH} deleted_at:moment?"

# Parents stand before their children.
TABLES = (
    LegacyTable("users", ("User",), _columns(
        f"name:text? email:text? email_verified:moment? image:text? password_hash:text? {_BOTH}"), (("email",),)),
    LegacyTable("accounts", ("Account",), _columns(
        "user_id:>users type:text provider:text provider_account_id:text refresh_token:text? access_token:text? "
        "expires_at:integer? token_type:text? scope:text? id_token:text? session_state:text?"),
        (("provider", "provider_account_id"),)),
    LegacyTable("sessions", ("Session",), _columns("session_token:text user_id:>users expires:moment"),
                (("session_token",),)),
    LegacyTable("verification_tokens", ("VerificationToken",), _columns(
        "identifier:text token:text expires:moment"), (("token",),), key="token"),
    LegacyTable("organizations", ("Organization",), _columns(f"name:text slug:text image:text? {_BOTH}"),
                (("slug",),)),
    LegacyTable("memberships", ("Membership",), _columns(
        f"user_id:>users organization_id:>organizations role:role='MEMBER' {_BOTH}"),
        (("user_id", "organization_id"),), deletes_first=True),
    LegacyTable("stores", ("Store",), _columns(
        "organization_id:>organizations name:text slug:text email:text description:text? logo:text? phone:text? "
        "website:text? address:text? city:text? state:text? postal_code:text? country:text='US' currency:text='USD' "
        "timezone:text='UTC' locale:text='en' subscription_plan:subscription_plan='FREE' "
        "subscription_status:subscription_status='TRIAL' trial_ends_at:moment? subscription_ends_at:moment? "
        f"product_limit:integer=10 order_limit:integer=100 {_SOFT}"),
        (("organization_id",), ("slug",)), deletes_first=True),
    LegacyTable("categories", ("Category",), _columns(
        "store_id:>stores name:text slug:text description:text? image:text? parent_id:>categories? meta_title:text? "
        f"meta_description:text? is_published:boolean=true sort_order:integer=0 {_SOFT}"), (("store_id", "slug"),)),
    LegacyTable("brands", ("Brand",), _columns(
        "store_id:>stores name:text slug:text description:text? logo:text? website:text? meta_title:text? "
        f"meta_description:text? is_published:boolean=true {_SOFT}"), (("store_id", "slug"),)),
    LegacyTable("products", ("Product",), _columns(
        "store_id:>stores name:text slug:text sku:text description:text? short_description:text? barcode:text? "
        "price:money compare_at_price:money? cost_price:money? track_inventory:boolean=true inventory_qty:integer=0 "
        "low_stock_threshold:integer=5 inventory_status:inventory_status='IN_STOCK' weight:number? length:number? "
        "width:number? height:number? category_id:>categories? brand_id:>brands? images:json='[]' "
        "thumbnail_url:text? meta_title:text? meta_description:text? meta_keywords:text? "
        f"status:product_status='DRAFT' published_at:moment? is_featured:boolean=false {_SOFT}"),
        (("store_id", "sku"), ("store_id", "slug"))),
    LegacyTable("product_variants", ("ProductVariant",), _columns(
        "product_id:>products name:text sku:text barcode:text? price:money? compare_at_price:money? "
        "inventory_qty:integer=0 low_stock_threshold:integer=5 weight:number? image:text? options:json='{}' "
        f"is_default:boolean=false {_BOTH}"), (("sku",),)),
    LegacyTable("product_attributes", ("ProductAttribute",), _columns(
        f"store_id:>stores name:text values:json='[]' {_BOTH}"), (("store_id", "name"),)),
    LegacyTable("product_attribute_values", ("ProductAttributeValue",), _columns(
        f"product_id:>products attribute_id:>product_attributes value:text {_MADE}")),
    LegacyTable("customers", ("Customer",), _columns(
        "store_id:>stores user_id:>users? email:text first_name:text last_name:text phone:text? "
        "accepts_marketing:boolean=false marketing_opt_in_at:moment? total_orders:integer=0 total_spent:money=0 "
        f"average_order_value:money=0 last_order_at:moment? {_SOFT}"), (("store_id", "email"), ("user_id",))),
    LegacyTable("orders", ("Order",), _columns(
        "store_id:>stores customer_id:>customers? order_number:text status:order_status='PENDING' subtotal:money "
        "tax_amount:money=0 shipping_amount:money=0 discount_amount:money=0 total_amount:money discount_code:text? "
        "payment_method:payment_method? payment_gateway:payment_gateway? payment_status:payment_status='PENDING' "
        "shipping_method:text? tracking_number:text? tracking_url:text? shipping_address:json? billing_address:json? "
        "fulfilled_at:moment? canceled_at:moment? cancel_reason:text? customer_note:text? admin_note:text? "
        f"ip_address:text? {_SOFT}"), (("store_id", "order_number"),)),
    LegacyTable("order_items", ("OrderItem",), _columns(
        "order_id:>orders product_id:>products? variant_id:>product_variants? product_name:text variant_name:text? "
        "sku:text image:text? price:money quantity:integer subtotal:money tax_amount:money=0 discount_amount:money=0 "
        f"total_amount:money {_BOTH}")),
    LegacyTable("reviews", ("Review",), _columns(
        "store_id:>stores product_id:>products customer_id:>customers? rating:integer title:text? comment:text "
        f"images:json? is_approved:boolean=false approved_at:moment? is_verified_purchase:boolean=false {_SOFT}")),
    LegacyTable("inventory_logs", ("InventoryLog", "inventory_logs"), _columns(
        "store_id:>stores product_id:>products previous_qty:integer new_qty:integer change_qty:integer reason:text "
        f"note:text? user_id:>users? {_MADE}"), is_optional=True),
    LegacyTable("audit_logs", ("audit_logs", "AuditLog"), _columns(
        "store_id:>stores? user_id:>users? action:text entity_type:text entity_id:text changes:json? "
        f"ip_address:text? user_agent:text? {_MADE}"), is_optional=True),
)
BY_NAME = {table.name: table for table in TABLES}

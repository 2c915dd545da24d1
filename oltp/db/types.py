"""Column types by meaning, so that a model reads like the glossary."""

from typing import Annotated
from uuid import UUID

from sqlalchemy import ForeignKey, text
from sqlalchemy.dialects.postgresql import ENUM, TIMESTAMP
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.orm import mapped_column
from sqlalchemy.types import UserDefinedType


class Xid8(UserDefinedType[int]):
    """Postgres's 64-bit transaction id, the type of `row_version`."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Return the SQL type."""
        return "xid8"


# Reflection (alembic check, doctor) must know the type too.
ischema_names["xid8"] = Xid8


def _legacy_enum(name: str, *values: str) -> ENUM:
    # The baseline migration made the type; metadata must never try to.
    return ENUM(*values, name=name, create_type=False)


LEGACY_INSTANT = TIMESTAMP(timezone=True)
ROLE = _legacy_enum("role", "OWNER", "ADMIN", "MEMBER", "VIEWER")
PRODUCT_STATUS = _legacy_enum("product_status", "DRAFT", "ACTIVE", "ARCHIVED")
ORDER_STATUS = _legacy_enum(
    "order_status",
    "PENDING",
    "PAYMENT_FAILED",
    "PAID",
    "PROCESSING",
    "SHIPPED",
    "DELIVERED",
    "CANCELED",
    "REFUNDED",
)
PAYMENT_STATUS = _legacy_enum(
    "payment_status", "PENDING", "AUTHORIZED", "PAID", "FAILED", "REFUNDED", "DISPUTED"
)
PAYMENT_METHOD = _legacy_enum(
    "payment_method", "CREDIT_CARD", "DEBIT_CARD", "MOBILE_BANKING", "BANK_TRANSFER", "CASH_ON_DELIVERY"
)
PAYMENT_GATEWAY = _legacy_enum("payment_gateway", "STRIPE", "SSLCOMMERZ", "MANUAL")
DISCOUNT_TYPE = _legacy_enum("discount_type", "PERCENTAGE", "FIXED", "FREE_SHIPPING")
SUBSCRIPTION_PLAN = _legacy_enum("subscription_plan", "FREE", "BASIC", "PRO", "ENTERPRISE")
SUBSCRIPTION_STATUS = _legacy_enum("subscription_status", "TRIAL", "ACTIVE", "PAST_DUE", "CANCELED", "PAUSED")

Id = Annotated[UUID, mapped_column(primary_key=True, server_default=text("uuidv7()"))]
StoreId = Annotated[UUID, mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))]
RowVersion = Annotated[str, mapped_column(Xid8, server_default=text("pg_current_xact_id()"))]

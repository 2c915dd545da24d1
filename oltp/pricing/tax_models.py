"""Tables of the room `pricing`: taxes."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import Id, StoreId


class TaxRate(Base):
    """The share of tax in a country or region for a class of products; 0.19 is 19 %."""

    __tablename__ = "tax_rate"
    __table_args__ = (
        UniqueConstraint("store_id", "country", "region", "tax_class", postgresql_nulls_not_distinct=True),
        UniqueConstraint("store_id", "id"),
        CheckConstraint("(length(name) >= 1) AND (length(name) <= 200)", name="tax_rate_name_check"),
        CheckConstraint("(length(region) >= 1) AND (length(region) <= 100)", name="tax_rate_region_check"),
        CheckConstraint("(rate >= (0)) AND (rate <= (1))", name="tax_rate_rate_check"),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="tax_rate_country_check"),
        CheckConstraint("tax_class ~ '^[a-z][a-z0-9_]{0,62}$'", name="tax_rate_tax_class_check"),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    name: Mapped[str]
    country: Mapped[str]
    region: Mapped[str | None]
    tax_class: Mapped[str] = mapped_column(server_default=text("'standard'"))
    rate: Mapped[Decimal] = mapped_column(Numeric(9, 6))
    is_on_shipping: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))

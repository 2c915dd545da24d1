"""Tables of the room `apps`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import Id, StoreId


class AppIntegration(Base):
    """An outside program installed in a store."""

    __tablename__ = "app_integration"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        ForeignKeyConstraint(
            ["store_id", "api_token_id"], ["api_token.store_id", "api_token.id"], ondelete="SET NULL (api_token_id)"
        ),
        CheckConstraint("(status = 'uninstalled') = (uninstalled_at IS NOT NULL)", name="app_integration_check"),
        CheckConstraint("app_key ~ '^[a-z0-9]+([._-][a-z0-9]+)*$'", name="app_integration_app_key_check"),
        CheckConstraint(
            "status = ANY (ARRAY['installed', 'disabled', 'uninstalled'])", name="app_integration_status_check"
        ),
        Index(
            "app_integration_live_app_key_key",
            "store_id",
            "app_key",
            unique=True,
            postgresql_where=text("uninstalled_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    app_key: Mapped[str]
    name: Mapped[str]
    version: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=text("'installed'"))
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    api_token_id: Mapped[UUID | None]
    installed_by_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    installed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    uninstalled_at: Mapped[datetime | None]

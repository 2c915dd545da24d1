"""Tables of the room `access`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import LEGACY_INSTANT, ROLE, Id, StoreId


class Account(Base):
    """A user's account with an outside identity provider."""

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("provider", "provider_account_id"),
        Index("accounts_user_id_idx", "user_id"),
    )

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE", onupdate="CASCADE"))
    type: Mapped[str]
    provider: Mapped[str]
    provider_account_id: Mapped[str]
    refresh_token: Mapped[str | None]
    access_token: Mapped[str | None]
    expires_at: Mapped[int | None]
    token_type: Mapped[str | None]
    scope: Mapped[str | None]
    id_token: Mapped[str | None]
    session_state: Mapped[str | None]


class SignInSession(Base):
    """A signed-in browser; `session_token` holds the hash of what the cookie carries."""

    __tablename__ = "sessions"
    __table_args__ = (UniqueConstraint("session_token"),)

    id: Mapped[Id]
    session_token: Mapped[str]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE", onupdate="CASCADE"))
    expires: Mapped[datetime] = mapped_column(LEGACY_INSTANT)


class VerificationToken(Base):
    """A one-time sign-in link; `token` holds the hash."""

    __tablename__ = "verification_tokens"
    __table_args__ = (
        UniqueConstraint("identifier", "token"),
        UniqueConstraint("token"),
    )
    __mapper_args__ = {"primary_key": ["token"]}  # noqa: RUF012 - SQLAlchemy reads it once

    identifier: Mapped[str]
    token: Mapped[str]
    expires: Mapped[datetime] = mapped_column(LEGACY_INSTANT)


class ApiToken(Base):
    """A bearer token of a store; only its SHA-256 is kept."""

    __tablename__ = "api_token"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        UniqueConstraint("token_hash"),
        CheckConstraint("(length(name) >= 1) AND (length(name) <= 200)", name="api_token_name_check"),
        CheckConstraint("cardinality(scopes) > 0", name="api_token_scopes_check"),
        CheckConstraint("token_hash ~ '^[0-9a-f]{64}$'", name="api_token_token_hash_check"),
        Index("api_token_store_id_created_at_idx", "store_id", "created_at"),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    name: Mapped[str]
    token_hash: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_by_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class Permission(Base):
    """What may be done; without a store it comes with the platform."""

    __tablename__ = "permission"
    __table_args__ = (
        UniqueConstraint("store_id", "code", postgresql_nulls_not_distinct=True),
        CheckConstraint("code ~ '^[a-z_]+([.][a-z_]+)+$'", name="permission_code_check"),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID | None] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))
    code: Mapped[str]
    description: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class RolePermission(Base):
    """A permission of a role, or a membership's override of it."""

    __tablename__ = "role_permission"
    __table_args__ = (
        UniqueConstraint("store_id", "role", "membership_id", "permission_id", postgresql_nulls_not_distinct=True),
        CheckConstraint("(membership_id IS NULL) OR (store_id IS NOT NULL)", name="role_permission_check1"),
        CheckConstraint("num_nonnulls(role, membership_id) = 1", name="role_permission_check"),
        Index("role_permission_membership_id_idx", "membership_id"),
        Index("role_permission_permission_id_idx", "permission_id"),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID | None] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))
    role: Mapped[str | None] = mapped_column(ROLE)
    membership_id: Mapped[UUID | None] = mapped_column(ForeignKey("memberships.id", ondelete="CASCADE"))
    permission_id: Mapped[UUID] = mapped_column(ForeignKey("permission.id", ondelete="CASCADE"))
    is_granted: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))

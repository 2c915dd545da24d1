"""Accounts with gateways: written by the store's people, their credentials sealed and never shown again."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from oltp.audit.actions import record_audit
from oltp.kit.clock import Clock
from oltp.kit.ids import new_id
from oltp.kit.secrets import SecretBox
from oltp.payments.credentials import NAMES, read_credentials, seal_credentials
from oltp.payments.errors import ConfigNameTaken, CredentialsInvalid, GatewayNotSupported
from oltp.payments.models import PaymentProviderConfig
from oltp.payments.queries import get_config


def create_config(
    session: Session, *, store_id: UUID, gateway: str, name: str, credentials: Mapping[str, Any] | None,
    capture: str, is_active: bool, is_test: bool, box: SecretBox | None, clock: Clock,
) -> PaymentProviderConfig:
    """Add an account. Errors: GatewayNotSupported, CredentialsInvalid, ConfigNameTaken, SecretsMissing."""
    if gateway not in ("STRIPE", "MANUAL"):
        raise GatewayNotSupported(field="gateway")
    _refuse_taken(session, store_id=store_id, name=name, own_id=None)
    now = clock.now()
    config = PaymentProviderConfig(
        id=new_id(), store_id=store_id, gateway=gateway, name=name, is_active=is_active, is_test=is_test,
        public_settings={"capture": capture}, created_at=now, updated_at=now)
    if credentials is not None:
        _set_credentials(config, credentials, box)
    session.add(config)
    session.flush()
    _keep(session, config=config, action="payment_provider_config.created", clock=clock)
    return config


def change_config(
    session: Session, *, store_id: UUID, config_id: UUID, changes: Mapping[str, Any], box: SecretBox | None,
    clock: Clock,
) -> PaymentProviderConfig:
    """Change name, is_active, is_test, capture or credentials; what is not given stays.

    Errors: ConfigNotFound, CredentialsInvalid, ConfigNameTaken, SecretsMissing.
    """
    config = get_config(session, store_id=store_id, config_id=config_id)
    if "name" in changes:
        _refuse_taken(session, store_id=store_id, name=changes["name"], own_id=config_id)
    for field in ("name", "is_active", "is_test"):
        if field in changes:
            setattr(config, field, changes[field])
    if "capture" in changes:
        config.public_settings = {**config.public_settings, "capture": changes["capture"]}
    if changes.get("credentials") is not None:
        _set_credentials(config, changes["credentials"], box)
    config.updated_at = clock.now()
    session.flush()
    _keep(session, config=config, action="payment_provider_config.updated", clock=clock, fields=sorted(changes))
    return config


def delete_config(session: Session, *, store_id: UUID, config_id: UUID, clock: Clock) -> None:
    """Take an account away; payments made with it can still be refunded, so its credentials stay sealed.

    Errors: ConfigNotFound.
    """
    config = get_config(session, store_id=store_id, config_id=config_id)
    config.deleted_at = config.updated_at = clock.now()
    config.is_active = False
    session.flush()
    _keep(session, config=config, action="payment_provider_config.deleted", clock=clock)


def _set_credentials(config: PaymentProviderConfig, credentials: Mapping[str, Any], box: SecretBox | None) -> None:
    if config.gateway != "STRIPE":
        raise CredentialsInvalid(field="credentials", gateway=config.gateway, names=f"none; STRIPE takes {NAMES}")
    seal_credentials(config, read_credentials(credentials), box=box)


def _refuse_taken(session: Session, *, store_id: UUID, name: str, own_id: UUID | None) -> None:
    found = session.scalar(select(PaymentProviderConfig.id).where(
        PaymentProviderConfig.store_id == store_id, PaymentProviderConfig.name == name,
        PaymentProviderConfig.deleted_at.is_(None)))
    if found not in (None, own_id):
        raise ConfigNameTaken(name=name, field="name")


def _keep(
    session: Session, *, config: PaymentProviderConfig, action: str, clock: Clock, fields: list[str] | None = None
) -> None:
    # Which fields changed is kept, never a value: one of them is a secret.
    record_audit(session, store_id=config.store_id, action=action, entity_type="payment_provider_config",
                 entity_id=config.id, changes=dict.fromkeys(fields) if fields else None,
                 actor_type="SYSTEM", severity="warning", occurred_at=clock.now())

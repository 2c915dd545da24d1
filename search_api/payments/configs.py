"""Accounts with gateways."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from oltp.payments import configs, queries
from search_api.cursors import read_moment
from search_api.dependencies import Caller, CurrentBox, CurrentClock, StoreSession, require
from search_api.idempotency import KeyedRoute
from search_api.pages import MAX_LIMIT, Page
from search_api.payments.cursors import next_of
from search_api.payments.schemas import Config, ConfigChanges, NewConfig, config_answer

router = APIRouter(tags=["payments"], route_class=KeyedRoute)
Owner = Annotated[Caller, Depends(require("settings.manage"))]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=500, description="`next` of the page before.")]


@router.get("/v1/payment-provider-configs", summary="List accounts with payment gateways, newest first")
def get_configs(caller: Owner, session: StoreSession, limit: Limit = 20, cursor: Cursor = None) -> Page[Config]:
    """Return a page of the store's accounts; credentials are never answered."""
    rows = queries.list_configs(session, store_id=caller.store_id, after=read_moment(cursor), limit=limit + 1)
    return Page[Config](items=[config_answer(row) for row in rows[:limit]], next=next_of(rows, limit))


@router.post("/v1/payment-provider-configs", status_code=201, summary="Add an account with a payment gateway")
def post_config(
    caller: Owner, session: StoreSession, box: CurrentBox, clock: CurrentClock, body: NewConfig
) -> Config:
    """Keep an account; its credentials are sealed. Give the gateway `callback_path` as the address of its webhooks."""
    credentials = body.credentials.model_dump() if body.credentials else None
    return config_answer(configs.create_config(
        session, store_id=caller.store_id, gateway=body.gateway, name=body.name, credentials=credentials,
        capture=body.capture, is_active=body.is_active, is_test=body.is_test, box=box, clock=clock))


@router.get("/v1/payment-provider-configs/{config_id}", summary="Show an account with a payment gateway")
def get_config(caller: Owner, session: StoreSession, config_id: UUID) -> Config:
    """Return an account, without its credentials."""
    return config_answer(queries.get_config(session, store_id=caller.store_id, config_id=config_id))


@router.patch("/v1/payment-provider-configs/{config_id}", summary="Change an account with a payment gateway")
def patch_config(
    caller: Owner, session: StoreSession, box: CurrentBox, clock: CurrentClock, config_id: UUID, body: ConfigChanges
) -> Config:
    """Change what is given. New credentials replace the old ones as a whole."""
    return config_answer(configs.change_config(
        session, store_id=caller.store_id, config_id=config_id, changes=body.model_dump(exclude_unset=True), box=box,
        clock=clock))


@router.delete("/v1/payment-provider-configs/{config_id}", status_code=204,
               summary="Take an account with a payment gateway away")
def delete_config(caller: Owner, session: StoreSession, clock: CurrentClock, config_id: UUID) -> None:
    """Take it away; what was paid with it can still be refunded."""
    configs.delete_config(session, store_id=caller.store_id, config_id=config_id, clock=clock)

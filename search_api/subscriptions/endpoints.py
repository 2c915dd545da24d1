"""Subscriptions: subscriptions."""

from fastapi import APIRouter

from search_api.idempotency import KeyedRoute

router = APIRouter(tags=["subscriptions"], route_class=KeyedRoute)

"""Merchandising: collections and bundles."""

from fastapi import APIRouter

from search_api.idempotency import KeyedRoute

router = APIRouter(tags=["merchandising"], route_class=KeyedRoute)

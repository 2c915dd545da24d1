"""Merchandising: collections and bundles."""

from fastapi import APIRouter

from search_api.merchandising import bundles, collections

router = APIRouter()
router.include_router(collections.router)
router.include_router(bundles.router)

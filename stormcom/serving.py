"""The API's process, or several that share a port: settings in, uvicorn until it is told to end."""

import gc
import os
import signal
import threading
import time
from typing import Any

import structlog
import uvicorn
from fastapi import FastAPI

from oltp.db.session import Database
from oltp.kit.clock import SystemClock
from oltp.kit.settings import Settings
from oltp.search.encoders import Encoder, encoder_from
from search_api.app import create_app
from stormcom.schema import head
from stormcom.stack.secret_key import find_secret_box
from stormcom.stack.server import running_url

# Requests under way get this long when the process is told to end.
GRACE_SECONDS = 4
# A worker that says nothing for so long is replaced; a slow machine needs some of it to start one.
HEALTH_SECONDS = 60
# How often a worker looks whether its parent lives: one left alone would keep the port.
PARENT_SECONDS = 1.0

_log = structlog.get_logger("stormcom.serving")


def serve(settings: Settings, *, host: str) -> None:
    """Serve until SIGTERM. Errors: NotRunning when no database is named and no embedded server runs."""
    options: dict[str, Any] = {
        "host": host, "port": settings.api_port, "log_config": None, "access_log": False, "server_header": False,
        "timeout_graceful_shutdown": GRACE_SECONDS}
    if settings.api_workers > 1:
        running_url(settings)  # said here, once, instead of by each worker
        uvicorn.run("stormcom.serving:worker_app", factory=True, workers=settings.api_workers,
                    timeout_worker_healthcheck=HEALTH_SECONDS, **options)
        return
    app = _app(settings)
    uvicorn.Server(uvicorn.Config(app, **options)).run()
    app.state.database.dispose()


def worker_app() -> FastAPI:
    """Return the application of one of several workers, by the environment's settings; it ends with its parent."""
    threading.Thread(target=_follow, args=(os.getppid(),), name="parent", daemon=True).start()
    return _app(Settings())


def settle_memory() -> None:
    """Take what the application is made of out of the garbage collector's sight, and let it look less often.

    Looking through all classes, schemas and routes again costs a request more than its own garbage.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _app(settings: Settings) -> FastAPI:
    encoder = encoder_from(settings)
    app = create_app(
        settings=settings, database=Database(running_url(settings), pool_size=20), clock=SystemClock(),
        encoder=encoder, expected_revision=head(), box=find_secret_box(settings))
    settle_memory()
    # Requests are served before the model is there; only meaning-based search waits for it.
    threading.Thread(target=_warm, args=(encoder,), name="encoder", daemon=True).start()
    return app


def _follow(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PARENT_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def _warm(encoder: Encoder) -> None:
    try:
        encoder.load()
    except Exception as error:
        _log.error("encoder.failed", exc_info=error)
    else:
        _log.info("encoder.ready", model=encoder.model_id)

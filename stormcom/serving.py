"""The API's process: settings in, uvicorn until it is told to end."""

import threading

import structlog
import uvicorn

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

_log = structlog.get_logger("stormcom.serving")


def serve(settings: Settings, *, host: str) -> None:
    """Serve until SIGTERM. Errors: NotRunning when no database is named and no embedded server runs."""
    database = Database(running_url(settings), pool_size=20)
    encoder = encoder_from(settings)
    app = create_app(
        settings=settings, database=database, clock=SystemClock(), encoder=encoder, expected_revision=head(),
        box=find_secret_box(settings),
    )
    # Requests are served before the model is there; only meaning-based search waits for it.
    threading.Thread(target=_warm, args=(encoder,), name="encoder", daemon=True).start()
    config = uvicorn.Config(
        app, host=host, port=settings.api_port, log_config=None, access_log=False, server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    uvicorn.Server(config).run()
    database.dispose()


def _warm(encoder: Encoder) -> None:
    try:
        encoder.load()
    except Exception as error:
        _log.error("encoder.failed", exc_info=error)
    else:
        _log.info("encoder.ready", model=encoder.model_id)

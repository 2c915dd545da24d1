"""Logging: one JSON object a line on stderr, each with the ids of its request. No bodies, tokens or addresses."""

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

_PERSONAL = re.compile(r"'[^']*'|\"[^\"]*\"|\S+@\S+|sc_\S+")


class _Stderr:
    """Whatever sys.stderr is at the moment of writing, so that a replaced stream is respected."""

    def write(self, line: str) -> int:
        return sys.stderr.write(line)

    def flush(self) -> None:
        sys.stderr.flush()


def name_exception(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace `exc_info` by the error's type, places and message; local variables never enter a log.

    The message of a database error quotes the statement's parameters, so it stays out; any other loses what it
    quotes, for that is somebody's input.
    """
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["message"] = "" if isinstance(error, SQLAlchemyError) else scrub(str(error))
        event["frames"] = [f"{frame.filename}:{frame.lineno} {frame.name}"
                           for frame in traceback.extract_tb(error.__traceback__)[-15:]]
    return event


def scrub(message: str) -> str:
    """Return the first line of a message without what it quotes, e-mail addresses and tokens."""
    return _PERSONAL.sub("…", message.split("\n", 1)[0])[:300]


def configure_logging(level: str) -> None:
    """Set structlog up for this process; `level` is debug, info, warning or error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            name_exception,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=_Stderr()),  # type: ignore[arg-type]
        cache_logger_on_first_use=False,
    )

"""A caller that hangs up in the middle of its body."""

import pytest
from fastapi import FastAPI, Request


@pytest.mark.anyio
async def test_a_client_that_leaves_is_no_error(app: FastAPI, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is answered, and nothing is logged as an error."""
    answered = []

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        answered.append(message)

    scope = {"type": "http", "method": "POST", "path": "/body", "raw_path": b"/body", "query_string": b"",
             "headers": [], "http_version": "1.1", "scheme": "http", "server": ("test", 80), "client": ("test", 1),
             "root_path": "", "app": app}
    @app.post("/body")
    async def body(request: Request) -> int:
        return len(await request.body())

    await app.build_middleware_stack()(scope, receive, send)
    assert answered == [] and "unexpected_error" not in capsys.readouterr().err


@pytest.fixture
def anyio_backend() -> str:
    """One backend is enough."""
    return "asyncio"

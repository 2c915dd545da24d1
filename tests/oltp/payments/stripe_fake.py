"""localstripe, a fake of Stripe's servers: its own process, spoken to over HTTP only."""

import json
import queue
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

KEY = "sk_test_12345"
GOOD, DECLINED = "4242424242424242", "4000000000000341"


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run it, and give its URL; it ends with the block."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "localstripe", "--port", str(port), "--from-scratch"], cwd=folder,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert process.poll() is None, "localstripe ended"
        try:
            post(url, "/_config/webhooks/none", {"url": "http://127.0.0.1:9", "secret": "x", "events[]": "none"})
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    raise TimeoutError("localstripe did not start")


def post(url: str, path: str, values: dict[str, str]) -> Any:
    """Post a form, return the JSON that is answered."""
    request = urllib.request.Request(
        url + path, urllib.parse.urlencode(values).encode(), {"Authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        text = answer.read().decode()
        return json.loads(text) if text else None


@contextmanager
def hearing(url: str, secret: str) -> Iterator["queue.Queue[tuple[bytes, dict[str, str]]]"]:
    """Have it send its webhooks to a small server, signed with the secret; what arrives is put into the queue."""
    heard: queue.Queue[tuple[bytes, dict[str, str]]] = queue.Queue()

    class Ear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.put((body, {name.lower(): value for name, value in self.headers.items()}))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Ear)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        post(url, "/_config/webhooks/ours", {
            "url": f"http://127.0.0.1:{server.server_port}/", "secret": secret})
        yield heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def card(url: str, number: str = GOOD) -> str:
    """Return the token of a card."""
    method = post(url, "/v1/payment_methods", {
        "type": "card", "card[number]": number, "card[exp_month]": "12", "card[exp_year]": "2030", "card[cvc]": "123"})
    return str(method["id"])


def balance(url: str, intent: str) -> tuple[int, int]:
    """Return what it says was captured of a payment, and what of that was refunded."""
    request = urllib.request.Request(f"{url}/v1/payment_intents/{intent}", headers={"Authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        charge = json.loads(answer.read())["charges"]["data"][0]
    return int(charge["amount"]), int(charge["amount_refunded"])

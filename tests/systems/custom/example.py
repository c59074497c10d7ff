"""The example shop of docs/custom-shop in a process of its own."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = Path(__file__).resolve().parents[3] / "docs" / "custom-shop" / "shop.py"
SECRET = "a secret between the shop and erpsync"
SECONDS = 20.0


class Example:
    """The shop's process."""

    def __init__(self, port: int, receiver: str) -> None:
        environment = {**os.environ, "SECRET": SECRET, "RECEIVER": receiver, "PORT": str(port), "no_proxy": "*"}
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAM)],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._said = ""

    def stop(self) -> None:
        self._process.terminate()
        self._said = self._process.communicate(timeout=SECONDS)[1]

    def said(self) -> str:
        return self._said


@contextmanager
def running(port: int, receiver: str) -> Iterator[Example]:
    shop = Example(port, receiver)
    try:
        deadline = time.monotonic() + SECONDS
        while not _answers(port):
            assert time.monotonic() < deadline, "the example shop did not start"
            time.sleep(0.02)
        yield shop
    finally:
        shop.stop()


def buy(port: int, sku: str, quantity: int, price: str, total: str) -> None:
    body = json.dumps({"sku": sku, "quantity": quantity, "price": price, "total": total}).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.open(f"http://127.0.0.1:{port}/buy", body, timeout=SECONDS).close()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True

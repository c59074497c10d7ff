"""The example shops of docs/custom-shop in processes of their own."""

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

DOCS = Path(__file__).resolve().parents[3] / "docs" / "custom-shop"
PROGRAM, SMALLEST = DOCS / "shop.py", DOCS / "smallest.py"
SECRET = "a secret between the shop and erpsync"
SECONDS = 60.0
# Runs a program for which time passes at once.
HASTY = "import runpy, sys, time; time.sleep = lambda _: None; del sys.argv[0]; runpy.run_path(sys.argv[0])"


class Example:
    """The shop's process."""

    def __init__(self, port: int, receiver: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAM)],
            env={**_environment(receiver), "PORT": str(port)},
            stderr=subprocess.PIPE,
            text=True,
        )
        self._said = ""

    def stop(self) -> None:
        self._process.terminate()
        self._said = self._process.communicate(timeout=SECONDS)[1]

    def said(self) -> str:
        return self._said

    @property
    def runs(self) -> bool:
        return self._process.poll() is None


@contextmanager
def running(port: int, receiver: str) -> Iterator[Example]:
    shop = Example(port, receiver)
    try:
        deadline = time.monotonic() + SECONDS
        while not _answers(port):
            assert shop.runs, "the example shop ended while starting"
            assert time.monotonic() < deadline, "the example shop did not start"
            time.sleep(0.02)
        yield shop
    finally:
        shop.stop()


def sell(receiver: str, *order: str) -> None:
    """The smallest shop sells, and has told when this returns."""
    command = [sys.executable, "-c", HASTY, str(SMALLEST), *order]
    subprocess.run(command, env=_environment(receiver), check=True, capture_output=True, timeout=SECONDS)


def buy(port: int, sku: str, quantity: int, price: str, total: str) -> None:
    body = json.dumps({"sku": sku, "quantity": quantity, "price": price, "total": total}).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.open(f"http://127.0.0.1:{port}/buy", body, timeout=SECONDS).close()


def _environment(receiver: str) -> dict[str, str]:
    return {**os.environ, "SECRET": SECRET, "RECEIVER": receiver, "no_proxy": "*"}


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True

"""Turns templates into answers. Everything that a template prints is escaped."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import files
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

STYLE_PATH: Final = "/console/style.css"
_SINGULAR = {"orders": "order", "customers": "customer", "products": "product", "fulfilments": "fulfilment"}
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


class Pages:
    """The console's templates and its stylesheet. For several threads."""

    def __init__(self) -> None:
        self._style = files("erpsync.web.console").joinpath("static/style.css").read_bytes()
        self._environment = Environment(
            loader=PackageLoader("erpsync.web.console"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        # The address changes with the content, so that browsers may keep it.
        digest = hashlib.sha256(self._style).hexdigest()[:12]
        self._environment.globals |= {"visit": None, "flash": None, "style": f"{STYLE_PATH}?v={digest}"}
        self._environment.filters |= {
            "utc": utc,
            "duration": duration,
            "counted": counted,
            "singular": singular,
            "plain": plain,
        }

    def page(
        self, template: str, status: int = 200, headers: Mapping[str, str] | None = None, /, **values: object
    ) -> Response:
        return HTMLResponse(self._environment.get_template(template).render(values), status, headers)

    def style(self) -> Response:
        return Response(
            self._style, media_type="text/css", headers={"Cache-Control": "public, max-age=31536000, immutable"}
        )


def utc(at: datetime) -> str:
    """A time as people read it: 2026-03-01 09:30:00 UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def duration(seconds: float) -> str:
    """A length of time in its two largest units: 2 days 3 h, 5 min 20 s, 12 s."""
    whole = max(0, int(seconds))
    if whole >= _DAY:
        days = whole // _DAY
        return f"{days} {'day' if days == 1 else 'days'} {whole % _DAY // _HOUR} h"
    if whole >= _HOUR:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    if whole >= _MINUTE:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole} s"


def singular(subject: str) -> str:
    """A record by its flow and number, as people say it: order #1001 for "orders #1001"."""
    flow, space, number = subject.partition(" ")
    return f"{_SINGULAR.get(flow, flow)}{space}{number}"


def plain(number: Decimal | int | None) -> str:
    """A quantity or an amount as people write it; a dash where it is not known."""
    return "–" if number is None else f"{Decimal(number):f}"


def counted(number: int, one: str, many: str) -> str:
    """A number with its noun: 1 job, 1,200 jobs."""
    return f"{number:,} {one if number == 1 else many}"

"""WSDL and XSD documents: where they may come from, their copies on disk, and parsing them once per process."""

import hashlib
import os
import tempfile
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import zeep
import zeep.exceptions
from lxml import etree
from zeep.wsdl import Document

from erpsync import __version__
from erpsync.domain.errors import Rejected, SyncError, Unavailable
from erpsync.ports.runtime import Clock
from erpsync.transport.http import HttpClient

MAX_AGE_SECONDS = 24 * 3600.0
"""How old a copy on disk may grow before the server is asked again."""

_ROOTS = frozenset({"{http://schemas.xmlsoap.org/wsdl/}definitions", "{http://www.w3.org/2001/XMLSchema}schema"})
# A parsed SuiteTalk WSDL takes 0.7 s and 66 MB: once a process. Few, so that those of many test servers do not pile up.
_MAX_PARSED = 4
_parsed: dict[str, Any] = {}
_parsing = threading.Lock()


class WsdlFiles:
    """What zeep gets WSDL and XSD documents from: a folder's files, or addresses with a copy on disk.

    A document may import what lies beside it or what is served over https; a remote one never reaches this machine's
    files. Copies are a day old at most, unless the server cannot be reached. Safe for several processes at once.
    """

    def __init__(self, http: HttpClient, wsdl: str, clock: Clock, cache_directory: Path) -> None:
        self._http = http
        self._clock = clock
        self._directory = cache_directory / "wsdl"
        origin = urlsplit(wsdl)
        self._remote = origin.scheme in ("http", "https")
        self._host = origin.netloc
        self._folder = None if self._remote else Path(wsdl).resolve().parent

    def load(self, url: str) -> bytes:
        """The document. Raises Unavailable where it cannot be had, Rejected where it must not."""
        parts = urlsplit(url)
        if parts.scheme == "https" or (parts.scheme == "http" and self._remote and parts.netloc == self._host):
            return self._fetched(url)
        path = Path(url).resolve()
        if not parts.scheme and self._folder is not None and path.is_relative_to(self._folder):
            return self._opened(path)
        raise Rejected(
            "wsdl-import-refused",
            system=self._http.system,
            what="The WSDL imports a document from a place that it must not.",
            next_step="Check the connection's WSDL: imports must be https, or lie beside the WSDL.",
        )

    def _opened(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise self._missing(f"{path.name} cannot be read ({type(error).__name__})") from error

    def _fetched(self, url: str) -> bytes:
        # The version is part of the name, so that an upgrade never meets what an older simulator served here.
        copy = self._directory / f"{hashlib.sha256(f'{__version__} {url}'.encode()).hexdigest()}.xml"
        age = self._age_seconds(copy)
        if age is not None and age < MAX_AGE_SECONDS:
            return copy.read_bytes()
        try:
            reply = self._http.call("GET", url, write=False)
        except SyncError:
            if age is None:
                raise
            return copy.read_bytes()
        if reply.status != 200:
            raise self._missing(f"its server answered {reply.status}")
        if not _is_definition(reply.body):
            raise self._missing("what was answered is neither WSDL nor XSD")
        self._keep(copy, reply.body)
        return reply.body

    def _age_seconds(self, copy: Path) -> float | None:
        try:
            return self._clock.now().timestamp() - copy.stat().st_mtime
        except FileNotFoundError:
            return None

    def _keep(self, copy: Path, body: bytes) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._directory)
        with os.fdopen(handle, "wb") as file:
            file.write(body)
        now = self._clock.now().timestamp()
        os.utime(name, (now, now))
        # In one step: another process sees the old copy or the new one, never half of it.
        os.replace(name, copy)

    def _missing(self, why: str) -> Unavailable:
        return Unavailable(
            "wsdl-not-found",
            system=self._http.system,
            what=f"The WSDL or one of its schemas could not be had: {why}.",
            next_step="Check the connection's WSDL address and version.",
        )


def parsed(wsdl: str, files: WsdlFiles, system: str) -> Any:
    """zeep's Document of the WSDL at this address or path. Raises what `WsdlFiles.load` raises, and Unavailable where
    it is no WSDL. Safe for several threads."""
    with _parsing:
        document = _parsed.get(wsdl)
        if document is None:
            settings = zeep.Settings(strict=True, forbid_dtd=True, forbid_entities=True, xml_huge_tree=False)
            try:
                read: Any = Document
                document = read(wsdl, files, settings=settings)
            except (zeep.exceptions.Error, etree.LxmlError) as error:
                raise Unavailable(
                    "wsdl-unreadable",
                    system=system,
                    what=f"The WSDL could not be read ({type(error).__name__}).",
                    next_step="Check the connection's WSDL address: a login page or a proxy may be answering.",
                ) from None
            while len(_parsed) >= _MAX_PARSED:
                _parsed.pop(next(iter(_parsed)))
            _parsed[wsdl] = document
        return document


def _is_definition(body: bytes) -> bool:
    """Kept copies are read for a day: a login page must not become one."""
    try:
        return etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True)).tag in _ROOTS
    except etree.XMLSyntaxError:
        return False

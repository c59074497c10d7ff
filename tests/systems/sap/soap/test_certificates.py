"""Signing in by client certificate, over TLS from a private authority."""

import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from erpsync.domain.errors import Unavailable
from erpsync.ports.runtime import Tools
from erpsync.systems.sap.soap.adapter import SapSoapErp
from erpsync.systems.sap.soap.settings import SapSoapSettings
from erpsync.systems.sap.soap.simulator import SapSoapSimulator
from tests.systems.sap.soap.test_simulator import RIGHT


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An authority, and certificates of it for a server and a client."""
    key = ec.generate_private_key(ec.SECP256R1())
    authority = _certified(tmp_path, "authority", key, None, None)
    for name in ("server", "client"):
        _certified(tmp_path, name, ec.generate_private_key(ec.SECP256R1()), authority, key)
    return tmp_path


def _certified(
    folder: Path,
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    issuer_key: ec.EllipticCurvePrivateKey | None,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(issuer_key or key, hashes.SHA256())
    )
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / f"{name}.key").write_bytes(private)
    return certificate


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """A system that takes whom the TLS layer has let in for its user, as CERTRULE does."""
    simulator = SapSoapSimulator()

    def mapped(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        assert "HTTP_AUTHORIZATION" not in environ
        return simulator({**environ, "HTTP_AUTHORIZATION": RIGHT}, start_response)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    context.load_verify_locations(folder / "authority.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    with make_server("127.0.0.1", 0, mapped, handler_class=_Quiet) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}"
        server.shutdown()


def _erp(base_url: str, tools: Tools, **files: str) -> SapSoapErp:
    known = {**SapSoapSimulator().settings(base_url), "user": "", "password": ""}
    return SapSoapErp(SapSoapSettings(**{**known, **files}), tools)


def test_a_client_certificate_signs_in_and_a_private_authority_is_trusted_where_named(
    folder: Path, tools: Tools
) -> None:
    client = {"client_certificate": str(folder / "client.pem"), "client_key": str(folder / "client.key")}
    with _served(folder) as base_url:
        _erp(base_url, tools, **client, ca_file=str(folder / "authority.pem")).ping()
        with pytest.raises(Unavailable) as untrusted:
            _erp(base_url, tools, **client).ping()

    assert untrusted.value.code == "tls-refused"

"""TLS: who cannot prove who they are is told nothing, and a connection that breaks is not taken for one never made."""

import ipaddress
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from erpsync.domain.errors import OutcomeUnknown, SyncError, Unavailable
from erpsync.ports.runtime import Tools
from erpsync.transport.http import HttpClient

HOST = "127.0.0.1"
BODY = b'{"order":1}'


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of this address, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "certificate.pem"
    encoding = serialization.Encoding.PEM
    secret = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(signed.public_bytes(encoding) + secret)
    return file


@contextmanager
def serving(certificate: Path, answer: Callable[[ssl.SSLSocket], None]) -> Iterator[tuple[str, list[bytes]]]:
    """The address of a server that takes one request and answers it so, and the requests that it has read."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    read: list[bytes] = []

    def serve() -> None:
        try:
            plain, _ = listener.accept()
            with context.wrap_socket(plain, server_side=True) as connection:
                request = b""
                while not request.endswith(BODY) and (more := connection.recv(65536)):
                    request += more
                read.append(request)
                answer(connection)
        except OSError:  # the client has hung up
            pass

    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"https://{HOST}:{listener.getsockname()[1]}", read
        finally:
            thread.join()


def _garbles(connection: ssl.SSLSocket) -> None:
    os.write(connection.fileno(), b"HTTP/1.1 502 Bad Gateway\r\n\r\n")  # past the encryption


@pytest.mark.parametrize(("write", "family"), [(True, OutcomeUnknown), (False, Unavailable)])
def test_a_connection_that_breaks_after_a_write_was_sent_leaves_its_outcome_unknown(
    certificate: Path, tools: Tools, write: bool, family: type[SyncError]
) -> None:
    with serving(certificate, _garbles) as (address, read):
        client = HttpClient("odd", address, tools.clock, settle_seconds=7)
        client.session.verify = str(certificate)
        with pytest.raises(SyncError) as raised:
            client.call("POST", "/orders", write=write, json_body={"order": 1})
        client.session.close()

    assert type(raised.value) is family
    assert read[0].endswith(BODY)


def test_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent(
    certificate: Path, tools: Tools
) -> None:
    with serving(certificate, _garbles) as (address, read):
        client = HttpClient("odd", address, tools.clock)
        with pytest.raises(Unavailable, match="could not be trusted, or broke") as raised:
            client.call("POST", "/orders", write=True, json_body={"order": 1})
        client.session.close()

    assert raised.value.problem.code == "tls-refused"
    assert read == []

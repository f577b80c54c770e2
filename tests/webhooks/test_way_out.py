"""The one way out: no private address, no redirect, one deadline for everything."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction

from channel_manager.lib import http
from channel_manager.lib.http import NotAnswered
from tests.fakes.receiver import Receiver, running_receiver

pytestmark = pytest.mark.django_db

# Forms in which somebody may write an address that is not for us to connect to.
PRIVATE = (
    *("127.0.0.1", "127.1", "0177.0.0.1", "0x7f.0.0.1", "2130706433", "0", "0.0.0.0"),
    *("localhost", "localhost.", "10.0.0.1", "172.16.0.1", "172.31.255.254", "192.168.1.1"),
    *("169.254.169.254", "169.254.0.1", "100.64.0.1", "192.0.0.192", "198.18.0.1", "224.0.0.1"),
    *("240.0.0.1", "255.255.255.255", "192.88.99.1", "[::]", "[::1]", "[::127.0.0.1]"),
    *("[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::ffff:a9fe:a9fe]", "[64:ff9b::7f00:1]"),
    *("[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fc00::1]", "[fd00::1]"),
    *("[fe80::1]", "[fec0::1]", "[ff02::1]", "[fd00:ec2::254]", "[2001:db8::1]"),
    *("168.63.129.16", "192.0.0.192", "[3fff::1]", "[5f00::1]"),
)


@pytest.fixture
def no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail the test when anything connects."""

    def connect(*_: object) -> None:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket.socket, "connect", connect)


def post(url: str, seconds: float = 2.0) -> http.Answer:
    return http.post(url, body=b"{}", headers={}, seconds=seconds, keep_bytes=100)


def refusal(url: str, seconds: float = 2.0) -> str:
    with pytest.raises(NotAnswered) as refused:
        post(url, seconds)
    return refused.value.code


@pytest.mark.usefixtures("no_connection")
@pytest.mark.parametrize("host", PRIVATE)
def test_an_address_that_is_not_public_is_never_connected_to(host: str, settings: Any) -> None:
    settings.OUTBOUND_ALLOW_LOOPBACK = False
    for scheme in ("http", "https"):
        assert refusal(f"{scheme}://{host}:9/") in ("refused_address", "unknown_host")


@pytest.mark.usefixtures("no_connection")
@pytest.mark.parametrize("host", ["10.0.0.1", "169.254.169.254", "[fe80::1]", "[::ffff:10.0.0.1]"])
def test_a_sandbox_may_reach_itself_but_no_neighbour(host: str, settings: Any) -> None:
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    assert refusal(f"http://{host}:9/") == "refused_address"


def resolve_to(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Let every name have these addresses, one after the other; return the names asked for."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def look_up(host: str, port: Any, *args: Any, **options: Any) -> Any:
        if host.replace(".", "").isdigit():
            return real(host, port, *args, **options)
        asked.append(host)
        address = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, int(port or 0)))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@pytest.mark.usefixtures("no_connection")
def test_a_public_name_with_a_private_address_is_refused(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.OUTBOUND_ALLOW_LOOPBACK = False
    resolve_to(monkeypatch, "192.168.0.10")
    assert refusal("https://shop.example/") == "refused_address"


def test_a_name_that_changes_its_address_is_looked_up_once(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.OUTBOUND_ALLOW_LOOPBACK = False
    connected: list[Any] = []

    def connect(_socket: socket.socket, address: Any) -> None:
        connected.append(address)
        raise OSError("nobody is there")

    monkeypatch.setattr(socket.socket, "connect", connect)
    asked = resolve_to(monkeypatch, "93.184.215.14", "127.0.0.1")
    assert refusal("http://rebind.example:80/") == "connection_failed"
    assert (asked, {host for host, _port in connected}) == (["rebind.example"], {"93.184.215.14"})


def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(*_: Any, **__: Any) -> None:
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert refusal("https://nobody.example/") == "unknown_host"


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    with running_receiver() as running:
        yield running


def test_a_redirect_to_a_private_address_is_an_answer_and_no_more(receiver: Receiver) -> None:
    receiver.answer_with(307, Location="http://169.254.169.254/latest/meta-data/")
    answer = post(receiver.url)
    assert (answer.status_code, len(receiver.received)) == (307, 1)


def test_proxies_and_passwords_of_the_environment_are_not_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert post(receiver.url).status_code == 204
    assert "authorization" not in receiver.received[0].headers


def test_a_server_that_hangs_is_given_up(receiver: Receiver) -> None:
    receiver.behave(receiver.hang)
    assert refusal(receiver.url, 0.2) == "timed_out"


@pytest.fixture
def drip() -> Iterator[Callable[[bytes], str]]:
    """A server that sends one byte now and then, for ever."""
    stop = threading.Event()
    servers = []

    def serve(beginning: bytes) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(5)

        def run() -> None:
            with contextlib.suppress(TimeoutError), listener.accept()[0] as connection:
                connection.sendall(beginning)
                while not stop.wait(0.02):
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        return

        thread = threading.Thread(target=run)
        thread.start()
        servers.append((listener, thread))
        return f"127.0.0.1:{listener.getsockname()[1]}"

    yield serve
    stop.set()
    for listener, thread in servers:
        thread.join()
        listener.close()


@pytest.mark.parametrize(
    ("scheme", "beginning"),
    [("http", b""), ("http", b"HTTP/1.1 200 OK\r\nX-Slow: "), ("https", b"\x16\x03\x03\x40\x00")],
    ids=["status line", "headers", "TLS"],
)
def test_one_that_drips_does_not_keep_us(
    drip: Callable[[bytes], str], settings: Any, scheme: str, beginning: bytes
) -> None:
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    started = time.monotonic()
    assert refusal(f"{scheme}://{drip(beginning)}/", 0.3) == "timed_out"
    assert time.monotonic() - started < 5


def test_a_body_that_drips_does_not_unsay_the_status(
    drip: Callable[[bytes], str], settings: Any
) -> None:
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    host = drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    assert post(f"http://{host}/", 0.3).status_code == 200


def test_who_speaks_no_tls(receiver: Receiver) -> None:
    assert refusal(receiver.url.replace("http://", "https://")) == "tls_failed"


def test_nobody_listens(receiver: Receiver) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert refusal(f"http://127.0.0.1:{port}/") == "connection_failed"


def test_who_answers_something_else_than_http(drip: Callable[[bytes], str], settings: Any) -> None:
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    host = drip(b"220 mail.example ESMTP\r\n\r\n")
    assert refusal(f"http://{host}/", 1.0) == "connection_failed"


@pytest.mark.django_db(transaction=True)
def test_nothing_is_sent_while_a_transaction_is_open(receiver: Receiver) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError):
        post(receiver.url)
    assert receiver.received == []


def test_a_get_goes_the_same_way(settings: Any) -> None:
    with running_receiver() as receiver:
        receiver.answer_with(200, b"0123456789", etag="7")
        settings.OUTBOUND_ALLOW_LOOPBACK = True
        answer = http.get(receiver.url, headers={"Accept": "a/b"}, seconds=2.0, keep_bytes=4)
        assert (answer.status_code, answer.headers["etag"], answer.body) == (200, "7", b"0123")
        settings.OUTBOUND_ALLOW_LOOPBACK = False
        with pytest.raises(NotAnswered) as refused:
            http.get(receiver.url, headers={}, seconds=2.0, keep_bytes=4)
    assert refused.value.code == "refused_address"

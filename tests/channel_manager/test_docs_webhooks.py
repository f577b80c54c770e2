"""The webhooks' page: its samples tell genuine messages from others, its facts add up."""

from __future__ import annotations

import base64
import datetime
import html
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from standardwebhooks import Webhook

from channel_manager.docs import sample_files, webhooks
from partners.models import EventType
from tests.channel_manager.test_docs_pages import open_page
from tests.web_server import free_port

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER_SECRET = "whsec_" + base64.b64encode(bytes(range(1, 33))).decode()
BODY = json.dumps({**webhooks.EVENT, "statusMessage": "Zoë’s café"}, ensure_ascii=False).encode()
# What a program of the page says of a message: the event, or None when it is not genuine.
Verdict = dict[str, Any] | None
Verifier = Callable[[str, Mapping[str, str], bytes], Verdict]


def signed(
    body: bytes = BODY, *secrets: str, at: datetime.datetime | None = None
) -> dict[str, str]:
    """Return the headers of a message, signed by the package, as they are sent."""
    moment = at or datetime.datetime.now(datetime.UTC)
    text = body.decode()
    return {
        "Content-Type": "application/json",
        "Webhook-Id": "evt_1",
        "Webhook-Timestamp": str(int(moment.timestamp())),
        "Webhook-Signature": " ".join(
            Webhook(secret).sign("evt_1", moment, text) for secret in secrets or (SECRET,)
        ),
    }


def in_python(name: str) -> Verifier:
    found = importlib.util.spec_from_file_location(
        name.replace("/", "_"), sample_files.FOLDER / name
    )
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    verify = getattr(module, "verify", None) or module.verify_webhook

    def judge(secret: str, headers: Mapping[str, str], body: bytes) -> Verdict:
        try:
            return dict(verify(secret, headers, body))
        except module.NotGenuine:
            return None

    return judge


_NODE = """
import {{ verify }} from {module!r};
const [secret, headers, body] = JSON.parse(process.argv[1]);
try {{
  console.log(JSON.stringify(verify(secret, headers, Buffer.from(body, "base64"))));
}} catch {{
  console.log("null");
}}
"""


def in_node(name: str) -> Verifier:
    if not shutil.which("node"):
        pytest.skip("node is not installed")

    def judge(secret: str, headers: Mapping[str, str], body: bytes) -> Verdict:
        sent = {name.lower(): value for name, value in headers.items()}
        given = json.dumps([secret, sent, base64.b64encode(body).decode()])
        program = _NODE.format(module=(sample_files.FOLDER / name).as_uri())
        run = subprocess.run(
            ["node", "--input-type=module", "-e", program, given],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        verdict: Verdict = json.loads(run.stdout)
        return verdict

    return judge


@pytest.mark.parametrize(
    ("load", "name"),
    [
        (in_python, "verify_webhook.py"),
        (in_python, "verify_webhook_package.py"),
        (in_python, "python_client/channel_manager_client.py"),
        (in_node, "verify_webhook.mjs"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_sample_takes_what_is_genuine_and_nothing_else(
    load: Callable[[str], Verifier], name: str
) -> None:
    judge = load(name)
    event = json.loads(BODY)
    now = datetime.datetime.now(datetime.UTC)
    headers = signed()
    altered = BODY.replace(b"Issued", b"Error!")
    assert altered != BODY
    late, early = now - datetime.timedelta(minutes=6), now + datetime.timedelta(minutes=6)
    verdicts = {
        "genuine": judge(SECRET, headers, BODY),
        "signed by two secrets": judge(SECRET, signed(BODY, OTHER_SECRET, SECRET), BODY),
        "an altered byte": judge(SECRET, headers, altered),
        "another id": judge(SECRET, {**headers, "Webhook-Id": "evt_2"}, BODY),
        "an old timestamp": judge(SECRET, signed(at=late), BODY),
        "a timestamp to come": judge(SECRET, signed(at=early), BODY),
        "no timestamp": judge(SECRET, {**headers, "Webhook-Timestamp": ""}, BODY),
        "a wrong secret": judge(OTHER_SECRET, headers, BODY),
        "no signature": judge(SECRET, {**headers, "Webhook-Signature": ""}, BODY),
    }
    assert verdicts == {
        **dict.fromkeys(verdicts),
        "genuine": event,
        "signed by two secrets": event,
    }


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
def test_the_sample_with_the_javascript_package_is_a_program() -> None:
    path = sample_files.FOLDER / "verify_webhook_package.mjs"
    subprocess.run(["node", "--check", path], check=True, capture_output=True, timeout=60)


def test_the_message_of_the_page_is_signed_by_its_secret() -> None:
    moment = datetime.datetime.fromtimestamp(int(webhooks.MESSAGE_TIMESTAMP), datetime.UTC)
    package = Webhook(webhooks.SECRET)
    expected = package.sign(webhooks.EVENT["eventId"], moment, webhooks.MESSAGE_BODY)
    assert expected == webhooks.signature()
    page = html.unescape(open_page("/docs/webhooks").content.decode())
    for part in (expected, webhooks.SECRET, webhooks.MESSAGE_BODY):
        assert part in page


def test_the_schedule_is_told_as_it_is() -> None:
    assert webhooks.attempts() == [
        (1, "at once", "0 s"),
        (2, "5 s", "5 s"),
        (3, "5 min", "5 min"),
        (4, "30 min", "35 min"),
        (5, "2 h", "2 h 35 min"),
        (6, "5 h", "7 h 35 min"),
        (7, "10 h", "17 h 35 min"),
        (8, "14 h", "31 h 35 min"),
        (9, "20 h", "51 h 35 min"),
        (10, "24 h", "75 h 35 min"),
    ]
    assert "up to 10 times, over 75 h 35 min" in open_page("/docs/webhooks").content.decode()


def test_every_member_of_the_sample_event_is_explained() -> None:
    assert list(webhooks.MEMBERS) == list(webhooks.EVENT)


@pytest.fixture
def receiver() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The page's receiver, listening."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "webhook_receiver.py", str(port)],
        cwd=sample_files.FOLDER,
        env={**os.environ, "CM_WEBHOOK_SECRET": SECRET, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == f"Listening on http://127.0.0.1:{port}\n"
    wait_for(port)
    yield f"http://127.0.0.1:{port}/", process
    process.kill()
    process.wait()
    process.stdout.close()


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise AssertionError("The receiver does not listen.")


def test_the_receiver_prints_each_genuine_event_once(
    receiver: tuple[str, subprocess.Popen[str]],
) -> None:
    address, process = receiver

    def post(body: bytes, headers: dict[str, str]) -> int:
        try:
            request = urllib.request.Request(address, body, headers)
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            refused.close()
            return refused.code

    assert [post(BODY, signed()), post(BODY, signed()), post(BODY + b" ", signed())] == [
        204,
        204,
        400,
    ]
    process.terminate()
    assert process.stdout
    assert process.stdout.read().splitlines() == [
        f"ota_cm_order_processed {webhooks.EVENT['orderId']} Issued",
        "refused: No signature fits.",
    ]


def test_the_page_tells_every_type_of_event() -> None:
    assert [one.name for one in webhooks.EVENT_TYPES] == EventType.values

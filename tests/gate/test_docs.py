"""What is written about the gate is true: its page, its samples, its part of the OpenAPI file."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from django.test import Client

from channel_manager.docs import gate as docs
from channel_manager.docs.gate_samples import DEVICE, GATE_ANSWERS, REFUSAL, UNDONE
from orders.gate.answer import Answer
from orders.gate.serializers import AdmissionSerializer
from tests.gate.conftest import Gate, Issued, asset_of, wallet_of
from tests.orders.expected import Clock, line
from wallets.models import ScanCode


def page() -> str:
    response = Client().get("/docs/gate", headers={"accept": "text/html"})
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def test_every_code_is_explained_in_words() -> None:
    assert list(docs.CODES) == list(ScanCode)
    text = re.sub(r"</?code>", "`", page())
    for code, (when, said) in docs.CODES.items():
        assert f"`{code}`" in text
        assert when in text
        assert said in text


def test_every_member_is_explained() -> None:
    names = list(AdmissionSerializer().fields)
    assert [name for name, _ in docs.members()] == names
    assert all(says.endswith(".") for _, says in docs.members())
    assert set(docs._MEMBERS) <= set(names)


def test_the_shape_of_an_answer_is_the_one_that_is_stored_and_an_undo() -> None:
    assert list(AdmissionSerializer().fields) == [*Answer.__annotations__, "undoneAt", "undoReason"]


def test_real_answers_have_the_members_of_the_samples_and_of_the_file(
    gate: Gate, issued: Issued
) -> None:
    number = asset_of(issued()).reference_number
    admitted, refused = gate.scan(number), gate.scan(number)
    undone = gate.undo(admitted["admissionId"]).json()
    device = gate.request("GET", "/gate/device").json()
    for real, sample in ((admitted, GATE_ANSWERS["admit"]), (refused, REFUSAL), (undone, UNDONE)):
        assert list(real) == list(sample)
        assert {name for name in real if real[name] is None} == {
            name for name in sample if sample[name] is None
        }
    assert list(device) == list(DEVICE)
    document = Client().get("/openapi.json").json()
    for answer, name in (
        *((one, "Admission") for one in (admitted, refused, undone, gate.scan("nothing"))),
        (device, "GateDevice"),
        ({"data": gate.last()}, "AdmissionList"),
        *((one, "Admission") for one in (GATE_ANSWERS["admit"], REFUSAL, UNDONE)),
    ):
        schema = document["components"]["schemas"][name]
        assert set(schema["required"]) == set(schema["properties"]) == set(answer)
        jsonschema_rs.Draft202012Validator(
            {"$ref": f"#/components/schemas/{name}", "components": document["components"]},
            validate_formats=True,
        ).validate(answer)


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
@pytest.mark.django_db(transaction=True)
def test_a_scan_and_its_undo_work_when_they_are_pasted(
    live_server: Any, gate: Gate, issued: Issued, settings: Any, tmp_path: Path
) -> None:
    settings.PUBLIC_URL = live_server.url
    number = asset_of(issued()).reference_number
    text = page().replace("your device key", gate.key).replace("TGR14XE8YXRY1DFRR", number)

    def paste(*names: str) -> dict[str, Any]:
        samples = (
            re.search(rf'<pre id="{name}"><code[^>]*>(.*?)</code>', text, re.S) for name in names
        )
        script = "\n".join(sample[1] for sample in samples if sample)
        run = subprocess.run(
            ["bash", "-eu", "-c", script],
            env={"PATH": "/usr/bin:/bin"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return dict(json.loads(run.stdout))

    admitted = paste("paste-key", "paste-scan")
    assert admitted["admitted"]
    text = text.replace("its admissionId", admitted["admissionId"])
    assert paste("paste-key", "paste-undo")["undoReason"] == "Wrong guest"


@pytest.mark.usefixtures("bundle")
def test_a_device_of_several_items_admits_a_bundle_one_ticket_after_another(
    gate: Gate, issued: Issued
) -> None:
    number = wallet_of(issued(line("BUNDLE"))).reference_number
    admitted = [gate.scan(number)["itemNumber"] for _ in range(2)]
    assert sorted(admitted) == ["CINEMA", "DINO"]
    assert gate.scan(number)["code"] == "already_used"
    assert "one after another" in " ".join(page().split())


@pytest.mark.usefixtures("bundle")
def test_which_gate_it_is_comes_before_the_day(
    make_gate: Callable[..., Gate], issued: Issued, clock: Clock
) -> None:
    number = asset_of(issued()).reference_number
    clock.forward(days=1)
    assert make_gate("Cinema", "CINEMA").scan(number)["code"] == "wrong_gate"
    assert make_gate("North").scan(number)["code"] == "wrong_day"

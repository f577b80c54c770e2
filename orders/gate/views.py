"""The gate's API: parse, one domain call, answer. A device sees its own scans only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from channel_manager.lib.errors import Fault, InvalidRequest
from channel_manager.lib.query_parameters import read_parameters
from channel_manager.lib.strict_fields import StrictSerializer, uuid_in_path
from orders.gate import admission, undoing
from orders.gate import documentation as docs
from orders.gate.answer import render
from orders.gate.authentication import DeviceKeyAuthentication, device_of
from orders.gate.serializers import MAX_LIMIT, ScanRequestSerializer, UndoRequestSerializer
from wallets.models import GateDevice, Scan

_DEFAULT_LIMIT = 20


class GateView(APIView):
    """A view of one gate device."""

    authentication_classes = (DeviceKeyAuthentication,)
    permission_classes = ()
    http_method_names = ("get", "head", "post", "delete")
    # What the OpenAPI file says of scopes: a device key has none.
    scopes: ClassVar[dict[str, str]] = {}

    @property
    def device(self) -> GateDevice:
        """Return the device that the request speaks for."""
        return device_of(self.request)


class AdmissionCollectionView(GateView):
    """`/gate/admissions`."""

    @docs.admit
    def post(self, request: Request) -> Response:
        """Admit or refuse what was scanned."""
        sent = _read(ScanRequestSerializer, request.data)
        scan = admission.admit(
            device=self.device,
            reference_number=sent["referenceNumber"],
            request_id=sent["requestId"],
            quantity=sent["quantity"],
            now=timezone.now(),
        )
        return Response(render(scan))

    @docs.list_admissions
    def get(self, request: Request) -> Response:
        """Answer the last scans of this device, newest first."""
        scans = Scan.objects.filter(device=self.device).order_by("-at", "-id")
        rows = list(scans[: _read_limit(request)])
        for row in rows:
            row.device = self.device
        return Response({"data": [render(row) for row in rows]})


class AdmissionView(GateView):
    """`/gate/admissions/{admissionId}`."""

    @docs.undo_admission
    def delete(self, request: Request, admission_id: str) -> Response:
        """Undo an admission."""
        key = uuid_in_path(admission_id, undoing.no_such_admission)
        found = undoing.find_admission(device=self.device, admission_id=key)
        scan = undoing.undo_admission(
            admission=found, reason=_read_reason(request), now=timezone.now()
        )
        return Response(render(scan))


class DeviceView(GateView):
    """`/gate/device`."""

    @docs.get_device
    def get(self, request: Request) -> Response:
        """Answer which gate this is, and what it admits."""
        device = self.device
        items = device.items.order_by("description", "number")
        return Response(
            {
                "deviceId": str(device.pk),
                "name": device.name,
                "venue": {"name": device.venue.name, "timezone": device.venue.timezone},
                "admitsEveryItem": device.admits_every_item,
                "items": [
                    {"itemNumber": item.number, "description": item.description, "type": item.type}
                    for item in items
                ],
                "undoSeconds": settings.GATE_UNDO_SECONDS,
            }
        )


def _read(shape: type[StrictSerializer], data: Any) -> Mapping[str, Any]:
    """Return what a body says; raises ValidationError with all its faults."""
    body = shape(data=data)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


def _read_reason(request: Request) -> str:
    """Return why an admission is undone, from the body or, without one, from the query."""
    params, faults = read_parameters(request.query_params, ("reason",))
    if params and request.data:
        faults.append(Fault("?reason", "repeated_parameter", "Stands in the body, too."))
    if faults:
        raise InvalidRequest(faults)
    return str(_read(UndoRequestSerializer, request.data or params)["reason"])


def _read_limit(request: Request) -> int:
    params, faults = read_parameters(request.query_params, ("limit",))
    if faults:
        raise InvalidRequest(faults)
    text = params.get("limit", str(_DEFAULT_LIMIT))
    if text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= MAX_LIMIT:
        return int(text)
    detail = f"Must be a whole number from 1 to {MAX_LIMIT}."
    raise InvalidRequest([Fault("?limit", "invalid_limit", detail)])

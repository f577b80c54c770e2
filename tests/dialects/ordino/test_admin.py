"""The admin: storefronts with their secrets, guests' issuers, virtual queues and who is in them."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from catalog.models import Attraction
from channel_manager.history.models import AuditEntry
from channel_manager.lib.sealing import unseal
from orders.models import GuestIssuer, Order, Reservation, VirtualQueue
from partners import outward
from partners.keys import create_key, hash_key
from partners.models import ApiKey, Dialect, Partner, Storefront
from tests.dialects.ordino.speaking import RESERVATIONS, SEED, GuestApp, Park, token_of
from tests.staff import messages_of, signed_in, text_of
from wallets.models import GateDevice

ISSUERS = "/admin/orders/guestissuer/"
QUEUES = "/admin/orders/virtualqueue/"


@pytest.fixture
def desk(order_desk: User) -> Client:
    return signed_in(order_desk)


def page_of(partner: Partner) -> str:
    return reverse("admin:partners_partner_change", args=[partner.pk])


def test_a_storefront_is_opened_and_its_secret_shown_once(
    desk: Client, seller: Partner, clock: object, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    address = reverse("admin:partners_storefront_open", args=[seller.pk])
    assert address in desk.get(page_of(seller)).content.decode()
    assert "Open storefront" in text_of(desk.get(address))
    desk.post(address, {"dialect": "ordino", "mode": "live"})
    row = Storefront.objects.get()
    assert (row.partner, row.dialect, row.test_mode) == (seller, "ordino", False)
    again = desk.post(address, {"dialect": "ordino", "mode": "live"})
    assert again.status_code == 422
    assert "has a storefront of this system and mode already" in text_of(again)
    shown = text_of(desk.get(page_of(seller)))
    assert f"Ordino Live {row.public_id} http://127.0.0.1:8000/ordino" in shown
    page = desk.post(
        reverse("admin:partners_storefront_new_secret", args=[row.pk]), {"name": "Web shop"}
    )
    secret = page.context["shown"]
    assert "no-store" in page.headers["Cache-Control"]
    key = ApiKey.objects.get(key_hash=hash_key(secret))
    assert (key.partner, key.dialect, key.test_mode, key.name) == (
        seller,
        "ordino",
        False,
        "Web shop",
    )
    page = desk.get(reverse("admin:partners_storefront_change", args=[row.pk]))
    assert "Web shop" in text_of(page)
    assert secret not in page.content.decode() + caplog.text
    park = Client()
    answer = park.post(
        "/ordino/api/orders", SEED, content_type="application/json", headers={"x-api-key": secret}
    )
    assert answer.status_code == 200


def test_a_secret_is_revoked_with_a_reason(desk: Client, park: Park) -> None:
    row = park.storefront
    address = reverse("admin:partners_storefront_revoke_secret", args=[row.pk, park.row.pk])
    assert (
        address
        in desk.get(reverse("admin:partners_storefront_change", args=[row.pk])).content.decode()
    )
    assert "It has no other." in text_of(desk.get(address))
    desk.post(address, {"reason": ""})
    assert park.order(SEED).status_code == 200
    desk.post(address, {"reason": "It leaked"})
    assert park.order(SEED).status_code == 401
    page = desk.post(address, {"reason": "Again"}, follow=True)
    assert messages_of(page)[-1] == f"The secret {park.row} is revoked already."


def test_secrets_and_keys_are_kept_apart(desk: Client, park: Park, rival_park: Park) -> None:
    partner = park.storefront.partner
    native, _key = create_key(partner=partner, name="Native")
    page = desk.get(page_of(partner))
    assert [view.key for view in page.context["keys"]] == [native]
    assert page.context["golive"].steps[-2].proof.text.startswith("Native")
    listed = desk.get(reverse("admin:partners_partner_changelist"))
    counts = {row.name: row.usable for row in listed.context["cl"].result_list}
    assert counts == {"Web store": 1, "Rival shop": 0}
    storefront = reverse("admin:partners_storefront_change", args=[park.storefront.pk])
    shown = desk.get(storefront).context["secrets"]
    assert [view.key for view in shown] == [park.row]
    # Neither is revoked from the other's page, nor from another storefront's.
    by_partner = reverse("admin:partners_partner_revoke_key", args=[partner.pk, park.row.pk])
    assert desk.get(by_partner).status_code == 404
    for row, key in (
        (park.storefront, native),
        (rival_park.storefront, park.row),
    ):
        args = [row.pk, key.pk]
        address = reverse("admin:partners_storefront_revoke_secret", args=args)
        assert desk.get(address).status_code == 404


def test_a_storefronts_own_ids_are_listed(desk: Client, park: Park) -> None:
    ids = outward.values_of(park.storefront, "event", ["dino"], shape=outward.number)
    page = desk.get(reverse("admin:partners_storefront_change", args=[park.storefront.pk]))
    assert f"event {ids['dino']} dino" in text_of(page)


def test_an_issuer_is_set_with_a_secret_that_nobody_sees_again(
    desk: Client, park: Park, caplog: pytest.LogCaptureFixture
) -> None:
    GuestIssuer.objects.all().delete()
    secret = "the secret that the park shares with its shop"
    answers = {
        "storefront": str(park.storefront.pk),
        "issuer": "https://login.dunes.example",
        "audience": "",
        "identity_claim": "sub",
        "jwks_url": "",
        "secret": secret,
    }
    page = desk.post(f"{ISSUERS}add/", {**answers, "secret": "short"})
    assert "secret" in page.context["adminform"].form.errors
    page = desk.post(f"{ISSUERS}add/", {**answers, "secret": ""})
    assert page.context["adminform"].form.errors == {
        "jwks_url": ["Give the JWKS address, or the shared secret."]
    }
    page = desk.post(f"{ISSUERS}add/", {**answers, "jwks_url": "https://login.example/keys"})
    assert page.context["adminform"].form.errors == {
        "secret": ["Give the JWKS address or the shared secret, not both."]
    }
    assert desk.post(f"{ISSUERS}add/", answers).status_code == 302
    row = GuestIssuer.objects.get()
    assert unseal(row.sealed_secret) == secret
    token = token_of("https://login.dunes.example", "7", claim="sub", secret=secret)
    assert GuestApp(park, token).entitlements() == []
    page = desk.get(f"{ISSUERS}{row.pk}/change/")
    history = desk.get(f"{ISSUERS}{row.pk}/history/")
    kept = str(list(AuditEntry.objects.values()))
    assert secret not in page.content.decode() + history.content.decode() + kept + caplog.text
    # Left empty it stays; an address of published keys takes its place.
    change = {**answers, "secret": "", "audience": "shop"}
    assert desk.post(f"{ISSUERS}{row.pk}/change/", change).status_code == 302
    assert unseal(GuestIssuer.objects.get().sealed_secret) == secret
    change["jwks_url"] = "http://login.example/keys"
    page = desk.post(f"{ISSUERS}{row.pk}/change/", change)
    assert "jwks_url" in page.context["adminform"].form.errors
    change["jwks_url"] = "https://login.example/keys"
    assert desk.post(f"{ISSUERS}{row.pk}/change/", change).status_code == 302
    row = GuestIssuer.objects.get()
    assert (row.jwks_url, row.sealed_secret) == ("https://login.example/keys", "")


def test_an_issuer_is_one_storefronts(desk: Client, park: Park, rival_park: Park) -> None:
    answers = {
        "issuer": park.issuer.issuer,
        "audience": "",
        "identity_claim": "email",
        "jwks_url": "",
        "secret": "",
    }
    page = desk.post(f"{ISSUERS}{rival_park.issuer.pk}/change/", answers)
    assert "a token would belong to both" in text_of(page)


def test_a_queue_is_set_up_with_its_gate(desk: Client, dino: Attraction) -> None:
    answers = {"attraction": str(dino.pk), "is_open": "on", "guests_per_hour": "60"}
    assert desk.post(f"{QUEUES}add/", {**answers, "ready_minutes": "0"}).status_code == 200
    assert desk.post(f"{QUEUES}add/", {**answers, "ready_minutes": "10"}).status_code == 302
    queue = VirtualQueue.objects.get()
    assert (queue.attraction, queue.guests_per_hour, queue.ready_minutes) == (dino, 60, 10)
    assert GateDevice.objects.get().name == "Virtual queue dino"
    page = desk.get(f"{QUEUES}add/")
    assert list(page.context["adminform"].form.fields["attraction"].queryset) == []


def test_other_settings_count_at_once_and_keep_who_was_called(
    desk: Client, park: Park, sold: Callable[..., Order], queue: VirtualQueue
) -> None:
    sold(park, packages=[{"package_id": "pkg_ride_pass", "quantity": 3}])
    app = park.guest()
    first, second, third = (app.reserved("dino", e["session_key"]) for e in app.entitlements())
    assert (first["state"], third["remaining_wait_time"]) == ("ready", 120)
    listed = desk.get(QUEUES)
    assert "3 3 min 60 10" in text_of(listed)
    answers = {"is_open": "", "guests_per_hour": "120", "ready_minutes": "5"}
    assert desk.post(f"{QUEUES}{queue.pk}/change/", answers).status_code == 302
    row = VirtualQueue.objects.get()
    assert (row.is_open, row.guests_per_hour, row.ready_minutes, row.last_place) == (
        False,
        120,
        5,
        3,
    )
    told = [app.get(f"{RESERVATIONS}/{one['reservation_id']}")["data"] for one in (second, third)]
    # The first party's minute was promised by the old settings.
    assert [one["remaining_wait_time"] for one in told] == [60, 90]


def test_a_reservation_is_paused_resumed_and_given_up(
    desk: Client, park: Park, sold: Callable[..., Order], queue: VirtualQueue
) -> None:
    sold(park)
    app = park.guest()
    key = app.reserved("dino", app.entitlements()[0]["session_key"])["reservation_id"]
    change = f"/admin/orders/reservation/{key}"
    assert "It may come now." in text_of(desk.get(f"{change}/change/"))
    for action, reason, status in (
        ("pause", "", "paused"),
        # It had its share of the hour when it was called: the next one is in a minute.
        ("resume", "", "waiting"),
        ("cancel", "The ride is broken", "canceled"),
    ):
        assert desk.get(f"{change}/{action}/").status_code == 200
        desk.post(f"{change}/{action}/", {"reason": reason})
        assert Reservation.objects.get().status == status, action
    page = desk.post(f"{change}/pause/", {"reason": ""}, follow=True)
    assert messages_of(page)[-1] == "The reservation is Canceled now; pause is not possible."
    told = text_of(desk.get(f"{change}/change/"))
    assert "The ride is broken" in told


def test_test_storefronts_make_test_secrets(desk: Client, seller: Partner) -> None:
    address = reverse("admin:partners_storefront_open", args=[seller.pk])
    desk.post(address, {"dialect": "onebox", "mode": "test"})
    row = Storefront.objects.get(dialect=Dialect.ONEBOX)
    page = desk.post(
        reverse("admin:partners_storefront_new_secret", args=[row.pk]), {"name": "Sandbox"}
    )
    assert page.context["shown"].startswith("cm_test_")
    assert row.public_id.isdigit()

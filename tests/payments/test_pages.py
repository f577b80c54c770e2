"""The pages that a guest pays on: in their language, for every state, never a framework's."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from orders import checkouts, paying
from orders.models import Checkout, Payment, SandboxPayment
from orders.payment.texts import PAYMENT_TEXTS, write_amount, write_method
from orders.queueing import NOTIFY_TASK
from tests.orders.expected import NOON, Clock
from tests.payments.buying import SHOP, start
from tests.staff import text_of

Page = Callable[..., Any]


@pytest.fixture
def page(client: Client, payment: Payment) -> Page:
    """Open our page of the payment."""
    return lambda path="": client.get(f"/pay/{payment.token}{path}")


def test_the_page_tells_what_is_bought_and_until_when_it_is_kept(
    client: Client, checkout: Checkout
) -> None:
    checkout.payment_method, checkout.payment_cost = "creditcard", Decimal("1.50")
    checkout.save(update_fields=["payment_method", "payment_cost"])
    answer = client.get(f"/pay/{start(checkout, NOON).token}")
    text = text_of(answer)
    for said in (
        "Betaal je tickets",
        "Je koopt bij Sunny Trips",
        "2 × Name of SHOW maandag 23 november 2026, 14:00 uur € 24,00",
        "Betalen met creditcard € 1,50",
        "Te betalen € 25,50",
        "Je plaatsen worden vastgehouden tot 12:08 uur.",
        "Verder naar de betaling: € 25,50",
        "Aankoop annuleren",
    ):
        assert said in text.replace("\u00a0", " "), said
    assert 'data-seconds-left="480"' in answer.content.decode()
    assert answer.headers["Content-Language"] == "nl"


def test_the_page_is_private_and_loads_nothing_but_our_own(page: Page, payment: Payment) -> None:
    answer = page()
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow, noarchive"
    policy = dict(
        part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; ")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["form-action"] == "'self' https://shop.example"
    assert "<script>" not in answer.content.decode()
    assert not answer.cookies


@pytest.mark.parametrize(
    ("language", "title", "status_title"),
    [
        ("de-AT", "Ihre Tickets bezahlen", "Danke, Ihre Zahlung ist eingegangen"),
        ("en", "Pay for your tickets", "Thank you, your payment has arrived"),
        ("fr", "Pay for your tickets", "Thank you, your payment has arrived"),
    ],
)
def test_the_page_speaks_the_guests_language(
    page: Page, checkout: Checkout, language: str, title: str, status_title: str
) -> None:
    Checkout.objects.update(buyer_language=language)
    assert title in text_of(page())
    checkouts.complete(
        checkout_id=checkout.pk, payment_reference="PAY-1", paid=Decimal(24), now=NOON
    )
    assert status_title in text_of(page())


def test_every_language_says_everything_and_fills_the_same_places() -> None:
    english = PAYMENT_TEXTS["en"]
    for language in ("nl", "de"):
        texts = PAYMENT_TEXTS[language]
        assert texts.keys() == english.keys()
        for key, text in texts.items():
            assert text != english[key] or key in ("piece",), (language, key)
            assert re.findall(r"\{\w+\}", text) == re.findall(r"\{\w+\}", english[key]), key


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("ideal", ["iDEAL", "iDEAL", "iDEAL"]),
        ("creditcard", ["credit card", "creditcard", "Kreditkarte"]),
        ("offered-no-more", ["offered-no-more"] * 3),
    ],
)
def test_a_payment_method_is_named_as_each_language_does(code: str, names: list[str]) -> None:
    assert [write_method(code, language) for language in ("en", "nl", "de")] == names


def test_amounts_are_written_as_each_language_does() -> None:
    amount = Decimal("1234.5")
    written = [write_amount(amount, "EUR", language) for language in ("en", "nl", "de")]
    assert written == ["€1,234.50", "€\u00a01.234,50", "1.234,50\u00a0€"]
    assert write_amount(amount, "JPY", "en") == "JPY\u00a01,235"


@pytest.mark.parametrize(
    ("ending", "status", "title"),
    [
        ("paid", 200, "Bedankt, je betaling is binnen"),
        ("cancelled", 410, "De aankoop is geannuleerd"),
        ("expired", 410, "De tijd om te betalen is voorbij"),
        ("time is over", 410, "De tijd om te betalen is voorbij"),
        ("late", 200, "Je betaling kwam te laat"),
        ("settled", 410, "Deze aankoop is afgesloten"),
    ],
)
def test_a_payment_that_is_over_says_why(
    page: Page, client: Client, payment: Payment, clock: Clock, ending: str, status: int, title: str
) -> None:
    def complete() -> None:
        checkouts.complete(
            checkout_id=key, payment_reference="PAY-1", paid=Decimal(24), now=clock.now
        )

    key = payment.checkout_id
    if ending == "paid":
        complete()
    elif ending == "cancelled":
        checkouts.cancel(checkout_id=key, now=NOON)
    else:
        clock.forward(minutes=8)
    if ending == "expired":
        checkouts.expire_checkouts(now=clock.now)
    if ending in ("late", "settled"):
        complete()
    if ending == "settled":
        checkouts.settle(checkout_id=key, reason="Sent back.", now=clock.now, actor="staff:1")
    answer = page()
    assert (answer.status_code, title in text_of(answer)) == (status, True)
    assert f'href="{SHOP}"' in answer.content.decode()
    # Nothing can be begun any more, by whatever button was still on the screen.
    begun = client.post(f"/pay/{payment.token}")
    assert begun.headers["Location"] == f"http://127.0.0.1:8000/pay/{payment.token}"
    assert not SandboxPayment.objects.exists()


@pytest.mark.parametrize("path", ["", "/return", "/cancel"])
def test_an_unknown_address_has_a_page_of_its_own(client: Client, db: None, path: str) -> None:
    answer = client.get(f"/pay/{'x' * 32}{path}", headers={"Accept-Language": "de"})
    assert answer.status_code == 404
    assert "Unter dieser Adresse gibt es keine Zahlung" in text_of(answer)
    sandbox = client.get("/pay/sandbox/sb_unknown", headers={"Accept-Language": "nl"})
    assert (sandbox.status_code, "Op dit adres staat geen betaling" in text_of(sandbox)) == (
        404,
        True,
    )


def test_giving_up_leads_back_to_the_shop_and_puts_the_places_on_sale(
    client: Client, under_way: Payment, state: Callable[[Checkout], str]
) -> None:
    assert (
        client.get(f"/pay/{under_way.token}/cancel")
        .headers["Location"]
        .endswith(f"/pay/{under_way.token}")
    )
    assert state(under_way.checkout) == "AwaitingPayment"
    answer = client.post(f"/pay/{under_way.token}/cancel")
    assert (answer.status_code, answer.headers["Location"]) == (303, SHOP)
    assert state(under_way.checkout) == "Cancelled"
    assert SandboxPayment.objects.get().status == "cancelled"
    assert Payment.objects.get().status == "cancelled"


def test_giving_up_what_was_never_begun_ends_its_payment(
    client: Client, payment: Payment, state: Callable[[Checkout], str]
) -> None:
    client.post(f"/pay/{payment.token}/cancel")
    assert (state(payment.checkout), Payment.objects.get().status) == ("Cancelled", "cancelled")


def test_giving_up_what_was_paid_meanwhile_makes_the_order(
    client: Client, under_way: Payment, state: Callable[[Checkout], str]
) -> None:
    client.post(f"/pay/sandbox/{under_way.transaction_id}", {"choice": "silent"})
    client.post(f"/pay/{under_way.token}/cancel")
    assert state(under_way.checkout) == "Ordered"


def test_the_browsers_return_alone_releases_nothing(
    client: Client, under_way: Payment, state: Callable[[Checkout], str]
) -> None:
    for query in ("", "?status=paid&paid=24.00"):
        answer = client.get(f"/pay/{under_way.token}/return{query}")
        assert (answer.status_code, answer.headers["Location"]) == (303, SHOP)
    assert state(under_way.checkout) == "AwaitingPayment"


@pytest.mark.parametrize(
    "address",
    ["", "javascript:alert(1)", "//evil.example/", "https://", "https://[::1", "nonsense"],
)
def test_no_browser_is_sent_to_what_is_no_web_address(
    client: Client, checkout: Checkout, address: str
) -> None:
    payment = start(checkout, NOON, return_url=address)
    page = client.get(f"/pay/{payment.token}")
    assert page.status_code == 200
    back = client.get(f"/pay/{payment.token}/return")
    assert back.headers["Location"] == f"http://127.0.0.1:8000/pay/{payment.token}"


@pytest.mark.parametrize(
    ("choice", "becomes", "tells"),
    [
        ("pay", "Ordered", True),
        ("silent", "Ordered", False),
        ("pending", "AwaitingPayment", True),
        ("part", "PartlyPaid", True),
        ("fail", "Cancelled", True),
        ("cancel", "Cancelled", True),
        ("nonsense", "AwaitingPayment", False),
    ],
)
def test_the_sandbox_does_what_is_chosen_and_a_recheck_sees_it(
    client: Client,
    under_way: Payment,
    state: Callable[[Checkout], str],
    choice: str,
    becomes: str,
    tells: bool,
) -> None:
    path = f"/pay/sandbox/{under_way.transaction_id}"
    assert "Dit is geen echte betaalpagina." in text_of(client.get(path))
    client.post(path, {"choice": choice})
    assert Payment.objects.get().captured_amount == 0  # nobody has asked yet
    paying.recheck(checkout_id=under_way.checkout_id, now=NOON)
    assert state(under_way.checkout) == becomes
    assert jobs_of_the_sandbox(under_way) == int(tells)


def jobs_of_the_sandbox(payment: Payment) -> int:
    jobs = ProcrastinateJob.objects.filter(task_name=NOTIFY_TASK)
    return jobs.filter(args__body__icontains=payment.transaction_id).count()


def test_a_part_leaves_the_rest_to_pay(
    client: Client, under_way: Payment, page: Page, state: Callable[[Checkout], str], clock: Clock
) -> None:
    path = f"/pay/sandbox/{under_way.transaction_id}"
    client.post(path, {"choice": "part"})
    text = text_of(page()).replace("\u00a0", " ")
    assert "Al betaald € 12,00 Nog te betalen € 12,00" in text
    assert "Aankoop annuleren" not in text
    clock.forward(seconds=30)
    client.post(path, {"choice": "pay"})
    page()
    assert state(under_way.checkout) == "Ordered"
    assert "Deze zandbakbetaling is klaar." in text_of(client.get(path))
    client.post(path, {"choice": "cancel"})
    assert SandboxPayment.objects.get().status == "paid"


@pytest.mark.parametrize(("live", "test_mode", "variant"), [("", True, "sandbox"), ("", False, "")])
def test_test_storefronts_always_pay_at_the_sandbox(
    checkout: Checkout, settings: Any, live: str, test_mode: bool, variant: str
) -> None:
    settings.PAYMENTS = type(settings.PAYMENTS)(
        provider=live, costs=settings.PAYMENTS.costs, variants=settings.PAYMENTS.variants
    )
    checkout.storefront.test_mode = test_mode
    assert bool(paying.list_methods(checkout.storefront)) is bool(variant)
    if not variant:
        with pytest.raises(paying.CannotBePaid, match="No payment provider is configured"):
            start(checkout, NOON)
    else:
        assert start(checkout, NOON).variant == variant


@pytest.mark.parametrize("address", ["https://shop.example/" + "x" * 2000, "https://a/\0"])
def test_an_address_that_cannot_be_kept_is_refused(checkout: Checkout, address: str) -> None:
    with pytest.raises(paying.CannotBePaid, match="cannot be used"):
        start(checkout, NOON, return_url=address)


def test_other_methods_are_refused(client: Client, payment: Payment) -> None:
    answer = client.put(f"/pay/{payment.token}")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")

"""Acting on many orders in the admin: chosen in the list, told first, done in the background."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from orders.admin.actions import ACTIONS
from orders.choosing import STATUSES
from orders.models import Batch, BatchAction, Order
from tests.conftest import ApiClient
from tests.orders.expected import VISIT, line, settle
from tests.orders.test_batches import NEXT, outcomes, run_once, see, work_off
from tests.orders.test_batches import start as start_batch
from tests.staff import messages_of, person, signed_in, text_of, viewer
from wallets.models import Asset

pytestmark = pytest.mark.usefixtures("clock")

Issue = Callable[[str], Order]
LIST = "/admin/orders/order/"
BATCHES = "/admin/orders/batch/"


@pytest.fixture
def desk(order_desk: User) -> Client:
    """The browser of somebody at the order desk."""
    return signed_in(order_desk)


@pytest.fixture
def orders(api: ApiClient, rival: ApiClient, issue: Issue) -> list[Order]:
    """Two issued orders, a draft, a failed one, a used one and one that is being issued."""
    sent = [
        settle(api, issue, line(quantity=2), sellToOrderReference="A"),
        settle(rival, issue, line(), sellToOrderReference="B"),
        settle(api, issue, line(), sellToOrderReference="C", paymentReference=None),
        settle(api, issue, line("SKU-9", NEXT), sellToOrderReference="D"),
        settle(api, issue, line(), sellToOrderReference="E"),
        api.create(line(), sellToOrderReference="F"),
    ]
    Asset.objects.filter(wallet__order=sent[4]["orderId"]).update(status="Used", admitted=1)
    return [Order.objects.get(pk=one["orderId"]) for one in sent]


def choose(client: Client, action: str, orders: Sequence[Order], **asked: Any) -> Any:
    """Mark orders in the list and run an action."""
    chosen = {"_selected_action": [str(order.pk) for order in orders], "index": "0"}
    return client.post(LIST, {"action": f"{action}_chosen", **chosen, **asked})


def answers(page: Any, **given: str) -> dict[str, str]:
    """Return what the page's form sends."""
    form = page.context["form"]
    hidden = {field.name: field.value() for field in form.hidden_fields()}
    return {**{name: str(value) for name, value in hidden.items()}, "reason": "A storm", **given}


def press(client: Client, page: Any, **given: str) -> Any:
    """Press the button of the page."""
    return client.post(page.context["confirmation"].post_to, answers(page, **given))


def test_the_effect_is_shown_first_and_done_once(
    desk: Client, order_desk: User, orders: list[Order]
) -> None:
    page = choose(desk, "cancel", orders)
    text = text_of(page)
    for told in (
        "Cancel 4 orders",
        "2 issued orders are cancelled: their tickets are destroyed, and EUR 103.50 is taken back",
        "2 draft or failed orders are removed for good.",
        "They are for 5 guests at most.",
        "1 order is left out: guests have entered.",
        "1 order is left out: Submitted, being issued at this moment.",
        "Left out (2)",
    ):
        assert told in text
    assert Batch.objects.count() == 0
    done = press(desk, page)
    batch = Batch.objects.get()
    assert done["Location"] == f"/admin/orders/batch/{batch.pk}/change/"
    assert (batch.started_by, batch.reason) == (f"staff:{order_desk.pk}", "A storm")
    assert press(desk, page)["Location"] == done["Location"]
    assert "0 of 4 orders done." in text_of(desk.get(done["Location"]))
    work_off(batch)
    assert press(desk, page)["Location"] == done["Location"]
    assert Batch.objects.count() == 1
    text = text_of(desk.get(f"/admin/orders/batch/{batch.pk}/progress/"))
    assert "Done with all 4 orders." in text
    assert "Cancelled 2 Removed 2" in text
    assert "Cancel 4 orders Done 4 of 4 20 Nov 2026, 12:00 desk" in text_of(
        desk.get("/admin/orders/batch/")
    )


def test_a_reason_and_a_day_are_asked_for(desk: Client, orders: list[Order]) -> None:
    page = choose(desk, "move", orders)
    text = text_of(page)
    assert "Mon 23 Nov 2026: 3 orders" in text
    assert "Tue 24 Nov 2026: 1 order" in text
    wrong = press(desk, page, reason=" ", from_date=VISIT)
    assert (wrong.status_code, set(wrong.context["form"].errors)) == (422, {"to_date", "reason"})
    same = press(desk, page, from_date=VISIT, to_date=VISIT)
    assert messages_of(same) == ["The visit is on Mon 23 Nov 2026 already."]
    assert Batch.objects.count() == 0
    press(desk, page, from_date=VISIT, to_date=NEXT)
    batch = work_off(Batch.objects.get())
    assert set(outcomes(batch).values()) == {("moved", "")}
    assert "Move to another day: from Mon 23 Nov 2026 to Tue 24 Nov 2026" in text_of(
        desk.get(f"/admin/orders/batch/{batch.pk}/change/")
    )


def test_one_day_needs_no_choice_and_leaves_out_who_has_entered(
    desk: Client, orders: list[Order]
) -> None:
    page = choose(desk, "move", [orders[0], orders[4]])
    assert "1 order is left out: guests have entered." in text_of(page)
    assert answers(page)["from_date"] == VISIT
    press(desk, page, to_date=NEXT)
    assert set(outcomes(work_off(Batch.objects.get()))) == {str(orders[0])}


def test_drafts_are_confirmed_with_what_they_were_paid_with(
    desk: Client, orders: list[Order]
) -> None:
    page = choose(desk, "confirm", orders)
    assert "1 draft becomes Issued" in text_of(page)
    assert "EUR 34.50 is posted to the ledger." in text_of(page)
    assert "3 orders are left out: Issued." in text_of(page)
    assert press(desk, page).status_code == 422
    press(desk, page, payment_reference="INVOICE-11", reason="")
    work_off(Batch.objects.get())
    assert Order.objects.get(pk=orders[2].pk).payment_reference == "INVOICE-11"


def test_all_that_the_filter_shows_is_chosen_up_to_the_limit(
    desk: Client, orders: list[Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    across = {"action": "cancel_chosen", "select_across": "1", "index": "0"}
    sent = {**across, "_selected_action": [str(orders[0].pk)]}
    page = desk.post(f"{LIST}?status=Issued", sent)
    assert "Cancel 2 orders" in text_of(page)
    monkeypatch.setattr("orders.admin.bulk.MOST_ORDERS", 2)
    refused = desk.post(f"{LIST}?status=Issued", sent, follow=True)
    (told,) = messages_of(refused)
    assert told.startswith("3 orders are chosen, and at most 2 are worked off at once. Narrow")
    assert refused.request["QUERY_STRING"] == "status=Issued"


def test_nothing_is_offered_where_nothing_can_be_done(desk: Client, orders: list[Order]) -> None:
    page = choose(desk, "replay", orders[:2])
    assert "Nothing can be done with these orders as they stand." in text_of(page)
    assert page.context["confirmation"].is_blocked
    refused = press(desk, page)
    assert messages_of(refused) == ["None of these orders can be acted on as they stand."]


def test_a_page_that_was_tampered_with_or_left_leads_to_the_list(
    desk: Client, orders: list[Order]
) -> None:
    sent = answers(choose(desk, "cancel", orders))
    at = f"{BATCHES}cancel/"
    for chosen in ("", "x:1", f"{orders[0].pk}:", f"{orders[0].pk}:{'9' * 40}", "x " * 2_000):
        assert desk.post(at, {**sent, "chosen": chosen})["Location"] == LIST
    assert desk.post(at, {**sent, "batch_id": "nothing"})["Location"] == LIST
    assert desk.get(at)["Location"] == LIST
    gone = desk.post(at, {**sent, "chosen": "019aa0d000007000800000000000dead:1"})
    assert "None of these orders" in messages_of(gone)[-1]
    assert Batch.objects.count() == 0


def test_nobody_does_with_many_what_they_may_not_do_with_one(orders: list[Order]) -> None:
    mover = signed_in(person("mover", "orders.view_order", "orders.move_order"))
    listed = text_of(mover.get(LIST))
    assert ("Move to another day" in listed, "Confirm drafts" in listed) == (True, False)
    page = choose(mover, "move", orders)
    assert page.status_code == 200
    assert mover.post(f"{BATCHES}cancel/", answers(page)).status_code == 403
    looker = signed_in(viewer())
    assert "confirmation" not in choose(looker, "cancel", orders).context
    assert looker.post(f"{BATCHES}move/", answers(page)).status_code == 403
    batch = start_batch(BatchAction.CANCEL, see(orders))
    for name in ("stop", "resume", "retry"):
        at = f"/admin/orders/batch/{batch.pk}/{name}/"
        assert (mover.post(at).status_code, looker.post(at).status_code) == (403, 403)
    assert 'id="stop"' not in looker.get(f"/admin/orders/batch/{batch.pk}/change/").content.decode()


def test_orders_are_in_the_same_statuses_as_for_the_button_of_one() -> None:
    of_one = {action: set(ACTIONS[action].statuses) for action in BatchAction}
    assert of_one == {action: set(statuses) for action, statuses in STATUSES.items()}


def test_it_is_stopped_and_gone_on_with_from_its_page(
    desk: Client, orders: list[Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.working_off.AT_A_TIME", 1)
    batch = run_once(start_batch(BatchAction.CANCEL, see(orders)))
    page = f"/admin/orders/batch/{batch.pk}/"
    assert "Stopped after 1 of 4 orders." in text_of(desk.post(f"{page}stop/", follow=True))
    refused = desk.post(f"{page}stop/", follow=True)
    assert messages_of(refused) == ["Somebody else was faster: it is Stopped now."]
    assert "1 of 4 orders done." in text_of(desk.post(f"{page}resume/", follow=True))
    assert work_off(batch).status == "Done"


def test_the_page_takes_as_many_statements_for_many_orders(
    desk: Client, api: ApiClient, statements: Callable[[], Any], orders: list[Order]
) -> None:
    taken = []
    for chosen in (orders[:1], orders):
        with statements() as count:
            choose(desk, "move", chosen)
        taken.append(len(count))
    assert taken[0] == taken[1] <= 15

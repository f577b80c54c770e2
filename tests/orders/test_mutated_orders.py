"""Valid orders with something else put into them: taken, or refused in words (hypothesis)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orders.models import Order
from tests.conftest import ApiClient
from tests.orders.expected import VISIT, assert_refused, full_body, stored

pytestmark = pytest.mark.usefixtures("clock")

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=40)
    | st.sampled_from(["DAY", "GROUP", "BUNDLE", "DINO", VISIT, "10:00", "nl", "a@b.nl", 1, 2]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(), max_size=8)
            | st.sampled_from(["itemNumber", "visitDate", "visitTime", "names", "wallet", "typo"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value inside a JSON value."""
    if isinstance(value, list):
        value = dict(enumerate(value))
    found = []
    for key, entry in value.items() if isinstance(value, dict) else ():
        found += [(*path, key), *places(entry, (*path, key))]
    return found


@settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_whatever_is_put_into_a_valid_body_it_is_taken_or_refused_in_words(
    api: ApiClient, data: st.DataObject
) -> None:
    body = full_body(api)
    body["sellToOrderReference"] = f"WEB-{Order.objects.count()}"
    body["items"][0]["wallet"]["externalReferenceNumbers"] = [body["sellToOrderReference"]]
    for _ in range(data.draw(st.integers(1, 3))):
        if not places(body):
            break
        path = data.draw(st.sampled_from(places(body)))
        holder: Any = body
        for step in path[:-1]:
            holder = holder[step]
        match data.draw(st.sampled_from(["replace", "remove", "add"])):
            case "replace":
                holder[path[-1]] = data.draw(ANYTHING)
            case "remove":
                del holder[path[-1]]
            case _ if isinstance(holder, dict):
                holder[data.draw(st.text(st.characters(), max_size=8))] = data.draw(ANYTHING)
            case _:
                holder.insert(0, data.draw(ANYTHING))
    before = stored()
    response = api.post(body)
    if response.status_code != 201:
        assert_refused(response, before)
    else:
        after = stored()
        assert {after[name] - before[name] for name in ("Order", "Event", "ProcrastinateJob")} == {
            1
        }
        assert api.get(f"/channelManager/{response.json()['orderId']}").json() == response.json()

"""Two gates scan the same ticket at the same moment: the guest is admitted once."""

from __future__ import annotations

from functools import partial

from tests.chaos.stage import Stage
from tests.traffic import at_once


def scan_at_two_gates(stage: Stage, *, tickets: int) -> list[str]:
    """Scan each ticket at both gates at once; return what is wrong unless one admits each."""
    with stage.seller() as seller:
        line = {"itemNumber": "ANYDAY", "quantity": tickets}
        order = seller.create(seller.order(stage.reference(), line)).body
        issued = seller.wait(order["orderId"]).body
    numbers = [
        asset["referenceNumber"]
        for wallet in issued["items"][0]["wallets"]
        for asset in wallet["assets"]
    ]
    wrong = [] if len(numbers) == tickets else [f"{len(numbers)} of {tickets} tickets were issued"]
    gates = stage.gates()
    try:
        for number in numbers:
            answers = at_once([partial(gate.scan, number, f"scan-{number}") for gate in gates])
            stage.noted.update(str(answer.body.get("code")) for answer in answers)
            said = sorted((answer.status, str(answer.body.get("code"))) for answer in answers)
            if said != [(200, "admitted"), (200, "already_used")]:
                wrong.append(f"ticket {number} was answered {said}")
    finally:
        for gate in gates:
            gate.close()
    [(admitted,)] = stage.stack.sql(
        "SELECT coalesce(sum(admitted), 0) FROM wallets_asset WHERE reference_number = ANY(%s)",
        numbers,
    )
    return wrong if admitted == tickets else [*wrong, f"{admitted} admissions are counted"]

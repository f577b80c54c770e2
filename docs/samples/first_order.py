# A first order. Needs Python 3.9 or newer and nothing else: python3 first_order.py
import json
import os
import time
import urllib.error
import urllib.request
from datetime import date, timedelta
from typing import Any

URL = os.environ.get("CM_URL", "http://127.0.0.1:8000")
KEY = os.environ.get("CM_KEY", "your API key")
PARTNER = os.environ.get("CM_PARTNER", "your partnerId")
ITEM = os.environ.get("CM_ITEM", "DAY")


def call(method: str, path: str, body: Any = None) -> Any:
    request = urllib.request.Request(
        URL + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"x-api-key": KEY, "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refusal:
        problem = json.load(refusal)
        raise SystemExit(f"{problem['code']}: {problem['detail']}\nSee {problem['type']}") from None


order = call(
    "POST",
    "/channelManager",
    {
        "partnerId": PARTNER,
        "sellToOrderReference": f"FIRST-{time.time_ns()}",
        "sellToName": "Renée de Vries",
        "paymentReference": "PAY-1",
        "items": [
            {
                "itemNumber": ITEM,
                "quantity": 2,
                "visitDate": str(date.today() + timedelta(days=7)),
            }
        ],
    },
)
while order["status"] in ("Submitted", "Scheduled", "Processing"):
    order = call("GET", f"/channelManager/{order['orderId']}?wait=20")

for name in ("status", "statusMessage", "buyFromOrderReference", "manifestUrl"):
    if order[name]:
        print(f"{name}: {order[name]}")

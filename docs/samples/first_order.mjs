// A first order. Needs Node.js 18 or newer and nothing else: node first_order.mjs
const {
  CM_URL = "http://127.0.0.1:8000",
  CM_KEY = "your API key",
  CM_PARTNER = "your partnerId",
  CM_ITEM = "DAY",
} = process.env;

async function call(method, path, body) {
  const response = await fetch(CM_URL + path, {
    method,
    headers: { "x-api-key": CM_KEY, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  const answer = await response.json();
  if (!response.ok) {
    console.error(`${answer.code}: ${answer.detail}\nSee ${answer.type}`);
    process.exit(1);
  }
  return answer;
}

const nextWeek = new Date(Date.now() + 7 * 24 * 60 * 60 * 1000);
let order = await call("POST", "/channelManager", {
  partnerId: CM_PARTNER,
  sellToOrderReference: `FIRST-${Date.now()}`,
  sellToName: "Renée de Vries",
  paymentReference: "PAY-1",
  items: [
    { itemNumber: CM_ITEM, quantity: 2, visitDate: nextWeek.toISOString().slice(0, 10) },
  ],
});
while (["Submitted", "Scheduled", "Processing"].includes(order.status)) {
  order = await call("GET", `/channelManager/${order.orderId}?wait=20`);
}

for (const name of ["status", "statusMessage", "buyFromOrderReference", "manifestUrl"]) {
  if (order[name]) console.log(`${name}: ${order[name]}`);
}

export CM_ITEM='DAY'
curl -sS "$CM_URL/channelManager" \
  -H "x-api-key: $CM_KEY" \
  -H "Content-Type: application/json" \
  --data @- > order.json <<EOF
{
  "partnerId": "$CM_PARTNER",
  "sellToOrderReference": "FIRST-$(date +%s)-$RANDOM",
  "sellToName": "Renée de Vries",
  "paymentReference": "PAY-1",
  "items": [
    {"itemNumber": "$CM_ITEM", "quantity": 2, "visitDate": "$CM_DATE"}
  ]
}
EOF
export CM_ORDER=$(python3 -c 'import json
answer = json.load(open("order.json"))
print("" if "code" in answer else answer["orderId"])')
if [ "$CM_ORDER" ]; then
  curl -sS "$CM_URL/channelManager/$CM_ORDER?wait=20" \
    -H "x-api-key: $CM_KEY" > order.json
fi
python3 -c 'import json
answer = json.load(open("order.json"))
refused = ("code", "detail", "type")
taken = ("status", "statusMessage", "buyFromOrderReference", "manifestUrl")
for name in refused if "code" in answer else taken:
    if answer[name]:
        print(name + ":", answer[name])'

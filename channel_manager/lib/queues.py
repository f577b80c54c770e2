"""Which queues of background jobs there are, and which worker works at them."""

WORKER_QUEUES = ("orders", "closing", "recovery", "events")
# Receivers of webhooks may be slow: what sends to them holds up nothing else.
SENDER_QUEUE = "webhooks"
QUEUES = (*WORKER_QUEUES, SENDER_QUEUE)

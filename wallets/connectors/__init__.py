"""Who makes the tickets of an order: a connector returns results, orders applies them."""

"""Telling partners what happened: events, their order, endpoints and deliveries."""

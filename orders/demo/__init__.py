"""The demo park: loaded once, and brought up to date when the product has learned something."""

from orders.demo.loading import load_demo

__all__ = ["load_demo"]

"""Hosted payment: the guest's pages, the providers, and what they notify us of."""

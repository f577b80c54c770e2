"""The Onebox distribution, catalogue and orders management APIs, below /onebox."""

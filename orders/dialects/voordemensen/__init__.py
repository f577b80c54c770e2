"""The VoordeMensen API: a cart of held seats, an order that is paid on a page of ours, its status."""

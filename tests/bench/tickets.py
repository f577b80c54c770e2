"""What is measured of tickets: PDFs that guests open."""

from __future__ import annotations

from tests.bench import crowd
from tests.bench.measuring import send
from tests.bench.scenarios import Bench, Figure, clients_of, figure


def open_tickets(bench: Bench) -> list[Figure]:
    """GET of wallets' tickets as PDF, by one guest and by many."""
    bench.fill_up()
    figures = []
    for clients, requests in ((1, 100), (16, 200)):
        name = f"PDF ticket, {clients_of(clients)}"
        bench.say(f"  {name}")
        paths = tuple(f"/w/{crowd.wallet_token(place)}.pdf" for place in range(200))
        load = bench.load("", requests=requests, clients=clients, paths=paths, base="")
        figures.append(figure(name, send(bench.stack, load, expected=200), "PDF ticket"))
    return figures

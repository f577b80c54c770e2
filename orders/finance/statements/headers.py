"""The header of a statement: which row it is, and what its columns mean."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

from orders.finance.statements.cells import Cell, Row, as_text
from orders.finance.statements.currencies import KNOWN_CURRENCIES
from orders.finance.statements.format import AMOUNTS, REFERENCES, Column
from orders.finance.statements.refusals import Problem, UnreadableStatement

# How far down the header is looked for: there may be titles and addresses above it.
HEADER_WITHIN = 40
# Our own reference, such as CM26-0004711, whatever a partner calls the column.
OUR_SHAPE = re.compile(r"[A-Z][A-Z0-9]{0,5}\d\d-\d{7,}\Z")
# By column, the surest names first; names of one group are equally sure, so that a file with two
# of them is asked about. In English, Dutch, German, French and Spanish, without signs or blanks.
_NAMES: Mapping[Column, tuple[str, ...]] = {
    Column.OUR_REFERENCE: (
        "buyfromorderreference supplierreference supplierref supplierbookingreference "
        "supplierorderid supplierordernumber leveranciersreferentie lieferantenreferenz "
        "referencefournisseur referenciaproveedor referenciadelproveedor venuereference "
        "operatorreference yourreference uwreferentie ihrereferenz votrereference sureferencia",
    ),
    Column.THEIR_REFERENCE: (
        "selltoorderreference bookingreference bookingref bookingid bookingnumber bookingno "
        "bookingcode booking reservation reservationid reservationnumber reservationcode "
        "reservationno orderid ordernumber orderno ordernr orderreference orderref order "
        "reservering reserveringsnummer reserveringsnr boekingsnummer boekingsreferentie boeking "
        "boekingnr ordernummer bestelnummer bestelling buchungsnummer buchungsnr buchung "
        "buchungscode buchungsreferenz reservierungsnummer reservierung bestellnummer bestellnr "
        "auftragsnummer numerodereservation numeroreservation referencereservation "
        "referencedereservation numerodecommande commande numerodereserva numeroreserva reserva "
        "codigodereserva localizador numerodepedido pedido confirmationnumber confirmationcode",
        "reference ref referentie referenz referencia referenceno referencenumber",
    ),
    Column.OTHER_REFERENCE: (
        "voucher voucherid vouchernumber voucherno vouchercode ticketnumber ticketid ticketno "
        "ticketcode ticket barcode vouchernummer ticketnummer kaartnummer gutschein "
        "gutscheinnummer ticketnr numerodebillet billet bon numerodebono bono codigodebarras "
        "entrada externalreference externalreferencenumber",
        "transactionid transactienummer itemid",
    ),
    Column.GUEST_NAME: (
        "guestname guest customername travelername travellername leadtraveler leadtraveller "
        "leadtravelername leadpassenger passengername gast gastnaam naamgast klantnaam gastname "
        "kundenname reisender nomduclient client voyageur nomdelcliente cliente viajero huesped "
        "bookername visitorname bezoeker besucher",
        "customer klant kunde name naam nom nombre",
    ),
    Column.DATE: (
        "date datum fecha bookingdate bookeddate bookedon dateofbooking orderdate purchasedate "
        "saledate salesdate transactiondate visitdate dateofvisit traveldate traveldateutc "
        "activitydate servicedate eventdate tourdate usedate admissiondate redemptiondate "
        "redeemeddate boekingsdatum besteldatum bezoekdatum verkoopdatum reserveringsdatum "
        "buchungsdatum besuchsdatum verkaufsdatum bestelldatum leistungsdatum reisedatum "
        "datedereservation datedevisite datedevente datedecommande fechadereserva fechadevisita "
        "fechadeventa fechareserva fechavisita dateofservice dateofuse",
    ),
    Column.QUANTITY: (
        "quantity qty pax tickets numberoftickets ticketquantity nooftickets participants guests "
        "persons travelers travellers aantal aantalpersonen aantaltickets anzahl menge personen "
        "anzahltickets quantite nombredebillets cantidad personas units seats visitors",
    ),
    Column.GROSS: (
        "gross grossamount grossprice grossvalue grosssales grossrevenue bruto brutobedrag "
        "brutoprijs brutto bruttobetrag bruttopreis brut montantbrut prixbrut importebruto "
        "preciobruto retailprice sellingprice salesprice customerprice verkoopprijs verkaufspreis "
        "totalprice totalincvat totalinclvat retailamount",
        "price prijs preis prix precio sales revenue omzet umsatz ordertotal bookingtotal",
    ),
    Column.COMMISSION: (
        "commission commissionamount commissions commissie commissiebedrag provisie "
        "provisiebedrag provision provisionsbetrag provisionen comision importecomision "
        "montantdelacommission agentcommission partnercommission commissionfee",
        "fee fees servicefee vergoeding gebuhr frais",
    ),
    Column.NET: (
        "net netamount netprice netrate netvalue netpayout netto nettobedrag nettobetrag "
        "nettoprijs nettopreis montantnet prixnet neto importeneto precioneto payout payoutamount "
        "supplierprice supplieramount netcost costprice auszahlung auszahlungsbetrag uitbetaling "
        "uitbetaald amountdue netdue payable amountpayable topay versement "
        "payabletosupplier duetosupplier netpayable paidtosupplier",
    ),
    Column.CURRENCY: (
        "currency currencycode valuta valutacode wahrung wahrungscode devise moneda divisa "
        "munteenheid ccy curr isocurrency",
    ),
    Column.TYPE: (
        "type transactiontype linetype recordtype entrytype soort regeltype art typ buchungsart "
        "vorgang tipo typedeligne naturedeloperation transaktionsart mutatiesoort",
        "status bookingstatus orderstatus statut estado category categorie kategorie",
    ),
}
_BY_NAME = {
    name: (column, rank)
    for column, groups in _NAMES.items()
    for rank, group in enumerate(groups)
    for name in group.split()
}
# What a name may have beside it: "Gross amount (EUR)", "Commission in %" is none of ours.
_ASIDE = {"amount", "in", "total", "the", "your", "our", "uw", "ihre", "votre", "su"}
_WITH_VAT = re.compile(r"\b(?:incl?|including|inkl|inclusief)\.? ?(?:vat|btw|mwst|ust|tva|iva)\b")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Header:
    """The row that names the columns. candidates: for each meaning, the headers that may have it.

    The first candidate is the likelier; those of one rank are as likely as each other, and only
    the likeliest are listed.
    """

    row: int
    names: tuple[str, ...]
    candidates: Mapping[Column, tuple[str, ...]]

    @property
    def columns(self) -> dict[Column, str]:
        """Return the likeliest header of each meaning."""
        return {column: names[0] for column, names in self.candidates.items()}


def header_of(rows: Sequence[Row]) -> Header | None:
    """Return the header among the first rows of a file: the row most of whose cells are known.

    Where none is known, the first row of at least three different texts is taken, with no
    meanings.
    """
    best: Header | None = None
    for number, cells in rows[:HEADER_WITHIN]:
        names = header_names(cells)
        if sum(map(bool, names)) < 2 or _has_numbers(cells):
            continue
        candidate = Header(row=number, names=names, candidates=_candidates(names))
        if best is None or len(candidate.candidates) > len(best.candidates):
            best = candidate
    if best is not None and len(best.candidates) >= 2:
        return best
    for number, cells in rows[:HEADER_WITHIN]:
        names = header_names(cells)
        if len(set(filter(None, names))) >= 3 and not _has_numbers(cells):
            return Header(row=number, names=names, candidates=_candidates(names))
    return None


def header_at(rows: Sequence[Row], number: int) -> Header:
    """Return the row of this number as the header. Raises UnreadableStatement."""
    for row, cells in rows:
        if row == number:
            names = header_names(cells)
            return Header(row=row, names=names, candidates=_candidates(names))
    raise UnreadableStatement(Problem.NO_HEADER, f"The file has no row {number} to name columns.")


def header_names(cells: Sequence[Cell]) -> tuple[str, ...]:
    """Return the texts of a header's cells, runs of blanks made one."""
    return tuple(" ".join(as_text(cell).split()) for cell in cells)


def with_our_references(header: Header, rows: Sequence[Row]) -> tuple[Header, str]:
    """Return the header with the column whose values look like our references as that column.

    Beside it a sentence where that is not what the header says. A column counts when at least half
    of its values have the shape.
    """
    shares: Counter[str] = Counter()
    filled: Counter[str] = Counter()
    for _, cells in rows:
        for name, cell in zip(header.names, cells, strict=False):
            if name and cell != "":
                filled[name] += 1
                shares[name] += bool(OUR_SHAPE.match(as_text(cell).upper()))
    ours = [name for name in shares if shares[name] and shares[name] * 2 >= filled[name]]
    stated = header.candidates.get(Column.OUR_REFERENCE, ())
    if not ours or set(stated) & set(ours):
        chosen = tuple(name for name in stated if name in ours) or stated
        rest = dict(header.candidates)
        if chosen:
            rest[Column.OUR_REFERENCE] = chosen
        return dataclasses.replace(header, candidates=rest), ""
    candidates = {
        column: tuple(name for name in names if name not in ours)
        for column, names in header.candidates.items()
    }
    candidates = {column: names for column, names in candidates.items() if names}
    candidates[Column.OUR_REFERENCE] = tuple(ours)
    note = f"The values of the column “{ours[0]}” are our references."
    return dataclasses.replace(header, candidates=candidates), note


def columns_missing(columns: Mapping[Column, str]) -> list[str]:
    """Return what a statement cannot do without and these columns lack, as parts of a sentence."""
    missing = []
    if not any(column in columns for column in REFERENCES):
        missing.append("a reference (ours, the partner's or a ticket's)")
    if not (Column.NET in columns or Column.GROSS in columns):
        missing.append("an amount (net or gross)")
    return missing


def positions(names: Sequence[str], columns: Mapping[Column, str]) -> dict[Column, int]:
    """Return where the columns of a format stand in a header.

    Raises UnreadableStatement for one that is missing or stands there twice.
    """
    for column, name in columns.items():
        if name not in names:
            raise UnreadableStatement(
                Problem.MISSING_COLUMN,
                f"The column “{name}” ({column.replace('_', ' ')}) is missing. The columns of the "
                f"file: {', '.join(filter(None, names))}.",
            )
        if names.count(name) > 1:
            first = names.index(name)
            raise UnreadableStatement(
                Problem.DUPLICATE_HEADER,
                f"Two columns are called “{name}” (columns {first + 1} and "
                f"{names.index(name, first + 1) + 1}). Rename the one that is not meant.",
            )
    return {column: names.index(name) for column, name in columns.items()}


def currency_named(names: Mapping[Column, str]) -> str:
    """Return the currency that the headers of the amounts name, such as “Net (EUR)”, if one."""
    words = {
        word
        for column, name in names.items()
        if column in AMOUNTS
        for word in re.findall(r"\b[A-Z]{3}\b", name)
    }
    named = words & KNOWN_CURRENCIES
    if any("€" in name for column, name in names.items() if column in AMOUNTS):
        named |= {"EUR"}
    return next(iter(named)) if len(named) == 1 else ""


def plain(text: str) -> str:
    """Return a text in small letters without accents, its signs made blanks."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(
        r"[\W_]+", " ", "".join(c for c in letters if not unicodedata.combining(c))
    ).strip()


def _candidates(names: Sequence[str]) -> dict[Column, tuple[str, ...]]:
    found: dict[Column, dict[int, list[str]]] = {}
    for name in names:
        meaning = _meaning(name)
        if meaning is not None:
            column, rank = meaning
            found.setdefault(column, {}).setdefault(rank, []).append(name)
    # dict.fromkeys: a header that stands twice is one candidate, refused where it is looked up.
    return {column: tuple(dict.fromkeys(ranks[min(ranks)])) for column, ranks in found.items()}


def _meaning(name: str) -> tuple[Column, int] | None:
    if "%" in name:
        # A rate, not an amount.
        return None
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    whole = plain(name).replace(" ", "")
    if whole in _BY_NAME:
        return _BY_NAME[whole]
    words = _WITH_VAT.sub("", plain(spaced)).split()
    words = [word for word in words if word.upper() not in KNOWN_CURRENCIES]
    without_codes = "".join(words)
    if without_codes in _BY_NAME:
        return _BY_NAME[without_codes]
    bare = "".join(word for word in words if word not in _ASIDE)
    return _BY_NAME.get(bare)


def _has_numbers(cells: Sequence[Cell]) -> bool:
    return any(not isinstance(cell, str) for cell in cells) or any(
        re.fullmatch(r"[-(]?[\d.,]+[-)]?", cell.strip()) for cell in cells if isinstance(cell, str)
    )

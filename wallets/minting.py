"""Making the assets of wallets from what their lines were planned to become."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from catalog.expansion import PlannedComponent
from wallets.connectors.base import AssetKey
from wallets.connectors.local import new_number
from wallets.models import Asset, Wallet


def mint_successor(asset: Asset) -> Asset:
    """Make the unsaved asset that takes another's place in its wallet, state Minted.

    It has a new number in the next generation and is as the other was; what was admitted with that
    counts for it, too.
    """
    return Asset(
        venue_id=asset.venue_id,
        wallet_id=asset.wallet_id,
        component_id=asset.component_id,
        item_id=asset.item_id,
        position=asset.position,
        unit=asset.unit,
        generation=asset.generation + 1,
        type=asset.type,
        reference_number=new_number(asset.type),
        description=asset.description,
        admissions=asset.admissions,
        admitted=asset.admitted,
        visit_date=asset.visit_date,
        visit_time=asset.visit_time,
        valid_from=asset.valid_from,
        valid_until=asset.valid_until,
        seat=asset.seat,
    )


def mint_assets(
    *,
    wallets: Iterable[Wallet],
    components: Sequence[PlannedComponent],
    numbers: Mapping[AssetKey, str],
) -> Iterator[Asset]:
    """Make the unsaved assets of one line's wallets, one per component unit, state Minted.

    numbers: what a connector returned for them.
    """
    for wallet in wallets:
        for position, component in enumerate(components):
            for unit in range(1, component.units + 1):
                yield Asset(
                    venue_id=wallet.venue_id,
                    wallet=wallet,
                    component_id=component.component_id,
                    item_id=component.item_id,
                    position=position,
                    unit=unit,
                    type=component.type,
                    reference_number=numbers[AssetKey(wallet.pk, component.component_id, unit)],
                    description=component.description,
                    admissions=component.admissions * component.redemptions,
                    visit_date=component.visit_date,
                    visit_time=component.visit_time,
                    valid_from=component.valid_from,
                    valid_until=component.valid_until,
                    seat=component.seats_of(wallet.seq_no, unit),
                )

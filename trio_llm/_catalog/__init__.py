"""The vendors, as rows. Each names the page that proves it.

A new vendor is one row in the module whose docstring fits it.
"""

from __future__ import annotations

from typing import Final

from .accounts import ACCOUNTS
from .gateways import GATEWAYS
from .hosts import HOSTS
from .makers import MAKERS
from .provider import Provider
from .resolving import Catalog
from .self_hosted import SELF_HOSTED
from .sound import SOUND

_ROWS: Final = (*ACCOUNTS, *GATEWAYS, *HOSTS, *MAKERS, *SELF_HOSTED, *SOUND)

CATALOG: Final = Catalog(_ROWS)
"""Every row by its name."""


def catalog_with(*rows: Provider) -> Catalog:
    """The catalogue and rows of your own, which go before those of the same name.

    Example:
        row = Provider(name="mine", base_url="https://llm.example/v1", documentation="https://llm.example/docs")
        async with Client(providers=catalog_with(row)) as client:
            await client.completion("mine/some-model", messages)
    """
    return Catalog((*_ROWS, *rows))

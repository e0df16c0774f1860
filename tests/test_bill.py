"""A bill keeps little of each charge, and gives back all of it."""

from __future__ import annotations

import tracemalloc
from typing import TypeAlias

from hypothesis import example, given, strategies as st

from trio_llm.models import Cost, Prices
from trio_llm.models.rates import PlainCharge, Rates
from trio_llm.purse._bill import Bill
from trio_llm.purse._charges import Charge

RATES = [Rates("openai", name, Prices({"input": 1e-6, "output": 2e-6}, services={"flex": {}})) for name in ("a", "b")]
tokens = st.integers(0, 2**64)
plain = st.builds(
    lambda *facts: facts, st.sampled_from(RATES), st.sampled_from([None, "flex"]), tokens, tokens, st.floats(0, 9),
    tokens, tokens,
)  # fmt: skip
long = st.builds(
    lambda usd: Charge("groq", "m", {"user": "ann"}, 1.5, 2, usd, source=Cost(usd)), st.none() | st.floats(0, 9)
)
Given: TypeAlias = Charge | PlainCharge


def facts(charge: Given) -> tuple[object, ...]:
    whole = Charge.of_plain(charge) if isinstance(charge, tuple) else charge
    names = ("provider", "model", "labels", "prompt_tokens", "completion_tokens", "usd", "_cached", "_reasoning")
    return *(getattr(whole, name) for name in (*names, "_service")), whole._source


@given(st.lists(plain | long, max_size=20), st.integers(0, 20))
@example([(RATES[0], None, 2**63, 1, 0.5, 0, 0)], 0)
def test_a_bill_gives_back_its_charges_in_their_order(charges: list[Given], forgotten: int) -> None:
    bill = Bill()
    for charge in charges:
        if isinstance(charge, tuple):
            bill.add_plain(charge)
        else:
            bill.add(charge)
    forgotten = min(forgotten, len(charges))

    first = [facts(bill.pop_first()) for _ in range(forgotten)]

    assert first == [facts(charge) for charge in charges[:forgotten]]
    assert [facts(charge) for charge in bill] == [facts(charge) for charge in charges[forgotten:]]
    assert len(bill) == len(charges) - forgotten


def test_a_plain_charge_takes_few_bytes() -> None:
    bill = Bill()
    bill.add_plain((RATES[0], None, 1, 1, 1.0, 0, 0))
    tracemalloc.start()
    try:
        for number in range(10_000):
            bill.add_plain((RATES[0], None, 1_000 + number, 1_000 + number, 1e-6 * number, 0, 0))
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept < 10_000 * 60

"""Tickets: places in line, and what the calls of a fan-out learn from each other."""

from __future__ import annotations

import pytest

from trio_llm import AuthenticationError
from trio_llm._limits.buckets import ONE_REQUEST
from trio_llm._limits.lane import Lane
from trio_llm._limits.line import Waiter
from trio_llm._limits.pace import Rhythm
from trio_llm._limits.ticket import Crowd, Ticket


def ticket_behind(first: tuple[int, ...] | None, *, arrival: int, priority: int = 0) -> Ticket:
    """A call that was refused and sent back, where one with this rank is first in line."""
    ticket = Ticket(Lane(Rhythm(), adaptive=True), priority)
    ticket.arrival = arrival
    if first is not None:
        ticket.lane.line.join(Waiter(first, ONE_REQUEST, None))
    ticket.send_behind_first(3)
    return ticket


@pytest.mark.parametrize(
    ("first", "priority", "rank"),
    [
        (None, 0, (0, 4)),
        ((0, 7), 0, (0, 7, 3)),
        ((0, 7, 2), 0, (0, 7, 3)),
        ((-2, 7), 2, (-2, 7, 3)),
        ((0, 2), 0, (0, 4)),
        ((0, 7), 2, (-2, 4)),
    ],
    ids=[
        "nobody",
        "a later one",
        "one that was sent back",
        "a later one as urgent",
        "an earlier one",
        "a less urgent one",
    ],
)
def test_a_refused_call_lets_the_first_of_its_priority_try_next(
    first: tuple[int, ...] | None, priority: int, rank: tuple[int, ...]
) -> None:
    assert ticket_behind(first, arrival=4, priority=priority).rank == rank


def test_a_ticket_knows_its_request_and_was_not_refused() -> None:
    ticket = Ticket(Lane(Rhythm(), adaptive=True), request="what is asked")

    assert (ticket.request, ticket.priority, ticket.refused) == ("what is asked", 0, False)


def test_a_credential_that_was_refused_is_not_tried_by_the_others() -> None:
    crowd = Crowd()
    crowd.wrong_keys["mine"] = refusal = AuthenticationError("no such key", code="bad_key")

    crowd.check("another")
    with pytest.raises(AuthenticationError, match="this credential was refused before: no such key") as caught:
        crowd.check("mine")
    assert (caught.value.code, caught.value.__cause__) == ("bad_key", refusal)

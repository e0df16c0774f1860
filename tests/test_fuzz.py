"""Some of the mutations of `fuzz_replies`; `make fuzz` tries many more."""

from __future__ import annotations

import pytest
from fuzz_replies import Case, WrongVerdict, case_of, judge, mutated
from fuzz_seeds import AWS, Seed, seeds_of

from trio_llm._catalog.provider import Wire

COUNT = 2_000 // len(Wire) + 1


@pytest.mark.parametrize("wire", Wire, ids=lambda wire: wire.name.lower())
def test_mutated_replies_raise_nothing_but_our_errors_and_are_judged_alike_in_every_form(wire: Wire) -> None:
    judge(wire, [case_of(wire, number) for number in range(COUNT)])


@pytest.mark.parametrize("wire", Wire, ids=lambda wire: wire.name.lower())
def test_every_dialect_has_something_to_mutate(wire: Wire) -> None:
    answers = [seed for seed in seeds_of(wire) if seed.status == 200]

    assert answers, "give the simulator this wire, or fuzz_seeds what it says, or tests/fixtures a folder of its name"


def test_a_mutation_does_not_depend_on_those_before_it() -> None:
    after_others = [case_of(Wire.OPENAI, number) for number in range(100)]

    assert after_others[7] == case_of(Wire.OPENAI, 7)
    assert len({case.body for case in after_others}) > 80


def test_a_bare_exception_is_a_wrong_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr("trio_llm._engine.receiving.usage_of", broken)
    with pytest.raises(WrongVerdict, match="KeyError"):
        judge(
            Wire.OPENAI,
            [Case(0, next(s for s in seeds_of(Wire.OPENAI) if s.status == 200), seeds_of(Wire.OPENAI)[0].body)],
        )


def test_messages_of_an_event_stream_are_mutated_with_checksums_that_hold() -> None:
    from random import Random

    from test_framings import frames, header, message

    from trio_llm._framing.aws_event_stream import EventStreamDecoder

    body = message(b'{"a": 1}', header(":event-type", "x")) * 3
    seen = set()
    for number in range(200):
        framing = EventStreamDecoder()
        frames(framing, mutated(Seed("chat", body, AWS), Random(number)), 1_000)
        seen.add(framing.failure is None)

    assert seen == {True, False}

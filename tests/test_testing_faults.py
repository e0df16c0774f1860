"""How scripted replies arrive, when faults strike, and what the rate limits let through: decided without waiting."""

from __future__ import annotations

import json
from itertools import cycle

import pytest
from hypothesis import given, strategies as st

from trio_llm._types.http import HTTPRequest
from trio_llm.testing import (
    Action,
    AtByte,
    AtEvent,
    Delivery,
    Disconnect,
    Ending,
    Failure,
    Fault,
    FaultPlan,
    RateLimits,
    RawReply,
    RecordedRequest,
    Reply,
    ScriptedReply,
    Simulator,
    strategies,
)

CHAT = "/v1/chat/completions"
WORDS = Reply("one two three")


def request(stream: bool = True, *, path: str = CHAT, words: str = "Hi") -> HTTPRequest:
    body = {"model": "m", "messages": [{"role": "user", "content": words}], "stream": stream}
    return HTTPRequest("POST", path, (), json.dumps(body).encode())


def respond(action: Action, *, stream: bool = True) -> ScriptedReply:
    return Simulator(action).respond(request(stream))


def body_of(reply: ScriptedReply) -> bytes:
    return b"".join(piece.data for piece in reply.timeline)


def statuses(simulator: Simulator, count: int) -> list[int | None]:
    replies = [simulator.respond(request()) for _ in range(count)]
    return [reply.head.status if reply.head else None for reply in replies]


# Role, three words, finish, [DONE].
EVENTS = 6
WHOLE = body_of(respond(WORDS))


def test_events_are_a_gap_apart() -> None:
    reply = respond(Reply("one two three", latency=2, gap=0.5))

    assert reply.latency == 2
    assert [piece.delay for piece in reply.timeline] == [0, 0.5, 0.5, 0.5, 0.5, 0.5]


def test_each_word_counts_as_a_token() -> None:
    assert [piece.tokens for piece in respond(WORDS).timeline] == [0, 1, 1, 1, 0, 0]
    assert [piece.tokens for piece in respond(WORDS, stream=False).timeline] == [3]


def test_given_fragments_are_streamed_as_they_are() -> None:
    assert [piece.tokens for piece in respond(Reply(["a b", "c d"])).timeline] == [0, 1, 1, 0, 0]


@given(size=st.integers(1, 300))
def test_pieces_have_the_size_that_was_asked_for(size: int) -> None:
    reply = respond(Reply("one two three", split=size, gap=1))

    assert body_of(reply) == WHOLE
    assert max(len(piece.data) for piece in reply.timeline) <= size
    assert sum(piece.delay for piece in reply.timeline) == EVENTS - 1
    assert sum(piece.tokens for piece in reply.timeline) == 3


@given(number=st.integers(0, EVENTS + 2))
def test_a_cut_at_an_event_leaves_the_events_before_it(number: int) -> None:
    reply = respond(Reply("one two three", cut_at=AtEvent(number)))

    assert len(reply.timeline) == min(number, EVENTS)
    assert reply.ending is (Ending.CUT if number < EVENTS else Ending.COMPLETE)


@given(number=st.integers(0, len(WHOLE) + 10))
def test_a_stall_at_a_byte_leaves_the_bytes_before_it(number: int) -> None:
    reply = respond(Reply("one two three", stall_at=AtByte(number)))

    assert body_of(reply) == WHOLE[:number]
    assert reply.ending is (Ending.STALL if number < len(WHOLE) else Ending.COMPLETE)


def test_a_whole_reply_can_be_cut_within() -> None:
    reply = respond(Reply("one two three", cut_at=AtByte(10)), stream=False)
    assert reply.head is not None

    assert len(body_of(reply)) == 10
    assert int(reply.head.headers["content-length"]) > 10


def test_a_reply_cannot_be_cut_and_stall() -> None:
    with pytest.raises(ValueError, match="either cut or stalls"):
        Reply(cut_at=AtEvent(1), stall_at=AtEvent(1))


def test_keep_alives_come_before_the_first_event() -> None:
    pieces = respond(Reply("one", keep_alives=2, gap=1)).timeline

    assert [piece.data.startswith(b":") for piece in pieces] == [True, True, False, False, False, False]


def test_keep_alives_go_on_where_a_stream_stalls() -> None:
    pieces = respond(Reply("one", keep_alives=2, stall_at=AtEvent(1))).timeline

    assert [piece.data.startswith(b":") for piece in pieces] == [False, True, True]


@pytest.mark.parametrize("stream", [False, True])
def test_a_garbled_event_is_no_json_in_a_whole_frame(stream: bool) -> None:
    piece = respond(Reply("one", garble_at=0), stream=stream).timeline[0]

    assert piece.data.endswith(b"\n\n") is stream
    with pytest.raises(json.JSONDecodeError):
        json.loads(piece.data.removeprefix(b"data: "))


def test_an_event_that_there_is_not_cannot_be_garbled() -> None:
    assert body_of(respond(Reply("one two three", garble_at=99))) == WHOLE


def test_an_error_event_needs_a_stream() -> None:
    assert b"overload" not in body_of(respond(Reply("one", error_at=0), stream=False))
    assert b"overload" in body_of(respond(Reply("one", error_at=0)))


def test_raw_replies_are_sent_as_they_are() -> None:
    reply = respond(RawReply([b"<html>", b"</html>"], content_type="text/html", status=502, headers={"via": "a proxy"}))
    assert reply.head is not None

    assert [piece.data for piece in reply.timeline] == [b"<html>", b"</html>"]
    assert (reply.head.status, reply.head.headers["via"]) == (502, "a proxy")
    assert body_of(respond(RawReply(b"x"))) == b"x"


def test_a_sequence_is_followed_and_then_does_what_it_was_told() -> None:
    simulator = Simulator([Failure(503), None, Disconnect(latency=1)], then=Reply())

    assert statuses(simulator, 5) == [503, 200, None, 200, 200]


def test_a_script_may_go_on_for_ever() -> None:
    assert statuses(Simulator(cycle([Failure(500), Reply()])), 4) == [500, 200, 500, 200]


def test_a_function_decides_by_the_request() -> None:
    def script(asked: RecordedRequest) -> Action | None:
        return Failure(400) if "bad" in asked.text else None

    simulator = Simulator(script)

    assert [simulator.respond(request(words=words)).request.status for words in ("good", "bad")] == [200, 400]


def test_an_explicit_code_is_said() -> None:
    assert b"model_not_found" in body_of(respond(Failure(404, code="model_not_found")))


def test_faults_strike_by_number() -> None:
    by_list = FaultPlan([None, Failure(500)])
    by_number = FaultPlan({2: Failure(500)})

    assert statuses(Simulator(faults=by_list), 4) == [200, 500, 200, 200]
    assert statuses(Simulator(faults=by_number), 4) == [200, 200, 500, 200]


def test_a_delivery_changes_how_the_scripted_reply_arrives_and_nothing_else() -> None:
    plan = FaultPlan([Delivery(cut_at=AtEvent(2))])
    reply = Simulator(Reply("one two three", gap=0.5), faults=plan).respond(request())

    assert reply.ending is Ending.CUT
    assert [piece.delay for piece in reply.timeline] == [0, 0.5]


def test_a_delivery_cannot_bring_back_a_broken_connection() -> None:
    plan = FaultPlan([Delivery(keep_alives=2)])

    assert Simulator(Disconnect(), faults=plan).respond(request()).head is None


@given(seed=st.integers(), numbers=st.permutations(range(20)))
def test_a_seeded_plan_does_not_depend_on_the_order_in_which_it_is_asked(seed: int, numbers: list[int]) -> None:
    asked = {number: FaultPlan.seeded(seed).fault(number) for number in numbers}

    assert asked == {number: FaultPlan.seeded(seed).fault(number) for number in range(20)}


def test_a_seeded_plan_strikes_as_often_as_it_should() -> None:
    kinds: list[Fault] = [Disconnect()]
    struck = [FaultPlan.seeded(1, rate=0.2, kinds=kinds).fault(number) for number in range(1_000)]

    assert struck.count(Disconnect()) == pytest.approx(200, abs=40)


@given(plan=strategies.fault_plans(calls=4))
def test_a_drawn_plan_always_leads_to_a_decision(plan: FaultPlan) -> None:
    assert len(statuses(Simulator(faults=plan), 5)) == 5


def test_requests_beyond_the_limit_are_refused_until_there_is_room() -> None:
    simulator = Simulator(limits=RateLimits(requests_per_minute=60, burst=2))
    replies = [simulator.respond(request(), now=now) for now in (0, 0, 0, 0.5, 1)]
    heads = [reply.head.headers for reply in replies if reply.head]

    assert [reply.request.status for reply in replies] == [200, 200, 429, 429, 200]
    assert [head.get("retry-after-ms") for head in heads] == [None, None, "1000", "500", None]
    assert heads[2]["x-ratelimit-remaining-requests"] == "0"
    assert heads[2]["x-ratelimit-reset-requests"] == "2s"
    assert heads[0]["x-ratelimit-limit-requests"] == "60"
    assert simulator.statistics().refused == 2


def test_tokens_of_question_and_answer_are_limited() -> None:
    simulator = Simulator(limits=RateLimits(tokens_per_minute=600, burst=1))
    # "Hi" and "echo: Hi": three tokens a call, ten a second.
    replies = [simulator.respond(request(), now=0) for _ in range(4)]

    assert [reply.request.status for reply in replies] == [200, 200, 200, 429]
    assert replies[3].head is not None
    assert replies[3].head.headers["retry-after-ms"] == "200"


def test_a_wait_in_many_small_steps_is_long_enough() -> None:
    simulator = Simulator(limits=RateLimits(requests_per_minute=60, burst=1))
    statuses_at = [simulator.respond(request(), now=tenths / 10).request.status for tenths in range(11)]

    assert statuses_at == [200, *[429] * 9, 200]  # ten times 0.1 is less than 1


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="requests_per_minute"):
        RateLimits(requests_per_minute=0)


def test_a_request_larger_than_the_limit_goes_through_when_nothing_is_used() -> None:
    simulator = Simulator(limits=RateLimits(tokens_per_minute=60, burst=2))
    replies = [simulator.respond(request(words="a b c d e f"), now=now) for now in (0, 12.9, 13)]

    assert [reply.request.status for reply in replies] == [200, 429, 200]  # 13 tokens, one a second


def test_a_refused_request_leaves_its_action_to_the_next() -> None:
    simulator = Simulator([Reply("first"), Reply("second")], limits=RateLimits(requests_per_minute=60, burst=1))
    replies = [simulator.respond(request(stream=False), now=now) for now in (0, 0, 1)]

    assert b"second" in body_of(replies[2])


@given(waits=st.lists(st.floats(0, 5), max_size=30))
def test_a_client_that_waits_as_told_is_never_refused_twice(waits: list[float]) -> None:
    simulator = Simulator(limits=RateLimits(requests_per_minute=97, tokens_per_minute=331, burst=3))
    now = 0.0
    for wait in waits:
        now += wait
        reply = simulator.respond(request(), now=now)
        assert reply.head is not None
        if reply.head.status == 429:
            now += int(reply.head.headers["retry-after-ms"]) / 1000
            assert simulator.respond(request(), now=now).request.status == 200


def test_anthropic_tells_its_limits_in_its_own_headers() -> None:
    simulator = Simulator(limits=RateLimits(requests_per_minute=60))
    head = simulator.respond(request(path="/v1/messages")).head

    assert head is not None
    assert head.headers["anthropic-ratelimit-requests-remaining"] == "59"


@pytest.mark.parametrize(("limit", "reset"), [(60, "1s"), (600, "100ms"), (40, "1.5s"), (0.5, "2m0s")])
def test_resets_are_written_as_go_writes_durations(limit: float, reset: str) -> None:
    head = Simulator(limits=RateLimits(requests_per_minute=limit, burst=6_000)).respond(request()).head

    assert head is not None
    assert head.headers["x-ratelimit-reset-requests"] == reset


def test_only_the_newest_records_are_kept_if_so_asked() -> None:
    simulator = Simulator(keep_requests=2)
    statuses(simulator, 5)

    assert [record.number for record in simulator.requests] == [3, 4]
    assert simulator.statistics().requests == 5


def test_a_record_does_not_show_keys() -> None:
    simulator = Simulator()
    simulator.respond(HTTPRequest("POST", CHAT, (("authorization", "Bearer secret"),), b"{}"))

    assert "secret" not in repr(simulator.requests)
    assert simulator.requests[0].headers["authorization"] == "Bearer secret"

"""Runs of tools over the Responses API and the Messages API: the same as over chats, in their own shapes."""

from __future__ import annotations

import json
from collections import Counter
from itertools import count
from typing import Any

import pytest
from virtual import KEYS, assert_nothing_left, client_of, in_virtual_time

from trio_llm import Client
from trio_llm._runtime import trio
from trio_llm._types.messages_api.reply import AnthropicMessagesResponse, read_event
from trio_llm._types.responses_api.events import read_event as read_response_event
from trio_llm.testing import AtEvent, Failure, RecordedRequest, Reply, Simulator, ToolUse
from trio_llm.tools import (
    Finished,
    ProviderItem,
    ReasoningDelta,
    Round,
    RoundEnded,
    TextDelta,
    ToolBegan,
    ToolEnded,
    ToolRun,
    ToolRunError,
    ToolRunTimeout,
    tool,
)
from trio_llm.tools._forms import form_of

QUESTION = [{"role": "user", "content": "Go."}]
OWN = {"responses": "openai/gpt-5", "messages": "anthropic/claude-opus-4-6"}
NEEDED: dict[str, dict[str, Any]] = {"responses": {}, "messages": {"max_tokens": 100}}
PICTURE = "data:image/png;base64,QUJD"

every_form = pytest.mark.parametrize("over", [*OWN])
either_way = pytest.mark.parametrize("streamed", [False, True])


def uses(*calls: tuple[str, str, float]) -> list[ToolUse]:
    return [ToolUse(kind, {"name": name, "seconds": seconds}, id=f"id_{name}") for kind, name, seconds in calls]


def conversation(request: RecordedRequest) -> Reply:
    """Three rounds, told by what the history has."""
    sent = request.json.get("input") or request.json["messages"]
    made = sum(text in json.dumps(sent) for text in ("a done", "d committed"))
    rounds = [
        Reply("first", tool_calls=uses(("work", "a", 2), ("commit", "b", 0), ("work", "c", 1)), latency=1, gap=0.1),
        Reply(tool_calls=uses(("commit", "d", 0), ("work", "e", 3)), latency=1, gap=0.1),
        Reply("end", latency=1),
    ]
    return rounds[made]


def tools(committed: Counter[str]) -> list[Any]:
    @tool
    async def work(name: str, seconds: float) -> str:
        """Work."""
        await trio.sleep(seconds)
        return f"{name} done"

    @tool(commits=True)
    async def commit(name: str, seconds: float) -> str:
        """Commit."""
        committed[name] += 1
        await trio.sleep(seconds)
        return f"{name} committed"

    return [work, commit]


async def run_of(client: Client, model: str, given: list[Any], *, streamed: bool, **params: Any) -> ToolRun[Any]:
    messages = params.pop("messages", QUESTION)
    over: Any = params["over"]
    params = NEEDED[over] | params
    if not streamed:
        whole: ToolRun[Any] = await client.run_tools(model, messages, given, **params)
        return whole
    async with client.stream_tools(model, messages, given, **params) as stream:
        async for _ in stream:
            pass
    run: ToolRun[Any] = stream.run
    return run


def text_of(response: Any) -> str:
    text: str = response.text if isinstance(response, AnthropicMessagesResponse) else response.output_text
    return text


def results_of(run: ToolRun[Any]) -> list[Any]:
    return [result.content for step in run.steps for result in step.results]


def plain(messages: list[Any]) -> list[Any]:
    """Without the ids that a provider gives anew each time."""
    dumped = [one if isinstance(one, dict) else one.model_dump() for one in messages]
    return [{name: value for name, value in one.items() if name not in ("id", "usage")} for one in dumped]


@pytest.mark.parametrize(
    ("over", "model"), [*OWN.items(), *(("responses", m) for m in OWN.values()), ("messages", "mistral/some")]
)
@either_way
@in_virtual_time
async def test_tools_run_over_items_and_over_blocks(over: str, model: str, streamed: bool) -> None:
    committed: Counter[str] = Counter()
    keys = {f"{name}_API_KEY": "k" for name in ("OPENAI", "ANTHROPIC", "MISTRAL")}
    async with Client(transport=Simulator(conversation), variables=keys) as client:
        run = await run_of(client, model, tools(committed), streamed=streamed, over=over)

    assert results_of(run) == ["a done", "b committed", "c done", "d committed", "e done"]
    assert text_of(run.response) == "end"
    assert committed == {"b": 1, "d": 1}
    assert run.usage is not None
    assert run.usage.completion_tokens == sum(step.response.usage.output_tokens for step in run.steps if step.response)


@every_form
@either_way
@pytest.mark.parametrize("tenths", range(1, 110, 18))
@in_virtual_time
async def test_a_run_that_is_cut_goes_on_to_the_same_end(over: str, streamed: bool, tenths: int) -> None:
    uncut, committed = Counter[str](), Counter[str]()
    async with client_of(Simulator(conversation)) as client:
        whole = await run_of(client, OWN[over], tools(uncut), streamed=streamed, over=over)
        given = tools(committed)
        try:
            run = await run_of(client, OWN[over], given, streamed=streamed, over=over, deadline=tenths / 10 + 0.05)
        except ToolRunTimeout as error:
            run = await run_of(client, OWN[over], given, streamed=streamed, over=over, messages=error.messages)

    assert plain(run.messages) == plain(whole.messages)
    assert committed == uncut == {"b": 1, "d": 1}


@every_form
@either_way
@in_virtual_time
async def test_a_run_that_fails_keeps_what_was_done_and_goes_on(over: str, streamed: bool) -> None:
    committed, failures = Counter[str](), iter([None, Failure(500, "down"), None, None])
    async with client_of(Simulator(lambda request: next(failures) or conversation(request))) as client:
        given = tools(committed)
        with pytest.raises(ToolRunError, match="down") as caught:
            await run_of(client, OWN[over], given, streamed=streamed, over=over)
        assert len(caught.value.steps) == 1
        run = await run_of(client, OWN[over], given, streamed=streamed, over=over, messages=caught.value.messages)

    assert text_of(run.response) == "end"
    assert committed == {"b": 1, "d": 1}


@every_form
@in_virtual_time
async def test_no_committing_tool_begins_in_a_turn_that_breaks_anywhere(over: str) -> None:
    committed: Counter[str] = Counter()
    broken = 0
    for place in count(1):
        calls = uses(("commit", "b", 0), ("work", "a", 50))
        simulator = Simulator(Reply("so", tool_calls=calls, gap=1, cut_at=AtEvent(place)))
        params: Any = {"over": over, "until": lambda _: True}
        async with client_of(simulator) as client:
            try:
                await run_of(client, OWN[over], tools(committed), streamed=True, **params)
                break
            except ToolRunError as error:
                broken += 1
                assert not committed
                assert plain(error.messages) == QUESTION
                assert_nothing_left(client, simulator)

    assert broken > 5
    assert committed == {"b": 1}


@every_form
@pytest.mark.parametrize("reason", ["length", "content_filter"])
@in_virtual_time
async def test_no_committing_tool_begins_in_an_answer_that_was_cut_off(over: str, reason: str) -> None:
    committed: Counter[str] = Counter()
    reply = Reply(tool_calls=uses(("work", "a", 1), ("commit", "b", 1)), finish_reason=reason)
    async with client_of(Simulator([reply, Reply("end")])) as client:
        run = await run_of(client, OWN[over], tools(committed), streamed=False, over=over)

    assert not committed
    assert results_of(run) == ["a done", "Error: the answer was cut off, so this tool was not called"]


@every_form
@in_virtual_time
async def test_events_come_in_the_same_order_and_a_tool_begins_while_the_model_writes(over: str) -> None:
    began: dict[str, float] = {}

    @tool
    async def work(name: str, seconds: float) -> str:
        """Work."""
        began[name] = trio.current_time()
        return name

    calls = uses(("work", "a", 0), ("work", "b", 0))
    replies = [Reply("let me", reasoning="hm", tool_calls=calls, gap=1), Reply("end")]
    async with client_of(Simulator(replies)) as client:
        params: Any = {"over": over, **NEEDED[over]}
        async with client.stream_tools(OWN[over], QUESTION, [work], **params) as run:
            kinds = [type(event) async for event in run]

    assert began["a"] < began["b"]
    assert [kind for number, kind in enumerate(kinds) if kinds[number - 1 : number] != [kind]] == [
        *(ReasoningDelta, TextDelta, ToolBegan, ToolEnded, ToolBegan, ToolEnded, RoundEnded),
        *(TextDelta, RoundEnded, Finished),
    ]


@every_form
@in_virtual_time
async def test_pictures_and_failures_reach_the_model_in_its_own_words(over: str) -> None:
    @tool
    async def draw() -> list[Any]:
        """Draw."""
        return [{"type": "image_url", "image_url": {"url": PICTURE}}, {"type": "text", "text": "a cat"}]

    @tool
    async def fail() -> None:
        """Fail."""
        raise LookupError("nothing")

    simulator = Simulator([Reply(tool_calls=[ToolUse("draw"), ToolUse("fail")]), Reply("end")])
    async with client_of(simulator) as client:
        await run_of(client, OWN[over], [draw, fail], streamed=False, over=over)

    body = simulator.requests[1].json
    if over == "responses":
        drawn, failed = (item["output"] for item in body["input"][-2:])
        assert drawn == [{"type": "input_image", "image_url": PICTURE}, {"type": "input_text", "text": "a cat"}]
        assert failed == "Error: LookupError: nothing"
    else:
        drawn, failed = body["messages"][-1]["content"]
        source = {"type": "base64", "media_type": "image/png", "data": "QUJD"}
        assert drawn["content"] == [{"type": "image", "source": source}, {"type": "text", "text": "a cat"}]
        assert (failed["content"], failed["is_error"]) == ("Error: LookupError: nothing", True)


@every_form
@in_virtual_time
async def test_tools_that_are_deferred_are_left_to_the_search_of_the_provider(over: str) -> None:
    committed: Counter[str] = Counter()
    work, commit = tools(committed)
    simulator = Simulator([Reply(tool_calls=uses(("commit", "a", 0))), Reply("end")])
    async with client_of(simulator) as client:
        await run_of(client, OWN[over], [work], streamed=False, over=over, deferred=[commit], search="provider")

    first, second, search = simulator.requests[0].json["tools"]
    assert (first["name"], "defer_loading" in first) == ("work", False)
    assert (second["name"], second["defer_loading"]) == ("commit", True)
    assert search["type"] in ("tool_search", "tool_search_tool_bm25_20251119")
    assert committed == {"a": 1}


SEARCHED = {"responses": "openai/gpt-5.4-mini", "messages": "anthropic/claude-haiku-4-5"}
"""Models that find tools themselves, over the operation that does so."""


async def tools_told(model: str, over: str, **params: Any) -> list[list[str]]:
    """The names of the tools that each round is told of, of one that is deferred."""
    work, commit = tools(Counter())
    simulator = Simulator([Reply(tool_calls=uses(("work", "a", 0))), Reply("end")])
    async with client_of(simulator, variables=KEYS | {"AZURE_API_KEY": "k"}) as client:
        params = {"over": over, **({"max_tokens": 100} if over == "messages" else {}), "deferred": [commit], **params}
        await client.run_tools(model, QUESTION, [work], **params)
    return [
        [one.get("name") or one.get("function", one).get("name", one["type"]) for one in request.json.get("tools", [])]
        for request in simulator.requests
    ]


FINDERS = {"responses": "tool_search", "messages": "tool_search_tool_bm25"}


@pytest.mark.parametrize(
    ("over", "model"), [*SEARCHED.items(), ("responses", "azure/gpt-6"), ("messages", "anthropic/claude-opus-5-5")]
)
@in_virtual_time
async def test_a_provider_whose_row_says_so_looks_for_tools_itself(over: str, model: str) -> None:
    base = {"api_base": "https://mine.openai.azure.com"} if model.startswith("azure") else {}
    told = await tools_told(model, over, **base)

    assert told[0] == ["work", "commit", FINDERS[over]]
    assert (await tools_told(model, over, search="ours", **base))[0] == ["work", "find_tools"]


@pytest.mark.parametrize(
    ("over", "model", "params"),
    [
        ("responses", "openai/gpt-5.3", {}),
        ("responses", "anthropic/claude-haiku-4-5", {}),
        ("messages", "anthropic/claude-opus-4-1-20250805", {}),
        ("messages", "anthropic/claude-sonnet-4-20250514", {}),
        ("messages", "openai/gpt-5.4", {}),
        ("chat", "openai/gpt-5.4", {}),
        # A server of somebody else's that speaks the same format.
        ("responses", "openai/gpt-5.4", {"api_base": "http://localhost:8000/v1"}),
        ("responses", "openai/gpt-5.4", {"fallbacks": ["openai/gpt-5"]}),
    ],
)
@in_virtual_time
async def test_elsewhere_a_tool_of_ours_finds_tools(over: str, model: str, params: dict[str, Any]) -> None:
    assert (await tools_told(model, over, **params))[0] == ["work", "find_tools"]


@pytest.mark.parametrize(("first", "second"), [("gpt-5", "gpt-5.4"), ("gpt-5.4", "gpt-5")])
@in_virtual_time
async def test_a_round_whose_model_was_changed_is_searched_by_whoever_can(first: str, second: str) -> None:
    def before(round_: Round) -> None:
        round_.model = f"openai/{first}" if round_.number == 1 else f"openai/{second}"

    told = await tools_told(f"openai/{first}", "responses", before_round=before)

    finders = {"gpt-5": ["work", "find_tools"], "gpt-5.4": ["work", "commit", "tool_search"]}
    assert told == [finders[first], finders[second]]


@in_virtual_time
async def test_what_a_form_does_not_have_is_said() -> None:
    work, commit = tools(Counter())
    async with client_of(Simulator()) as client:
        with pytest.raises(ToolRunError, match="no provider looks for tools in chats"):
            await client.run_tools("openai/gpt-5", QUESTION, [work], deferred=[commit], search="provider")
        with pytest.raises(ToolRunError, match="needs max_tokens"):
            await client.run_tools(OWN["messages"], QUESTION, [work], over="messages")  # type: ignore[call-overload]
        with pytest.raises(ValueError, match="'chat', 'responses', 'messages', not 'mail'"):
            await client.run_tools("openai/gpt-5", QUESTION, [work], over="mail")  # type: ignore[call-overload]


def test_what_a_provider_runs_itself_is_told_over_items() -> None:
    reader = form_of("responses").reader()
    item = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "x"}}
    done = read_response_event({"type": "response.output_item.done", "output_index": 0, "item": item})

    assert [*reader.told(done)] == [ProviderItem(item)]
    assert [*reader.calls(done)] == []


def test_what_a_provider_runs_itself_is_told_over_blocks() -> None:
    reader = form_of("messages").reader()
    use = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}}
    found = {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [{"type": "web_search_result"}]}
    pieces = [{"type": "input_json_delta", "partial_json": piece} for piece in ('{"query"', ': "x"}')]
    events = [
        {"type": "content_block_start", "index": 0, "content_block": use},
        *({"type": "content_block_delta", "index": 0, "delta": piece} for piece in pieces),
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": found},
        {"type": "content_block_stop", "index": 1},
    ]
    told: list[Any] = []
    calls: list[Any] = []
    for event in map(read_event, events):
        calls += reader.calls(event)
        told += reader.told(event)

    assert told == [ProviderItem(use | {"input": {"query": "x"}}), ProviderItem(found)]
    assert calls == []


def test_a_message_that_a_provider_has_paused_is_asked_for_again() -> None:
    form = form_of("messages")

    assert form.goes_on(AnthropicMessagesResponse(stop_reason="pause_turn"))
    assert not form.goes_on(AnthropicMessagesResponse(stop_reason="end_turn"))

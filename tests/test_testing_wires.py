"""What the simulator writes is what the dialects read: every wire, whole and streamed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import given, settings, strategies as st

from trio_llm import ChatRequest, Client, EmbeddingRequest, ImageRequest, ModelResponse, Usage
from trio_llm._catalog.provider import Wire, load_dialect
from trio_llm._dialects.contract import Dialect, WireCall
from trio_llm._types.folding import fold_chunks
from trio_llm._types.http import HTTPRequest
from trio_llm._types.token_counts import CountTokensRequest
from trio_llm.testing import Failure, Reply, ScriptedReply, Simulator, ToolUse, strategies
from trio_llm.types import PromptTokensDetails

WIRES = [
    *("openai", "anthropic", "gemini", "responses", "converse", "vertex", "vertex_claude", "vertex_mistral"),
    *("cohere", "ollama", "watsonx", "sagemaker", "invoke_claude", "invoke_nova", "invoke_chats"),
]
every_wire = pytest.mark.parametrize("wire", WIRES)
QUESTION = [{"role": "user", "content": "How are you?"}]


def dialect(wire: str) -> Dialect:
    return load_dialect(Wire[wire.upper()])


def body_of(reply: ScriptedReply) -> bytes:
    return b"".join(piece.data for piece in reply.timeline)


def call_of(wire: str, messages: list[dict[str, Any]], **params: Any) -> WireCall[ChatRequest]:
    return WireCall(ChatRequest(f"{wire}/some-model", messages, **params), "some-model")


def ask(simulator: Simulator, wire: str, call: WireCall[ChatRequest]) -> ModelResponse:
    endpoint = dialect(wire).chat
    assert endpoint is not None
    return endpoint.decode(call, body_of(simulator.respond(endpoint.encode(call))))


def ask_streamed(simulator: Simulator, wire: str, call: WireCall[ChatRequest]) -> ModelResponse:
    endpoint = dialect(wire).chat_stream
    assert endpoint is not None
    decoder = endpoint.open_decoder(call)
    pieces = simulator.respond(endpoint.encode(call)).timeline
    chunks = [chunk for piece in pieces for chunk in decoder.feed(piece.data)] + decoder.close()
    assert decoder.failure is None
    return fold_chunks(chunks)


def content(response: ModelResponse) -> tuple[str, str, list[tuple[str | None, Any]], str | None]:
    """Text, thinking, calls and finish reason of the first answer."""
    message = response.choices[0].message
    calls = [
        (call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls or [] if call.function
    ]
    return message.content or "", message.reasoning_content or "", calls, response.choices[0].finish_reason


def joined(text: Any) -> str:
    return text if isinstance(text, str) else "".join(text)


@pytest.mark.parametrize("how", [ask, ask_streamed])
@every_wire
@settings(max_examples=7)
@given(reply=strategies.replies(), messages=strategies.conversations())
def test_the_dialect_reads_the_reply_that_was_scripted(
    how: Callable[..., ModelResponse], wire: str, reply: Reply, messages: list[dict[str, Any]]
) -> None:
    response = how(Simulator(reply), wire, call_of(wire, messages, stream=how is ask_streamed))

    calls = [(call.name, call.arguments) for call in reply.tool_calls]
    finish = "tool_calls" if calls else "stop"
    assert content(response) == (joined(reply.text), joined(reply.reasoning), calls, finish)


@every_wire
@settings(max_examples=5)
@given(reply=strategies.replies(), size=st.integers(1, 30))
def test_pieces_of_any_size_carry_the_same_stream(wire: str, reply: Reply, size: int) -> None:
    in_pieces = ask_streamed(Simulator(attrs.evolve(reply, split=size)), wire, call_of(wire, QUESTION, stream=True))
    in_events = ask_streamed(Simulator(reply), wire, call_of(wire, QUESTION, stream=True))

    assert in_pieces == in_events


@pytest.mark.parametrize("how", [ask, ask_streamed])
@every_wire
def test_the_usage_of_the_script_arrives(how: Callable[..., ModelResponse], wire: str) -> None:
    usage = Usage(100, 20, 120, prompt_tokens_details=PromptTokensDetails(cached_tokens=60))
    call = call_of(wire, QUESTION, stream=how is ask_streamed, stream_options={"include_usage": True})
    got = how(Simulator(Reply("fine", usage=usage)), wire, call).usage

    if (wire, how) == ("invoke_chats", ask_streamed):
        return  # only Bedrock's own counts come with it, which this dialect does not read
    assert got is not None
    assert (got.prompt_tokens, got.completion_tokens, got.total_tokens) == (100, 20, 120)
    if wire == "ollama":
        return  # which does not tell what was in a cache
    assert got.prompt_tokens_details is not None
    assert got.prompt_tokens_details.cached_tokens == 60


@pytest.mark.parametrize("how", [ask, ask_streamed])
@every_wire
def test_without_a_script_it_echoes_the_last_user_message(how: Callable[..., ModelResponse], wire: str) -> None:
    messages = [{"role": "user", "content": "first"}, {"role": "assistant", "content": "yes"}, *QUESTION]
    simulator = Simulator()
    response = how(simulator, wire, call_of(wire, messages, stream=how is ask_streamed))

    assert content(response) == ("echo: How are you?", "", [], "stop")
    assert simulator.requests[0].text == "How are you?"
    assert simulator.requests[0].model == "some-model"
    assert simulator.requests[0].usage == Usage(5, 4, 9)  # a token is a word


@every_wire
def test_the_echo_keeps_to_max_tokens(wire: str) -> None:
    response = ask(Simulator(), wire, call_of(wire, QUESTION, max_tokens=2))

    assert content(response) == ("echo: How ", "", [], "length")


@every_wire
@pytest.mark.parametrize("reason", ["length", "content_filter"])
def test_a_scripted_finish_reason_arrives(wire: str, reason: str) -> None:
    assert content(ask(Simulator(Reply("x", finish_reason=reason)), wire, call_of(wire, QUESTION)))[3] == reason


@every_wire
def test_a_failure_is_said_in_the_words_of_the_wire(wire: str) -> None:
    endpoint = dialect(wire).chat
    assert endpoint is not None
    reply = Simulator(Failure(429, "slow down", retry_after=1.5)).respond(endpoint.encode(call_of(wire, QUESTION)))
    assert reply.head is not None
    detail = dialect(wire).decode_error(reply.head, body_of(reply))

    assert reply.head.status == 429
    assert detail.message == "slow down"
    assert reply.head.headers["retry-after-ms"] == "1500"
    assert reply.head.headers["retry-after"] == "2"
    assert detail.retry_after == (1.5 if wire in ("gemini", "vertex") else None)


@every_wire
def test_an_error_in_the_middle_of_a_stream_ends_it(wire: str) -> None:
    endpoint = dialect(wire).chat_stream
    assert endpoint is not None
    call = call_of(wire, QUESTION, stream=True)
    reply = Simulator(Reply("one two three", error_at=3)).respond(endpoint.encode(call))
    decoder = endpoint.open_decoder(call)
    decoder.feed(body_of(reply))
    decoder.close()

    assert decoder.failure is not None
    assert decoder.failure.message.endswith("simulated overload")


@every_wire
def test_a_tool_call_may_be_scripted_as_json_text(wire: str) -> None:
    reply = Reply(tool_calls=[ToolUse("add", '{"a": 1}', id="call_x")])
    response = ask(Simulator(reply), wire, call_of(wire, QUESTION))

    assert content(response) == ("", "", [("add", {"a": 1})], "tool_calls")


@pytest.mark.parametrize("stream", [False, True])
def test_several_answers_are_given_where_several_are_asked_for(stream: bool) -> None:
    how = ask_streamed if stream else ask
    response = how(Simulator(), "openai", call_of("openai", QUESTION, n=3, stream=stream))

    assert [choice.message.content for choice in response.choices] == ["echo: How are you?"] * 3


@pytest.mark.parametrize("wire", ["openai", "gemini", "vertex"])
@pytest.mark.parametrize("texts", ["one", ["one", "two", "one"]])
def test_equal_texts_have_equal_vectors(wire: str, texts: str | list[str]) -> None:
    endpoint = dialect(wire).embeddings
    assert endpoint is not None
    call = WireCall(EmbeddingRequest("some/model", texts, dimensions=4), "model")
    vectors = [one.embedding for one in endpoint.decode(call, body_of(Simulator().respond(endpoint.encode(call)))).data]

    assert len(vectors) == (1 if isinstance(texts, str) else 3)
    assert vectors[0] == vectors[-1]
    assert all(sum(value * value for value in vector) == pytest.approx(1) for vector in vectors)


@pytest.mark.parametrize("wire", ["anthropic", "converse", "vertex", "vertex_claude"])
def test_tokens_are_counted_as_they_are_billed(wire: str) -> None:
    endpoint = dialect(wire).count_tokens
    assert endpoint is not None
    call = WireCall(CountTokensRequest("some/model", QUESTION), "model")
    counted = endpoint.decode(call, body_of(Simulator().respond(endpoint.encode(call))))

    assert counted.total_tokens == 3


def post(path: str, body: object) -> Any:
    request = HTTPRequest("POST", path, (), json.dumps(body).encode())
    return json.loads(body_of(Simulator().respond(request)))


def test_one_gemini_text_gives_one_vector() -> None:
    reply = post("/v1beta/models/m:embedContent", {"content": {"parts": [{"text": "x"}]}})

    assert len(reply["embedding"]["values"]) == 8


@pytest.mark.parametrize(("given", "count"), [([1, 2], 1), ([[1], [2]], 2), ("", 1)])
def test_token_ids_and_empty_texts_have_vectors_too(given: object, count: int) -> None:
    assert len(post("/v1/embeddings", {"input": given})["data"]) == count


def test_vectors_come_as_base64_when_asked_for() -> None:
    assert isinstance(post("/v1/embeddings", {"input": "x", "encoding_format": "base64"})["data"][0]["embedding"], str)


@pytest.mark.parametrize("response_format", ["url", "b64_json"])
def test_images_come_as_asked_for(response_format: str) -> None:
    endpoint = dialect("openai").images
    assert endpoint is not None
    call = WireCall(ImageRequest("a cat", "some/model", n=2, response_format=response_format), "model")
    images = endpoint.decode(call, body_of(Simulator().respond(endpoint.encode(call)))).data

    assert [bool(image[response_format]) for image in images] == [True, True]


def test_text_completions_are_whole_or_streamed() -> None:
    whole = post("/v1/completions", {"prompt": "once upon", "model": "m"})
    request = {"prompt": "once upon", "stream": True, "stream_options": {"include_usage": True}}
    streamed = body_of(Simulator().respond(HTTPRequest("POST", "/v1/completions", (), json.dumps(request).encode())))
    events = [json.loads(line) for line in streamed.decode().replace("data: ", "").split("\n\n")[:-2]]

    assert whole["choices"][0]["text"] == "echo: once upon"
    assert whole["usage"]["completion_tokens"] == 3
    assert "".join(choice["text"] for event in events for choice in event["choices"]) == "echo: once upon"
    assert events[-1]["usage"]["total_tokens"] == 5


def test_a_stream_of_text_tells_its_usage_only_when_asked() -> None:
    request = HTTPRequest("POST", "/v1/completions", (), b'{"prompt": "x", "stream": true}')

    assert b"usage" not in body_of(Simulator().respond(request))


def test_speech_is_bytes_that_name_their_text() -> None:
    request = HTTPRequest("POST", "/v1/audio/speech", (), b'{"input": "hello there", "voice": "v"}')
    reply = Simulator().respond(request)

    assert reply.head is not None
    assert reply.head.headers["content-type"] == "audio/mpeg"
    assert body_of(reply) == b"ID3 hello there"


def test_an_upload_is_transcribed_as_the_script_says() -> None:
    request = HTTPRequest("POST", "/v1/audio/transcriptions", (), b"--boundary\r\n...")

    assert json.loads(body_of(Simulator().respond(request)))["text"] == "Hello from the simulator."
    assert json.loads(body_of(Simulator(Reply("Well said.")).respond(request)))["text"] == "Well said."


def test_moderation_flags_one_word() -> None:
    results = post("/v1/moderations", {"input": ["fine", "a forbidden thing"]})["results"]

    assert [result["flagged"] for result in results] == [False, True]


def test_reranking_puts_the_document_with_most_words_of_the_query_first() -> None:
    reply = post(
        "/v2/rerank", {"query": "red cat", "documents": ["a dog", {"text": "the red cat"}, "a cat"], "top_n": 2}
    )

    assert [(one["index"], one["relevance_score"]) for one in reply["results"]] == [(1, 1.0), (2, 0.5)]


def test_models_are_listed() -> None:
    request = HTTPRequest("GET", "/v1/models", ())

    assert json.loads(body_of(Simulator().respond(request)))["data"][0]["id"] == "simulated"


def test_an_unknown_path_is_not_found() -> None:
    reply = Simulator().respond(HTTPRequest("POST", "/v1/nothing", (), b"{}"))

    assert reply.request.endpoint == ""
    assert reply.head is not None
    assert reply.head.status == 404


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"messages": 3}', b'{"messages": [1, {"role": "user"}]}'])
def test_a_request_that_makes_no_sense_is_answered_all_the_same(body: bytes) -> None:
    reply = Simulator().respond(HTTPRequest("POST", "/v1/chat/completions", (), body))

    assert json.loads(body_of(reply))["choices"][0]["message"]["content"] == "Hello from the simulator."


def test_tool_results_inside_anthropic_messages_count_as_texts() -> None:
    blocks = [{"type": "tool_result", "content": [{"type": "text", "text": "two words"}]}]
    simulator = Simulator()
    body = {"system": "be kind", "messages": [{"role": "user", "content": blocks}]}
    simulator.respond(HTTPRequest("POST", "/v1/messages", (), json.dumps(body).encode()))

    assert simulator.requests[0].text == "two words"
    assert simulator.requests[0].usage is not None
    assert simulator.requests[0].usage.prompt_tokens == 4


def test_a_body_that_is_produced_late_is_read() -> None:
    class Late:
        size = 2

        def blocks(self) -> list[bytes]:
            return [b'{"model"', b': "m"}']

    simulator = Simulator()
    simulator.respond(HTTPRequest("POST", "/v1/chat/completions", (), Late()))

    assert simulator.requests[0].json == {"model": "m"}


@pytest.mark.anyio
async def test_responses_in_the_background_and_stored_ones_are_simulated() -> None:
    simulator = Simulator()
    async with Client(transport=simulator, variables={"OPENAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k"}) as client:
        asked = await client.responses("How are you?", "gpt-5")
        stored = await client.get_response("resp_7")
        assert asked.output_text == "echo: How are you?"
        assert (stored.id, stored.status) == ("resp_7", "completed")
        assert (await client.delete_response("resp_7")).deleted
        assert (await client.cancel_response("resp_7")).status == "cancelled"
        assert len((await client.list_input_items("resp_7")).data) == 1
        assert (await client.compact_response("How are you?", "gpt-5")).output[0].type == "compaction"
        for model in ("gpt-5", "claude-x"):
            assert (await client.count_tokens(model, QUESTION)).total_tokens == 3
        message = await client.anthropic_messages(64, QUESTION, "claude-x")
    assert message.text == "echo: How are you?"


@pytest.mark.anyio
async def test_a_simulated_response_in_the_background_is_complete_at_the_first_look(autojump_clock: Any) -> None:
    simulator = Simulator([Reply("queued"), Reply("done")])
    async with Client(transport=simulator, variables={"OPENAI_API_KEY": "k"}) as client:
        response = await client.responses("How are you?", "gpt-5", background=True)

    assert (response.id, response.output_text) == ("resp_0", "done")
    assert [request.method for request in simulator.requests] == ["POST", "GET"]

"""Bedrock's InvokeModel: each maker's own body at Bedrock's address, and each maker's own stream inside AWS's."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import aws_frames
import pytest
from fuzz_seeds import INVOKED
from golden_requests import Recorder
from hypothesis import given, settings, strategies as st
from test_dialect_bedrock import client

from trio_llm import (
    APIError,
    AuthenticationError,
    BadRequestError,
    Client,
    ContentPolicyViolationError,
    RetryPolicy,
    UnsupportedParamsError,
)
from trio_llm._catalog.provider import Wire, load_dialect
from trio_llm._dialects.bedrock import prompts
from trio_llm._dialects.contract import ErrorDetail, ReplyIsError, WireCall
from trio_llm._types.chat import ChatRequest, ModelResponse, ModelResponseStream
from trio_llm._types.errors import (
    APIConnectionError,
    APIResponseValidationError,
    InternalServerError,
    RateLimitError,
)
from trio_llm._types.folding import fold_chunks
from trio_llm._types.http import ReplyHead

HELLO = [{"role": "user", "content": "Hello"}]
TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": "Hm?"},
    {"role": "user", "content": "Hello"},
]
WIRES = sorted(INVOKED)
every_wire = pytest.mark.parametrize("wire", WIRES)


def call(**params: Any) -> WireCall[ChatRequest]:
    return WireCall(ChatRequest("maker.model", HELLO, **params), "maker.model")


def whole(wire: str, document: Any, head: ReplyHead | None = None) -> ModelResponse:
    endpoint = load_dialect(Wire[wire.upper()]).chat
    assert endpoint is not None
    asked = call()
    asked.head = head
    return endpoint.decode(asked, json.dumps(document).encode())


def streamed(wire: str, data: bytes, size: int = 100_000) -> tuple[list[ModelResponseStream], ErrorDetail | None]:
    endpoint = load_dialect(Wire[wire.upper()]).chat_stream
    assert endpoint is not None
    decoder = endpoint.open_decoder(call(stream=True))
    chunks = [chunk for at in range(0, len(data), size) for chunk in decoder.feed(data[at : at + size])]
    if not decoder.finished:
        chunks += decoder.close()
    return chunks, decoder.failure


async def sent(model: str, reply: Any = None, method: str = "completion", **options: Any) -> tuple[str, Any]:
    """Path and body of what a call makes."""
    import httpx

    seen: list[httpx.Request] = []
    answer = httpx.Response(200, json=reply if reply is not None else {})
    async with client(answer, seen, AWS_BEARER_TOKEN_BEDROCK="token") as made:
        try:
            await getattr(made, method)(model=f"bedrock/{model}", **options)
        except APIError:
            assert reply is None
    (request,) = seen
    assert request.headers["authorization"] == "Bearer token"
    return request.url.raw_path.decode(), json.loads(request.content)


@every_wire
def test_a_whole_reply_is_read(wire: str) -> None:
    response = whole(wire, INVOKED[wire][0])

    assert (response.choices[0].message.content or "").startswith("Hello")
    assert response.choices[0].finish_reason == "stop"


@every_wire
@settings(max_examples=20)
@given(size=st.integers(1, 400))
def test_every_split_of_a_stream_is_the_same_answer(wire: str, size: int) -> None:
    data = b"".join(map(aws_frames.wrapped, INVOKED[wire][1]))
    chunks, failure = streamed(wire, data, size)
    at_once, _ = streamed(wire, data)
    response = fold_chunks(chunks)

    assert failure is None
    assert response.choices == fold_chunks(at_once).choices
    assert response.choices[0].message.content
    assert {choice.finish_reason for choice in response.choices} & {"stop", "length"}


@every_wire
def test_a_stream_that_is_cut_is_a_failure_with_what_there_was(wire: str) -> None:
    frames = list(map(aws_frames.wrapped, INVOKED[wire][1]))
    for cut in range(1, len(frames[0]) - 1, 7):
        _, failure = streamed(wire, frames[0][:cut])
        assert failure is not None
        assert failure.kind is APIConnectionError


@pytest.mark.parametrize("wire", sorted({*WIRES} - {"invoke_jurassic"}))
def test_a_stream_that_ends_before_it_says_why_is_a_failure(wire: str) -> None:
    _, failure = streamed(wire, aws_frames.wrapped(INVOKED[wire][1][0]))

    assert failure is not None
    assert failure.kind is APIConnectionError


@every_wire
@pytest.mark.parametrize(
    ("name", "kind"), [("throttlingException", RateLimitError), ("modelStreamErrorException", InternalServerError)]
)
def test_an_exception_inside_a_stream_is_an_error(wire: str, name: str, kind: type[APIError]) -> None:
    data = aws_frames.wrapped(INVOKED[wire][1][0]) + aws_frames.exception(name, "Not now.")
    _, failure = streamed(wire, data)

    assert failure is not None
    assert (failure.kind, failure.message) == (kind, "Not now.")


def test_what_is_no_base64_is_malformed() -> None:
    for payload in (b'{"bytes": 7}', b'{"bytes": "%%%"}', b'{"bytes": "bm90IEpTT04="}'):
        _, failure = streamed("invoke_claude", aws_frames.message({":event-type": "chunk"}, payload))
        assert failure is not None


def test_counts_are_bedrocks_where_the_maker_has_none() -> None:
    head = ReplyHead(200, {"x-amzn-bedrock-input-token-count": "5", "x-amzn-bedrock-output-token-count": "7"})
    usage = whole("invoke_mistral", INVOKED["invoke_mistral"][0], head).usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (5, 7, 12)

    chunks, _ = streamed("invoke_cohere", b"".join(map(aws_frames.wrapped, INVOKED["invoke_cohere"][1])))
    usage = fold_chunks(chunks).usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens) == (3, 2)


METRICS = {"inputTokenCount": 3, "cacheReadInputTokenCount": 4, "outputTokenCount": 2}
SAID = {"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}
OWN = {"prompt_tokens": 9, "completion_tokens": 8, "total_tokens": 17}


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([{"choices": [SAID], "amazon-bedrock-invocationMetrics": METRICS}], (7, 2, 9, 4)),
        ([{"choices": [SAID]}, {"amazon-bedrock-invocationMetrics": METRICS}], (7, 2, 9, 4)),
        ([{"choices": [SAID], "usage": OWN}, {"amazon-bedrock-invocationMetrics": METRICS}], (9, 8, 17, None)),
        ([{"choices": [SAID], "usage": OWN, "amazon-bedrock-invocationMetrics": METRICS}], (9, 8, 17, None)),
        ([{"choices": [SAID], "usage": None, "amazon-bedrock-invocationMetrics": "?"}], None),
        ([{"choices": [SAID]}], None),
    ],
)
def test_counts_of_a_streamed_chat_are_the_makers_or_else_bedrocks(events: Any, expected: Any) -> None:
    chunks, failure = streamed("invoke_chats", b"".join(map(aws_frames.wrapped, events)))
    usage = fold_chunks(chunks).usage
    told = usage and (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)
    details = usage and usage.prompt_tokens_details

    assert failure is None
    assert (told and (*told, details and details.cached_tokens)) == expected


on_both_loops = pytest.mark.anyio


@on_both_loops
async def test_claudes_body_has_the_version_and_neither_model_nor_stream() -> None:
    path, body = await sent("invoke/us.anthropic.claude-opus-9-v1:0", messages=TALK, stream=True)

    assert path == "/model/us.anthropic.claude-opus-9-v1%3A0/invoke-with-response-stream"
    assert body["anthropic_version"] == "bedrock-2023-05-31"
    assert body.keys().isdisjoint({"model", "stream"})
    assert body["system"]


@on_both_loops
@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("meta.llama9", {"prompt": "<|begin_of_text|><|start_header_id|>", "max_gen_len": 9}),
        ("mistral.mistral-7b-instruct-v0:2", {"prompt": "<s>[INST] Be brief.\n\nHi [/INST] Hm?</s>", "max_tokens": 9}),
        ("amazon.titan-text-lite-v1", {"inputText": "Be brief.\nUser: Hi\nBot: Hm?\nUser: Hello\nBot:"}),
        ("anthropic.claude-v2:1", {"prompt": "Be brief.\n\nHuman: Hi\n\nAssistant: Hm?", "max_tokens_to_sample": 9}),
        ("cohere.command-r-v1:0", {"message": "Hello", "max_tokens": 9}),
        ("cohere.command-light-text-v14", {"prompt": "Be brief.\n\nHuman: Hi", "max_tokens": 9}),
        ("ai21.j2-mid-v1", {"prompt": "Be brief.", "maxTokens": 9}),
    ],
)
async def test_a_chat_is_written_as_the_text_that_its_model_knows(model: str, expected: dict[str, Any]) -> None:
    path, body = await sent(f"invoke/{model}", messages=TALK, max_tokens=9)

    assert path.endswith("/invoke")
    for name, value in expected.items():
        assert body[name] == value if isinstance(value, int) else body[name].startswith(value)


@on_both_loops
async def test_a_limit_that_is_demanded_is_sent_where_nobody_says_one() -> None:
    _, body = await sent("invoke/anthropic.claude-v2:1", messages=TALK)

    assert body["max_tokens_to_sample"] == 4_000


@on_both_loops
@pytest.mark.parametrize("model", ["ai21.jamba-9", "openai.gpt-oss-9b-1:0", "mistral.mistral-large-2407-v1:0"])
async def test_makers_with_openais_shape_get_it_without_what_the_path_says(model: str) -> None:
    _, body = await sent(f"invoke/{model}", messages=HELLO, max_tokens=9, stream=True)

    assert body["max_tokens"] == 9
    assert body["messages"] == HELLO
    assert body.keys().isdisjoint({"model", "stream", "stream_options"})


@on_both_loops
async def test_novas_body_is_converses_with_its_version() -> None:
    path, body = await sent("invoke/us.amazon.nova-lite-v9:0", messages=HELLO, max_tokens=9)

    assert path == "/model/us.amazon.nova-lite-v9%3A0/invoke"
    assert body["schemaVersion"] == "messages-v1"
    assert body["inferenceConfig"] == {"maxTokens": 9}


@on_both_loops
async def test_an_arn_that_names_no_model_follows_its_maker() -> None:
    arn = "arn:aws:bedrock:eu-west-3:123456789012:imported-model/abc"
    path, body = await sent(f"invoke/meta/{arn}", messages=HELLO)
    assert "imported-model" in path
    assert "prompt" in body

    path, body = await sent("invoke/arn:aws:bedrock:eu-west-3::foundation-model/amazon.titan-tg1", messages=HELLO)
    assert "inputText" in body


@on_both_loops
async def test_what_a_text_cannot_hold_is_refused() -> None:
    tool = {"type": "function", "function": {"name": "tide"}}
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    async with Client(variables={"AWS_BEARER_TOKEN_BEDROCK": "token", "AWS_REGION": "eu-west-3"}) as made:
        with pytest.raises(UnsupportedParamsError, match="tools"):
            await made.completion("bedrock/invoke/meta.llama9", HELLO, tools=[tool])
        with pytest.raises(UnsupportedParamsError, match="cannot express n"):
            await made.completion("bedrock/invoke/meta.llama9", HELLO, n=2)
        with pytest.raises(BadRequestError, match="reads text only"):
            await made.completion("bedrock/invoke/meta.llama9", [{"role": "user", "content": [picture]}])
        with pytest.raises(BadRequestError, match="knows no tools"):
            await made.completion("bedrock/invoke/meta.llama9", [{"role": "tool", "tool_call_id": "c", "content": "1"}])
        with pytest.raises(BadRequestError, match="nothing to answer"):
            await made.completion("bedrock/invoke/meta.llama9", [])
        with pytest.raises(BadRequestError, match="one text a request"):
            await made.embedding("bedrock/amazon.titan-embed-text-v2:0", [[1, 2]])
        for options in ({"input_type": "query"}, {"encoding_format": "base64"}):
            with pytest.raises(UnsupportedParamsError):
                await made.embedding("bedrock/amazon.titan-embed-text-v2:0", ["a"], **options)  # type: ignore[arg-type]
        with pytest.raises(UnsupportedParamsError, match="dimensions"):
            await made.embedding("bedrock/amazon.titan-embed-text-v1", ["a"], dimensions=4)


@on_both_loops
@pytest.mark.parametrize(
    ("model", "reply", "body"),
    [
        (
            "amazon.titan-embed-text-v2:0",
            {"embedding": [0.5, 1], "inputTextTokenCount": 1},
            {"inputText": "a", "dimensions": 2},
        ),
        (
            "amazon.nova-2-multimodal-embeddings-v1:0",
            {"embeddings": [{"embeddingType": "TEXT", "embedding": [0.5, 1]}]},
            {
                "taskType": "SINGLE_EMBEDDING",
                "singleEmbeddingParams": {
                    "embeddingPurpose": "GENERIC_INDEX",
                    "text": {"truncationMode": "END", "value": "a"},
                    "embeddingDimension": 2,
                },
            },
        ),
        (
            "us.cohere.embed-v4:0",
            {"embeddings": {"float": [[0.5, 1]]}},
            {"texts": ["a"], "input_type": "search_document", "embedding_types": ["float"], "output_dimension": 2},
        ),
    ],
)
async def test_vectors_of_every_maker(model: str, reply: Any, body: Any) -> None:
    path, got = await sent(model, reply, "embedding", input=["a"], dimensions=2)

    assert path.endswith("/invoke")
    assert got == body


@on_both_loops
async def test_several_texts_are_several_requests_where_a_model_takes_one() -> None:
    import httpx

    seen: list[httpx.Request] = []
    reply = httpx.Response(200, json={"embedding": [0.5], "inputTextTokenCount": 2})
    async with client(reply, seen, AWS_BEARER_TOKEN_BEDROCK="token") as made:
        response = await made.embedding("bedrock/amazon.titan-embed-text-v2:0", ["a", "b"])

    assert len(seen) == 2
    assert response.usage is not None
    assert response.usage.prompt_tokens == 4


@on_both_loops
async def test_a_ranking_says_which_version_it_speaks() -> None:
    reply = {"results": [{"index": 1, "relevance_score": 0.5}]}
    _, body = await sent("cohere.rerank-v3-5:0", reply, "rerank", query="q", documents=["a", "b"], top_n=1)

    assert body == {"query": "q", "documents": ["a", "b"], "top_n": 1, "api_version": 2}


@on_both_loops
@pytest.mark.parametrize(
    ("model", "body"),
    [
        (
            "amazon.nova-canvas-v1:0",
            {
                "taskType": "TEXT_IMAGE",
                "textToImageParams": {"text": "A quay"},
                "imageGenerationConfig": {"numberOfImages": 1, "width": 1024, "height": 512},
            },
        ),
        (
            "stability.stable-image-core-v9:0",
            {"prompt": "A quay", "aspect_ratio": "3:2", "output_format": "jpeg"},
        ),
    ],
)
async def test_images_of_every_maker(model: str, body: Any) -> None:
    size = {"size": "1024x512"} if "canvas" in model else {"size": "1536x1024", "output_format": "jpeg"}
    path, got = await sent(model, {"images": ["aW1n"]}, "image_generation", prompt="A quay", **size)

    assert path.endswith("/invoke")
    assert got == body


@on_both_loops
async def test_sizes_that_a_model_has_not_are_refused() -> None:
    async with Client(variables={"AWS_BEARER_TOKEN_BEDROCK": "token", "AWS_REGION": "eu-west-3"}) as made:
        with pytest.raises(UnsupportedParamsError, match="size"):
            await made.image_generation("A quay", "bedrock/stability.sd9", size="7x1")
        with pytest.raises(UnsupportedParamsError, match="size"):
            await made.image_generation("A quay", "bedrock/amazon.nova-canvas-v1:0", size="large")
        with pytest.raises(UnsupportedParamsError, match="quality"):
            await made.image_generation("A quay", "bedrock/amazon.nova-canvas-v1:0", quality="odd")
        with pytest.raises(UnsupportedParamsError, match="there is one image"):
            await made.image_generation("A quay", "bedrock/stability.sd9", n=2)
        with pytest.raises(UnsupportedParamsError, match="response_format"):
            await made.image_generation("A quay", "bedrock/stability.sd9", response_format="url")


@on_both_loops
async def test_a_filtered_image_is_a_refusal() -> None:
    import httpx

    reply = httpx.Response(200, json={"images": [""], "finish_reasons": ["Filter reason: prompt"]})
    async with client(reply, [], AWS_BEARER_TOKEN_BEDROCK="token") as made:
        with pytest.raises(ContentPolicyViolationError, match="Filter reason: prompt"):
            await made.image_generation("A quay", "bedrock/stability.sd9")


PROFILES = "arn:aws:bedrock:us-east-1:123456789012"


@on_both_loops
@pytest.mark.parametrize("invoked", ["", "invoke/"])
@pytest.mark.parametrize(
    ("model", "counted"),
    [
        ("us.anthropic.claude-9-v1:0", "anthropic.claude-9-v1%3A0"),
        ("us-gov.anthropic.claude-9", "anthropic.claude-9"),
        ("global.anthropic.claude-9", "anthropic.claude-9"),
        ("anthropic.claude-9.5", "anthropic.claude-9.5"),
        (f"{PROFILES}:inference-profile/eu.anthropic.claude-9", "anthropic.claude-9"),
    ],
)
async def test_a_profile_is_counted_by_its_model(invoked: str, model: str, counted: str) -> None:
    path, _ = await sent(f"{invoked}{model}", {"inputTokens": 7}, "count_tokens", messages=HELLO)

    assert path == f"/model/{counted}/count-tokens"


@on_both_loops
@pytest.mark.parametrize("model", ["zai.glm-4.7", "deepseek.v3.1", f"{PROFILES}:application-inference-profile/a1b2"])
async def test_other_names_are_counted_as_they_are(model: str) -> None:
    path, _ = await sent(model, {"inputTokens": 7}, "count_tokens", messages=HELLO)

    assert path == f"/model/{quote(model, safe='')}/count-tokens"


@on_both_loops
async def test_tokens_are_counted_of_what_would_be_sent() -> None:
    path, body = await sent("anthropic.claude-9", {"inputTokens": 7}, "count_tokens", messages=HELLO, max_tokens=9)
    assert path == "/model/anthropic.claude-9/count-tokens"
    assert body == {"input": {"converse": {"messages": [{"role": "user", "content": [{"text": "Hello"}]}]}}}

    _, body = await sent("invoke/anthropic.claude-9", {"inputTokens": 7}, "count_tokens", messages=HELLO)
    held = json.loads(base64.b64decode(body["input"]["invokeModel"]["body"]))
    assert held["anthropic_version"] == "bedrock-2023-05-31"


@on_both_loops
async def test_messages_of_claude_go_as_they_are() -> None:
    reply = INVOKED["invoke_claude"][0]
    path, body = await sent("invoke/anthropic.claude-9", reply, "anthropic_messages", messages=HELLO, max_tokens=9)

    assert path == "/model/anthropic.claude-9/invoke"
    assert body == {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": HELLO}


@pytest.mark.parametrize(
    ("wire", "document", "kind"),
    [
        ("invoke_llama", {"message": "Too many requests"}, InternalServerError),
        ("invoke_llama", {"generation": "", "stop_reason": None}, InternalServerError),
        ("invoke_mistral", {"outputs": [{"text": "Hel", "stop_reason": "error"}]}, InternalServerError),
        ("invoke_titan", [], InternalServerError),
    ],
)
def test_a_reply_that_is_no_answer_is_an_error(wire: str, document: Any, kind: type[APIError]) -> None:
    with pytest.raises(ReplyIsError) as caught:
        whole(wire, document)

    assert caught.value.detail.kind is kind


def test_a_stream_whose_model_broke_off_is_an_error_with_what_there_was() -> None:
    events = [{"outputs": [{"text": "Hel", "stop_reason": None}]}, {"outputs": [{"text": "", "stop_reason": "error"}]}]
    chunks, failure = streamed("invoke_mistral", b"".join(map(aws_frames.wrapped, events)))

    assert fold_chunks(chunks).choices[0].message.content == "Hel"
    assert failure is not None
    assert failure.kind is InternalServerError


def test_the_system_speaks_in_front_of_the_users_first_words_of_mistral() -> None:
    alone = prompts.MISTRAL.write([prompts.PromptTurn("system", "Be brief.")])

    assert alone == {"prompt": "<s>[INST] Be brief. [/INST]"}


async def _filtered(reply: Any) -> APIError:
    import httpx

    async with client(httpx.Response(200, json=reply), [], AWS_BEARER_TOKEN_BEDROCK="token") as made:
        with pytest.raises(APIError) as caught:
            await made.image_generation("A quay", "bedrock/amazon.nova-canvas-v1:0")
    return caught.value


@on_both_loops
async def test_an_image_that_was_not_made_is_an_error_with_amazons_words() -> None:
    error = await _filtered({"images": [], "error": "The model was busy."})

    assert isinstance(error, InternalServerError)
    assert "The model was busy." in str(error)


@on_both_loops
@pytest.mark.parametrize("reply", [{"embedding": None}, {"embeddings": []}, {"embedding": "AAAA"}])
async def test_a_reply_without_a_vector_is_malformed(reply: Any) -> None:
    import httpx

    async with client(httpx.Response(200, json=reply), [], AWS_BEARER_TOKEN_BEDROCK="token") as made:
        with pytest.raises(APIResponseValidationError):
            await made.embedding("bedrock/amazon.titan-embed-text-v2:0", ["a"])


@on_both_loops
async def test_a_vector_may_come_by_its_type() -> None:
    import httpx

    reply = httpx.Response(200, json={"embeddingsByType": {"float": [0.5]}})
    async with client(reply, [], AWS_BEARER_TOKEN_BEDROCK="token") as made:
        response = await made.embedding("bedrock/amazon.titan-embed-text-v2:0", "a")

    assert response.data[0].embedding == [0.5]


@on_both_loops
async def test_betas_of_claude_stand_in_the_body() -> None:
    part = {"type": "file", "file": {"file_id": "file_1"}}
    _, body = await sent("invoke/anthropic.claude-9", messages=[{"role": "user", "content": [part]}])

    assert body["anthropic_beta"] == ["files-api-2025-04-14"]


@on_both_loops
@pytest.mark.parametrize("anyio_backend", ["trio"], indirect=True)
async def test_the_keys_of_aws_sign_for_their_own_host_alone() -> None:
    recorder = Recorder(307, {"location": "https://elsewhere.example/model/x/invoke"})
    keys = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "of-mine", "AWS_REGION": "eu-west-3"}
    async with Client(transport=recorder, variables=keys, retry=RetryPolicy(attempts=1)) as made:
        with pytest.raises(AuthenticationError, match="elsewhere.example"):
            await made.completion("bedrock/invoke/anthropic.claude-9", HELLO, api_base="https://elsewhere.example")
        with pytest.raises(APIError):
            await made.completion("bedrock/invoke/anthropic.claude-9", HELLO)
    ((origin, request),) = recorder.sent

    assert origin.host == "bedrock-runtime.eu-west-3.amazonaws.com"
    assert "of-mine" not in f"{request.headers}{request.path}{request.body!r}"
    assert dict(request.headers)["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIA/")

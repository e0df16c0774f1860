"""Calls as OpenTelemetry's spans and metrics: their names, their places, and that none stays open."""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from socket import create_connection, socket
from time import monotonic, sleep, time_ns
from typing import Any

import attrs
import pytest
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from opentelemetry.semconv._incubating.metrics import gen_ai_metrics
from opentelemetry.trace import SpanKind, StatusCode
from virtual import ask, client_of, in_virtual_time

import trio_llm
from trio_llm import APIError, Client, Usage
from trio_llm._runtime import trio
from trio_llm.otel import OpenTelemetry, _names as names
from trio_llm.testing import AtEvent, Failure, RecordedRequest, Reply, Simulator, ToolUse, cancel_at_every_step
from trio_llm.types import CompletionTokensDetails, PromptTokensDetails

QUESTION = "what nobody shall read"
USAGE = Usage(100, 20, 120, PromptTokensDetails(60, 10), CompletionTokensDetails(5))


class Spans(SpanProcessor):
    """Keeps spans, in memory: those that are open, and those that ended."""

    def __init__(self) -> None:
        self.open: set[Any] = set()
        self.ended: list[ReadableSpan] = []

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        self.open.add(span)

    def on_end(self, span: ReadableSpan) -> None:
        ours = next(one for one in self.open if one.get_span_context() == span.get_span_context())
        self.open.remove(ours)
        self.ended.append(span)

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.ended if span.name == name]

    def paths(self) -> list[str]:
        """Every span behind those above it."""
        by_id = {span.context.span_id: span for span in self.ended if span.context}

        def path(span: ReadableSpan) -> str:
            above = by_id.get(span.parent.span_id) if span.parent is not None else None
            return span.name if above is None else f"{path(above)}/{span.name}"

        return [path(span) for span in self.ended]


@attrs.define
class Told:
    """What OpenTelemetry was told."""

    telemetry: OpenTelemetry
    spans: Spans
    reader: InMemoryMetricReader

    @property
    def seams(self) -> dict[str, Any]:
        return {"observers": [self.telemetry], "gates": [self.telemetry]}

    def metrics(self) -> dict[str, list[Any]]:
        data = self.reader.get_metrics_data()
        scopes = [scope for resource in data.resource_metrics for scope in resource.scope_metrics] if data else []
        return {metric.name: list(metric.data.data_points) for scope in scopes for metric in scope.metrics}


def told(*, content: bool = False, own_hosts: tuple[str, ...] = (), sampler: Sampler | None = None) -> Told:
    spans, reader, provider = Spans(), InMemoryMetricReader(), TracerProvider(sampler)
    provider.add_span_processor(spans)
    telemetry = OpenTelemetry(provider, MeterProvider([reader]), content=content, own_hosts=own_hosts)
    return Told(telemetry, spans, reader)


def test_names_are_those_of_the_conventions() -> None:
    known = {value for value in vars(gen_ai_attributes).values() if isinstance(value, str)}
    known |= {value for name, value in vars(gen_ai_metrics).items() if name.startswith("GEN_AI")}
    used = {value for name, value in vars(names).items() if isinstance(value, str) and value.startswith("gen_ai.")}

    assert used | set(names.PARAMETERS.values()) <= known
    operations = {one.value for one in gen_ai_attributes.GenAiOperationNameValues}
    assert set(names.OPERATIONS.values()) | {"execute_tool", "invoke_agent"} <= operations
    providers = {one.value for one in gen_ai_attributes.GenAiProviderNameValues}
    # Moonshot's came after the release of the names that are installed here.
    assert set(names.PROVIDERS.values()) - {"moonshot_ai"} <= providers
    assert set(names.OUTPUT_TYPES.values()) <= {one.value for one in gen_ai_attributes.GenAiOutputTypeValues}


@in_virtual_time
async def test_a_call_is_a_span_with_what_was_asked_and_what_came_back() -> None:
    it = told()
    async with client_of(Simulator(Reply("Well", usage=USAGE, latency=2)), **it.seams) as client:
        await client.call(ask("x", temperature=0.5, max_tokens=9, stop="END", seed=3, n=2, metadata={"user": "ann"}))

    (call,) = it.spans.ended
    assert (call.name, call.kind, call.status.status_code) == ("chat gpt-4o", SpanKind.CLIENT, StatusCode.UNSET)
    attributes = dict(call.attributes or {})
    assert str(attributes.pop("gen_ai.response.id")).startswith("chatcmpl")
    assert attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 9,
        "gen_ai.request.stop_sequences": ("END",),
        "gen_ai.request.seed": 3,
        "gen_ai.request.choice.count": 2,
        "gen_ai.response.model": "gpt-4o",
        "gen_ai.response.finish_reasons": ("stop", "stop"),
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 20,
        "gen_ai.usage.cache_read.input_tokens": 60,
        "gen_ai.usage.cache_creation.input_tokens": 10,
        "gen_ai.usage.reasoning.output_tokens": 5,
        "server.address": "api.openai.com",
        "server.port": 443,
        "trio_llm.label.user": "ann",
        "trio_llm.attempts": 1,
        "trio_llm.end": "ok",
    }
    points = it.metrics()
    assert {name: len(found) for name, found in points.items()} == {names.DURATION: 1, names.TOKEN_USAGE: 2}
    assert points[names.DURATION][0].sum == 2
    assert {point.attributes["gen_ai.token.type"]: point.sum for point in points[names.TOKEN_USAGE]} == {
        "input": 100,
        "output": 20,
    }


@in_virtual_time
async def test_a_stream_tells_when_its_chunks_came() -> None:
    it = told()
    async with client_of(Simulator(Reply(["a ", "b ", "c "], latency=1, gap=0.5)), **it.seams) as client:
        async for _ in await client.call(ask("x", stream=True)):
            pass

    (call,) = it.spans.named("chat gpt-4o")
    attributes = dict(call.attributes or {})
    assert attributes["gen_ai.request.stream"] is True
    assert attributes["gen_ai.response.time_to_first_chunk"] == pytest.approx(1.5, abs=0.51)
    assert [event.name for event in call.events] == ["trio_llm.first_content"]
    points = it.metrics()
    (first,), (between,) = points[names.TIME_TO_FIRST_CHUNK], points[names.TIME_PER_OUTPUT_CHUNK]
    assert first.sum == attributes["gen_ai.response.time_to_first_chunk"]
    assert (first.explicit_bounds[0], between.count >= 2) == (0.01, True)


@in_virtual_time
async def test_attempts_that_fail_are_spans_and_the_next_one_links_to_them() -> None:
    it = told()
    script: list[Any] = [Failure(503), Failure(404), Reply("ok")]
    async with client_of(Simulator(script), attempts=2, **it.seams) as client:
        await client.call(ask("x", fallbacks=["anthropic/claude"]))

    first, second, third, call = it.spans.ended
    assert [dict(span.attributes or {}).get("error.type") for span in (first, second, third)] == ["503", "404", None]
    assert first.status.status_code is StatusCode.ERROR
    assert [link.context for link in second.links] == [first.context]
    assert [link.context for link in third.links] == [second.context]
    assert [event.name for event in call.events] == ["trio_llm.fallback"]
    assert dict(call.attributes or {})["gen_ai.provider.name"] == "anthropic"
    assert call.status.status_code is StatusCode.UNSET


@in_virtual_time
async def test_the_only_attempt_is_a_span_beside_its_call_only_if_it_had_to_wait() -> None:
    it = told()
    limits = trio_llm.Limits(max_in_flight=1)
    async with client_of(Simulator(Reply("x", latency=2)), limits=limits, **it.seams) as client:
        await client.fan_out([ask("at once"), ask("later")])

    at_once, attempt, later = it.spans.ended[:3]
    assert it.spans.paths()[:3] == ["fan_out/chat gpt-4o", "fan_out/chat gpt-4o/attempt", "fan_out/chat gpt-4o"]
    assert [event.name for event in (*at_once.events, *later.events)] == ["trio_llm.waiting"]
    assert dict(attempt.attributes or {}) == {"trio_llm.attempt": 1}
    assert attempt.parent == later.context


@in_virtual_time
async def test_spans_begin_when_calls_and_attempts_began_though_they_are_made_later() -> None:
    it, signed, arrived = told(), [], []

    def key() -> str:
        signed.append(time_ns())
        return "k"

    def answer(_: RecordedRequest) -> Any:
        arrived.append(time_ns())
        return Reply("x") if len(arrived) > 1 else Failure(503)

    async with client_of(Simulator(answer), attempts=2, **it.seams) as client:
        await client.call(ask("x", api_key=key))

    first, second, call = it.spans.ended
    times = [call.start_time, signed[0], first.start_time, arrived[0], first.end_time]
    times += [signed[1], second.start_time, arrived[1], second.end_time, call.end_time]
    assert times == sorted(times, key=lambda time: time or 0)


@in_virtual_time
async def test_parts_that_are_under_way_together_repeat_nothing_of_each_other() -> None:
    it = told()
    script: list[Any] = [Failure(503, latency=1), Reply("x", latency=2), Reply("x")]
    async with client_of(Simulator(script), attempts=2, **it.seams) as client:
        await client.embedding("openai/text-embedding-3-small", ["x"] * 2_049)

    failed, *others = it.spans.named("attempt")
    links = {dict(span.attributes or {})["trio_llm.attempt"]: [link.context for link in span.links] for span in others}
    assert links == {2: [], 3: [failed.context]}


class Remembering(Sampler):
    """Takes no call, and keeps what it was asked with."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def should_sample(self, parent_context: Any, trace_id: int, name: str, *more: Any, **named: Any) -> SamplingResult:
        self.asked.append({"name": name, **more[1]})
        return SamplingResult(Decision.DROP)

    def get_description(self) -> str:
        return "remembering"


@in_virtual_time
async def test_a_sampler_knows_where_a_call_goes_and_what_it_does_not_take_is_counted_all_the_same() -> None:
    sampler = Remembering()
    it = told(sampler=sampler, content=True)
    async with client_of(Simulator(Reply("x", latency=2)), **it.seams) as client:
        await client.call(ask("x"))

    assert sampler.asked == [
        {
            "name": "chat gpt-4o",
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o",
            "server.address": "api.openai.com",
            "server.port": 443,
        }
    ]
    assert not it.spans.ended
    assert it.metrics()[names.DURATION][0].sum == 2


@in_virtual_time
async def test_groups_and_tools_are_spans_around_their_calls_and_current_ones_for_what_tools_do() -> None:
    it = told()
    tracer = it.telemetry._tracer

    async def look_up(word: str) -> str:
        """Look a word up."""
        with tracer.start_as_current_span("of the tool's own"):
            await client.call(ask(word))
        return word

    script: list[Any] = [Reply(tool_calls=[ToolUse("look_up", {"word": "one"})]), Reply("One."), Reply("Done")]
    async with client_of(Simulator(script), **it.seams) as client:
        with tracer.start_as_current_span("program"):
            await client.run_tools("openai/gpt-4o", [{"role": "user", "content": "Go."}], tools=[look_up])
        assert not trace.get_current_span().get_span_context().is_valid

    assert {path for path in it.spans.paths() if not path.endswith("attempt")} == {
        "program",
        "program/invoke_agent",
        "program/invoke_agent/round",
        "program/invoke_agent/round/chat gpt-4o",
        "program/invoke_agent/round/execute_tool look_up",
        "program/invoke_agent/round/execute_tool look_up/of the tool's own",
        "program/invoke_agent/round/execute_tool look_up/of the tool's own/chat gpt-4o",
    }
    (used,) = it.spans.named("execute_tool look_up")
    attributes = dict(used.attributes or {})
    assert (attributes["gen_ai.tool.name"], attributes["gen_ai.operation.name"]) == ("look_up", "execute_tool")


@in_virtual_time
async def test_a_stream_that_broke_has_its_class_for_its_error_and_a_cancelled_call_the_reason() -> None:
    it = told()
    simulator = Simulator(
        [Reply(["one ", "two ", "three "], cut_at=AtEvent(2)), Reply("x", latency=9), Reply("x", latency=9)]
    )
    async with client_of(simulator, **it.seams) as client:
        with suppress(APIError):
            async with client.stream("openai/gpt-4o", [{"role": "user", "content": QUESTION}]) as stream:
                async for _ in stream:
                    pass
        with trio.move_on_after(1):
            await client.call(ask("x"))
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(client.call, ask("x"))
                await trio.sleep(1)
                scope.cancel(reason="the user went home")

    broken, late, left = [dict(span.attributes or {}) for span in it.spans.named("chat gpt-4o")]
    assert broken["error.type"] == "APIConnectionError"
    assert late["trio_llm.cancelled.reason"] == "deadline exceeded"
    assert left["trio_llm.cancelled.reason"] == "the user went home"


@in_virtual_time
async def test_a_hedge_says_who_won_and_that_the_other_was_cancelled() -> None:
    it = told()
    answers = iter([Reply("slow", latency=9), Reply("fast", latency=1)])
    async with client_of(Simulator(lambda _: next(answers)), **it.seams) as client:
        await client.hedge(ask("x"), after=0.5, copies=2)

    (hedge,) = it.spans.named("hedge")
    assert dict(hedge.attributes or {})["trio_llm.winner"] == 1
    ends = [str(dict(span.attributes or {})["trio_llm.end"]) for span in it.spans.named("chat gpt-4o")]
    assert sorted(ends) == ["cancelled", "ok"]
    assert all(span.parent == hedge.context for span in it.spans.named("chat gpt-4o"))


@pytest.mark.parametrize("content", [False, True])
@in_virtual_time
async def test_what_a_tool_got_and_gave_is_told_only_where_somebody_wants_contents(content: bool) -> None:
    def measure(word: str) -> dict[str, int]:
        """Measure a word."""
        if word == "none":
            raise ValueError("there is none")
        return {"letters": len(word)}

    it = told(content=content)
    uses = [ToolUse("measure", {"word": word}) for word in ("three", "none")]
    async with client_of(Simulator([Reply(tool_calls=uses), Reply("Done")]), **it.seams) as client:
        await client.run_tools("openai/gpt-4o", [{"role": "user", "content": "Go."}], tools=[measure])

    told_of = [
        (attributes.get(names.TOOL_ARGUMENTS), attributes.get(names.TOOL_RESULT), attributes[names.END])
        for attributes in (dict(span.attributes or {}) for span in it.spans.named("execute_tool measure"))
    ]
    first, second = sorted(told_of, key=lambda one: str(one[2]), reverse=True)
    if content:
        assert (json.loads(str(first[0])), json.loads(str(first[1]))) == ({"word": "three"}, {"letters": 5})
        assert (json.loads(str(second[0])), second[1:]) == ({"word": "none"}, (None, "failed"))
    else:
        assert (first, second) == ((None, None, "ok"), (None, None, "failed"))


@pytest.mark.parametrize("content", [False, True])
@in_virtual_time
async def test_contents_are_told_only_where_somebody_wants_them(content: bool) -> None:
    it = told(content=content)
    script: list[Any] = [
        Reply(QUESTION, tool_calls=[ToolUse("look_up", {"word": "one"})]),
        Failure(400, message=QUESTION),
    ]
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": QUESTION}]
    async with client_of(Simulator(script), **it.seams) as client:
        await client.completion("openai/gpt-4o", messages)
        with suppress(APIError):
            await client.completion("openai/gpt-4o", messages)

    everything = "".join(span.to_json() for span in it.spans.ended)
    assert (QUESTION in everything) is content
    if content:
        first = dict(it.spans.named("chat gpt-4o")[0].attributes or {})
        assert json.loads(str(first[names.INPUT_MESSAGES])) == [
            {"role": "user", "parts": [{"type": "text", "content": QUESTION}]}
        ]
        assert json.loads(str(first[names.SYSTEM_INSTRUCTIONS])) == [{"type": "text", "content": "Be brief."}]
        (answer,) = json.loads(str(first[names.OUTPUT_MESSAGES]))
        assert [part["type"] for part in answer["parts"]] == ["text", "tool_call"]
        assert answer["finish_reason"] == "tool_calls"


@pytest.mark.parametrize(
    ("base", "own_hosts", "is_told"),
    [
        ("http://localhost:8000/v1", (), True),
        ("http://10.1.2.3/v1", (), True),
        ("http://models.internal/v1", (), True),
        ("https://llm.example.com/v1", ("*.example.com",), True),
        ("https://llm.example.com/v1", (), False),
        (None, (), False),
    ],
)
@in_virtual_time
async def test_only_servers_of_ones_own_learn_of_the_trace(base: str | None, own_hosts: Any, is_told: bool) -> None:
    it = told(own_hosts=own_hosts)
    simulator = Simulator([Failure(500), Reply("ok")])
    async with client_of(simulator, attempts=2, **it.seams) as client:
        await client.call(ask("x", api_base=base, api_key="k"))

    (call,) = it.spans.named("chat gpt-4o")
    assert call.context is not None
    expected = f"00-{call.context.trace_id:032x}-{call.context.span_id:016x}" if is_told else ""
    sent = [request.headers.get("traceparent", "").rsplit("-", 1)[0] for request in simulator.requests]
    assert sent == [expected, expected]


def act(request: RecordedRequest) -> Any:
    if request.text == "bad":
        return Failure(500, latency=0.01)
    if request.text == "cut":
        return Reply(["a ", "b "], gap=0.001, cut_at=AtEvent(2))
    if request.text == "Go.":
        return Reply(tool_calls=[ToolUse("look_up", {"word": "one"})])
    return Reply(["a ", "b"], latency=0.02, gap=0.005)


async def look_up(word: str) -> str:
    """Look a word up."""
    await trio.sleep(0.01)
    raise KeyError(word)


async def everything(client: Client) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client.fan_out, [ask("bad"), ask("cut", stream=True)])
        nursery.start_soon(lambda: client.hedge(ask("good"), after=0.01, copies=2))
    with suppress(trio_llm.tools.ToolRunError):
        await client.run_tools("openai/gpt-4o", [{"role": "user", "content": "Go."}], tools=[look_up], max_rounds=1)


@in_virtual_time
async def test_the_program_that_is_cancelled_has_retries_copies_and_broken_streams() -> None:
    it = told()
    async with client_of(Simulator(act), attempts=2, **it.seams) as client:
        await everything(client)

    calls = [dict(span.attributes or {}) for span in it.spans.named("chat gpt-4o")]
    assert [span.links[0].context for span in it.spans.named("attempt") if span.links]
    assert [call for call in calls if call["trio_llm.end"] == "cancelled"]
    assert [call for call in calls if call.get(names.REQUEST_STREAM) and call["trio_llm.end"] == "failed"]
    assert not it.spans.open


def test_no_span_stays_open_wherever_a_program_is_cancelled() -> None:
    @asynccontextmanager
    async def watched() -> AsyncIterator[Client]:
        it = told()
        async with client_of(Simulator(act), attempts=2, **it.seams) as client:
            yield client
        assert it.spans.ended
        assert not it.spans.open
        assert not it.telemetry._calls
        assert not it.telemetry._groups

    report = cancel_at_every_step(everything, open_context=watched, after=lambda client: client.call(ask("good")))

    assert report.runs > 50


@attrs.define
class Collector:
    """A real collector on the loopback, and what it said when it had ended."""

    url: str
    said: str = ""


@contextmanager
def running_collector(folder: Path) -> Iterator[Collector]:
    rotel = pytest.importorskip("rotel", reason="the collector has no wheel for this platform")
    with socket() as free, socket() as other:
        free.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        port, grpc = free.getsockname()[1], other.getsockname()[1]
    command: list[str] = [str(Path(rotel.__file__).parent / "rotel-agent"), "start", "--exporter=blackhole"]
    command += [f"--otlp-http-endpoint=127.0.0.1:{port}", f"--otlp-grpc-endpoint=127.0.0.1:{grpc}"]
    command += ["--debug-log=traces", "--debug-log=metrics", "--debug-log-verbosity=detailed", "--batch-timeout=50ms"]
    command += [f"--pid-file={folder}/pid", f"--log-file={folder}/log"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        collector = Collector(f"http://127.0.0.1:{port}")
        try:
            if not answers(port, process):
                pytest.skip("the collector does not start on this machine")
            yield collector
        finally:
            process.terminate()
            collector.said = process.communicate()[0]


def answers(port: int, process: subprocess.Popen[str]) -> bool:
    """Wait until somebody listens; whether that happens."""
    until = monotonic() + 20
    while process.poll() is None and monotonic() < until:
        try:
            create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            sleep(0.02)
        else:
            return True
    return False


def test_a_real_collector_takes_spans_and_metrics(tmp_path: Path) -> None:
    with running_collector(tmp_path) as collector:
        spans, meters = (
            OTLPSpanExporter(f"{collector.url}/v1/traces"),
            OTLPMetricExporter(f"{collector.url}/v1/metrics"),
        )
        traces, metrics = TracerProvider(), MeterProvider([PeriodicExportingMetricReader(meters)])
        traces.add_span_processor(BatchSpanProcessor(spans))
        telemetry = OpenTelemetry(traces, metrics)

        async def run() -> None:
            async with client_of(Simulator(Reply("Well", usage=USAGE)), observers=[telemetry]) as client:
                await client.fan_out([ask("x"), ask("y")])

        trio_llm.testing.run_in_virtual_time(run)
        assert traces.force_flush()
        assert metrics.force_flush()
        traces.shutdown()
        metrics.shutdown()

    for name in ("chat gpt-4o", "fan_out", "attempt", "gen_ai.provider.name", "gen_ai.client.token.usage"):
        assert name in collector.said

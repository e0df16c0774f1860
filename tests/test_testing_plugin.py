"""The pytest plugin: its fixtures in synchronous and async suites; nothing happens without being asked for."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

OPTIONS = ("-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist", "-p", "no:cov")
CONFTEST = 'pytest_plugins = ["trio_llm.testing.plugin"]\n'


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest(CONFTEST)
    return pytester


def outcomes(suite: pytest.Pytester, program: str) -> tuple[pytest.RunResult, dict[str, int]]:
    suite.makepyfile(program)
    result = suite.runpytest_inprocess(*OPTIONS)
    return result, result.parseoutcomes()


WORKING = """
import asyncio, socket
import pytest, trio
from trio_llm import Client
from trio_llm.testing import Reply, Simulator
from trio_llm.testing.plugin import NetworkUsedError

HI = [{"role": "user", "content": "Hi"}]

async def test_trio_in_virtual_time(llm_client, simulator, virtual_time):
    await trio.sleep(3600)
    response = await llm_client.completion("openai/any", HI)
    assert response.choices[0].message.content == "echo: Hi"
    assert (trio.current_time(), len(simulator.requests)) == (3600, 1)

@pytest.mark.asyncio
async def test_asyncio_in_virtual_time(llm_client, virtual_time):
    await asyncio.sleep(3600)
    await llm_client.completion("openai/any", HI)
    assert asyncio.get_running_loop().time() == 3600

@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["trio", "asyncio"])
async def test_anyio_in_virtual_time(llm_client, virtual_time, anyio_backend):
    import anyio
    await anyio.sleep(3600)
    await llm_client.completion("openai/any", HI)
    assert anyio.current_time() == 3600

@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["trio", "asyncio"])
async def test_anyio_in_real_time(llm_client, anyio_backend):
    await llm_client.completion("openai/any", HI)

def test_a_world(lab):
    async def app(world):
        async with world.client() as client:
            await client.completion("openai/any", HI)
    world = lab({"openai": Simulator(Reply("yes", latency=360))}, seed=3)
    world.run(app)
    assert world.trace.splitlines()[-1].startswith("360.000000 client 1 ends ok")

def test_no_network(no_network):
    with pytest.raises(NetworkUsedError, match="192.0.2.1"):
        socket.create_connection(("192.0.2.1", 443))
    with pytest.raises(NetworkUsedError, match="api.openai.com"):
        socket.getaddrinfo("api.openai.com", 443)
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass

async def test_the_default_transport_is_stopped_as_well(no_network, virtual_time):
    async with Client(variables={"OPENAI_API_KEY": "k"}) as client:
        with pytest.raises(NetworkUsedError):
            await client.completion("openai/any", HI)
"""


def test_the_fixtures_serve_tests_of_every_kind(suite: pytest.Pytester) -> None:
    suite.makeini("[pytest]\nmarkers = asyncio: x\naddopts = -p no:asyncio\n")
    _, counted = outcomes(suite, WORKING)

    assert counted == {"passed": 9}


FAILING = """
import pytest
from trio_llm.testing import Reply, Simulator

HI = [{"role": "user", "content": "Hi"}]
kept = []

async def test_leaves_a_stream(llm_client, virtual_time):
    kept.append(await llm_client.completion("openai/any", HI, stream=True))

def test_breaks_an_invariant(lab):
    def never_two(world):
        return world.calls < 2
    async def app(world):
        async with world.client("web") as client:
            for _ in range(3):
                await client.completion("openai/any", HI)
    lab({"openai": Simulator()}, invariants=[never_two]).run(app)
"""


def test_a_leak_and_a_broken_invariant_fail_with_what_happened(suite: pytest.Pytester) -> None:
    result, counted = outcomes(suite, FAILING)

    assert counted == {"passed": 1, "failed": 1, "errors": 1}
    result.stdout.fnmatch_lines(["*LeakError: left behind: a stream to openai/any, made at *test_leaves_a_stream*"])
    result.stdout.fnmatch_lines(["*never_two did not hold at 0.000000 s, after*", "*web 2 asks openai/any*"])


def test_nothing_is_loaded_by_itself(pytester: pytest.Pytester) -> None:
    _, counted = outcomes(pytester, "def test_it(simulator): pass")

    assert counted == {"errors": 1}

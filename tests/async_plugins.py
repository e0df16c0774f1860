"""The fixtures beside pytest-trio, pytest-asyncio (in its strict mode) and the plugin of anyio; see `make plugins`."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import pytest
import trio

from trio_llm import Client
from trio_llm.testing import Lab, Simulator

HI = [{"role": "user", "content": "Hi"}]


async def asked(client: Client) -> None:
    response = await client.completion("openai/any", HI)
    assert response.choices[0].message.content == "echo: Hi"


@pytest.mark.trio
async def test_trio_real(llm_client: Any) -> None:
    await asked(llm_client)


@pytest.mark.trio
async def test_trio_virtual(llm_client: Any, virtual_time: Any) -> None:
    await trio.sleep(3600)
    assert trio.current_time() == 3600
    await asked(llm_client)


@pytest.mark.trio
async def test_trio_nursery_virtual(llm_client: Any, virtual_time: Any, nursery: Any) -> None:
    nursery.start_soon(trio.sleep, 5)
    await trio.sleep(3600)
    await asked(llm_client)


@pytest.mark.asyncio
async def test_asyncio_real(llm_client: Any) -> None:
    await asked(llm_client)


@pytest.mark.asyncio
async def test_asyncio_virtual(llm_client: Any, virtual_time: Any) -> None:
    await asyncio.sleep(3600)
    assert asyncio.get_running_loop().time() == 3600
    await asked(llm_client)


@pytest.mark.asyncio(loop_scope="module")
async def test_asyncio_scope_virtual(llm_client: Any, virtual_time: Any) -> None:
    await asyncio.sleep(3600)
    await asked(llm_client)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["trio", "asyncio"])
async def test_anyio_virtual(llm_client: Any, virtual_time: Any, anyio_backend: Any) -> None:
    await anyio.sleep(3600)
    assert anyio.current_time() == 3600
    await asked(llm_client)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["trio", "asyncio"])
async def test_anyio_real(llm_client: Any, anyio_backend: Any) -> None:
    await asked(llm_client)


async def test_plain_virtual(llm_client: Any, virtual_time: Any) -> None:
    await anyio.sleep(3600)
    assert anyio.current_time() == 3600
    await asked(llm_client)


def test_sync(lab: Any, no_network: Any) -> None:
    async def app(world: Lab) -> None:
        async with world.client() as client:
            await asked(client)

    lab({"openai": Simulator()}).run(app)

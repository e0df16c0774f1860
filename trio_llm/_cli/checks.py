"""What can be found wrong with calls before the first of them is sent, and what they need to be running."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager

import attrs

from .._catalog import CATALOG
from .._catalog.provider import Provider, ServerKind
from .._catalog.resolving import resolve
from .._credentials.destinations import destination
from .._credentials.variables import environment
from .._dialects.contract import WireCall
from .._engine.local import LocalModelUnavailable, LocalServer
from .._types.chat import ChatRequest
from .._types.errors import BadRequestError, LLMError
from .errors import CommandError
from .prompts import PromptLine


def check_prompts(prompts: Iterable[PromptLine]) -> None:
    """Raise a CommandError for the first prompt that cannot be sent: model, key, address or parameters."""
    for prompt in prompts:
        try:
            _check(prompt.request)
        except LLMError as error:
            raise CommandError(f"{prompt.place}: {error}") from error


def _check(request: ChatRequest) -> None:
    row, model = _resolve(request)
    service = row.service("chat", model)
    destination(service, request.options, environment())
    endpoint = service.dialect.chat_stream
    if endpoint is None:
        raise BadRequestError(f"{row.name} streams no chats", llm_provider=row.name, model=model)
    endpoint.encode(WireCall(request, service.model, service.quirks))


def _resolve(request: ChatRequest) -> tuple[Provider, str]:
    options = request.options
    return resolve(request.model, CATALOG, provider=options.custom_llm_provider, api_base=options.api_base)


@contextmanager
def providers_for(prompts: Iterable[PromptLine], slots: int) -> Generator[Mapping[str, Provider], None, None]:
    """The catalogue, in which the embedded model, if a prompt asks for it, has the address of a running server.

    Started here, and not by the first call, the server has the slots that fit the number of calls, its start counts
    as nobody's waiting time, and if it is not installed nothing has been sent yet.
    """
    asked = [_resolve(prompt.request)[0] for prompt in prompts if prompt.request.options.api_base is None]
    embedded = [row for row in asked if row.server is ServerKind.EMBEDDED]
    if not embedded:
        yield CATALOG
        return
    server = LocalServer(slots=slots)
    try:
        base_url = server.start()
    except LocalModelUnavailable as error:
        raise CommandError(str(error)) from error
    with server:
        served = (attrs.evolve(row, base_url=base_url, server=ServerKind.SELF_HOSTED) for row in embedded)
        yield {**CATALOG, **{row.name: row for row in served}}

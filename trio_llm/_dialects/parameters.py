"""The parameters of a request that its wire can express and its provider accepts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .._types.errors import UnsupportedParamsError
from .contract import WireCall
from .quirks import Quirks


def supported_parameters(
    parameters: Mapping[str, Any], call: WireCall[Any], expressible: frozenset[str], *, drop: bool
) -> dict[str, Any]:
    """The parameters that a wire can express and its provider accepts, under their names on the wire.

    Values that only ask for what every provider does anyway are left out where they cannot be said.

        asked = supported_parameters(call.request.parameters, call, frozenset({"temperature"}), drop=False)
    """
    if not parameters:
        return {}
    quirks = call.quirks
    refused = [
        name
        for name, value in parameters.items()
        if name not in expressible or name in quirks.unsupported or not _is_accepted(name, value, quirks)
    ]
    asking = [name for name in refused if parameters[name] not in _ASKS_NOTHING.get(name, ())]
    if quirks.effort_excludes and asked_effort(parameters, quirks) != "none":
        excluded = [name for name in parameters if name in quirks.effort_excludes and name not in refused]
        refused += excluded
        asking += [name for name in excluded if parameters[name] not in (0, 1)]  # which ask for what is so anyway
    if asking and not drop:
        names = ", ".join(asking)
        raise UnsupportedParamsError(f"cannot express {names}; drop_params=True leaves it out", model=call.model)
    return {quirks.renamed.get(name, name): parameters[name] for name in parameters if name not in refused}


_ASKS_NOTHING: Final[Mapping[str, tuple[Any, ...]]] = {
    "n": (1,),
    "presence_penalty": (0,),
    "frequency_penalty": (0,),
    "logit_bias": ({},),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "store": (False,),
    "modalities": (["text"], []),
    "verbosity": ("medium",),
    "service_tier": ("auto", "default"),
    "reasoning_effort": ("default",),
    "stop": ([], ()),
    "tools": ([], ()),
    "functions": ([], ()),
}


def asked_effort(parameters: Mapping[str, Any], quirks: Quirks) -> Any:
    """How much a request has the model think, by OpenAI's word.

    thinks = asked_effort(call.request.parameters, call.quirks) != "none"
    """
    effort = parameters.get("reasoning_effort") or parameters.get("reasoning")  # which is the Responses API's own
    if isinstance(effort, Mapping):
        effort = effort.get("effort")
    return quirks.usual_effort if effort in (None, "default") else effort


def _is_accepted(name: str, value: Any, quirks: Quirks) -> bool:
    accepted = quirks.accepted_values.get(name)
    return accepted is None or not isinstance(value, str | int | float) or value in accepted

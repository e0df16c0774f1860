"""Names, settings and keywords that only LiteLLM has, each with what does its work here. Read on the way to an error.

Source: the names of LiteLLM 1.109, its module, its settings and the arguments of its functions, 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

_PRINTS_NOTHING: Final = "nothing is printed and nothing is sent home here; leave it out"
_WATCH: Final = "give `Client(observers=[...])`, whose events are in trio_llm.observe"
_RESPOND: Final = "give `Client(responders=[...])`, which answer in place of the network or around it"
_OWN_SDK: Final = "it is not offered; the provider's own SDK has it"
_HTTP: Final = "give `Client(http_client=httpx.AsyncClient(...))` with what you need of HTTP"
_RETRY: Final = "give `num_retries=` to the call, or `Client(retry=RetryPolicy(attempts=...))`"
_TIME: Final = "give `timeout=` to the call, in seconds for all of it, or `Client(timeouts=Timeouts(...))`"
_KEY: Final = "give `api_key=` to the call, or set the provider's variable in the environment"
_GROUPS: Final = (
    "give `fallbacks=[...]`, `Client(limits=Limits(...))`, or `Client(targets=[...])` to choose by yourself"
)
_SIMULATE: Final = (
    "give `Client(transport=trio_llm.testing.Simulator(...))`; without a client of your own, set the provider's base URL "
    "to what `trio_llm.testing.running_server(...)` gives"
)
_TRACED: Final = "give `metadata={...}`, which the observers of a client see"
_PRICES: Final = "`register_model` corrects facts and prices"
_PROMPTS: Final = "prompts are the program's own: put the messages together before the call"
_BUDGET: Final = (
    "`async with trio_llm.spending(usd=...)` limits what a block costs, and `Client(budget=trio_llm.purse.Budget(...))` "
    "what a client does"
)
_VENDOR_ROW: Final = (
    "`register_provider(Provider(...))` and `Client(providers=[...])` take rows and dialects of your own"
)
_PLAIN: Final = "messages and tools are plain dictionaries; no class is needed"
_FORCE: Final = "put the field into `extra_body={...}`, which is sent as it is"
_CHECKED: Final = "an answer is checked against its schema where `response_format` is a type"
_MODULES: Final = "public names are in trio_llm, trio_llm.types, trio_llm.exceptions and trio_llm.testing"

NAMES: Final = (
    (_GROUPS, "Router router model_list_router"),
    (_RETRY, "completion_with_retries acompletion_with_retries responses_with_retries aresponses_with_retries should_retry "
             "calculate_retry_after"),
    ("`token_counter(custom_tokenizer=...)` counts by a tokenizer of your own, such as one that "
     "`trio_llm.models.tokenizer_from_file(...)` reads", "create_tokenizer create_pretrained_tokenizer"),
    ("`get_supported_openai_params(model)` lists what may be sent, and `supports` says what a model can do",
     "supports_audio_input supports_audio_output supports_box_questions supports_function_calling supports_httpx_timeout "
     "supports_parallel_function_calling supports_pdf_input supports_reasoning supports_response_schema "
     "supports_system_messages supports_tool_search supports_url_context supports_video_input supports_vision "
     "supports_web_search supports_prompt_caching get_standard_openai_params get_optional_params"),
    ("`get_model_info` gives the facts of one model", "model_cost get_model_cost_map"),
    (_RESPOND, "Cache caching enable_cache disable_cache update_cache CustomLLM"),
    (_WATCH, "CustomLogger Logging integrations print_verbose"),
    (_VENDOR_ROW, "custom_provider_map JSONProviderRegistry"),
    ("`stream.response` is the folded response, at any time", "stream_chunk_builder"),
    ("a stream is `trio_llm.types.Stream`", "CustomStreamWrapper TextCompletionStreamWrapper"),
    (_BUDGET, "BudgetManager"),
    (_SIMULATE, "mock_completion mock_responses_api_response mock_completion_streaming_obj MockException"),
    (_HTTP, "HTTPHandler AsyncHTTPHandler close_litellm_async_clients in_memory_llm_clients_cache module_level_client "
            "module_level_aclient"),
    (_PROMPTS, "register_prompt_template compress PromptManager"),
    (_PRINTS_NOTHING, "_turn_on_debug turn_on_debug turn_on_json verbose_logger log_level"),
    (_KEY, "check_valid_key get_secret secret_manager_client get_api_base"),
    ("`asyncio` programs need no wrapper: `Client` has all functions", "LiteLLM OpenAI AsyncOpenAI AzureOpenAI acreate"),
    (_MODULES, "utils main llms litellm_core_utils proxy cost_calculator completion_extras secret_managers rust_bridge"),
    ("write `trio_llm.types.ToolCall`", "ChatCompletionMessageToolCall ChatCompletionDeltaToolCall"),
    ("write `trio_llm.types.FunctionCall`", "Function"),
    ("write `ModelResponse`", "ModelResponseBase"),
    ("write `SpeechResponse`", "HttpxBinaryResponseContent"),
    ("providers are texts, as in \"openai/gpt-4o\"", "LlmProviders provider_list"),
    ("write `trio_llm.exceptions.APIError`, the base of all errors of calls", "OpenAIError"),
    ("write `BadRequestError`", "InvalidRequestError RejectedRequestError UnsupportedEndpointError LiteLLMUnknownProvider "
                                "MalformedRequestFieldError ImageFetchError EndpointNotSupportedByModelError"),
    ("402 is an `APIError` with `status_code` 402", "PaymentRequiredError"),
    ("write `InternalServerError`", "BadGatewayError"),
    ("a stream that breaks raises `APIConnectionError` with what had arrived in `partial`", "MidStreamFallbackError"),
    ("an answer that does not fit its type raises `trio_llm.exceptions.AnswerValidationError`", "JSONSchemaValidationError"),
    ("a model of which nothing is known raises `trio_llm.models.UnknownModelError`", "ModelNotMappedError"),
    ("write `trio_llm.models.ModelInfo`", "ModelInfo"),
    (_PRICES, "CostPerToken"),
    ("`client.run_tools(...)` asks a model, runs the tools that it calls, and goes on until it answers", "run_tool_loop"),
    ("`trio_llm.mcp.connect(...)` gives the tools of a server, for `client.run_tools(..., over=\"responses\")`",
     "responses_api_with_mcp"),
    (_PLAIN, "ChatCompletionToolParam ChatCompletionToolParamFunctionChunk ChatCompletionAssistantMessage "
             "ChatCompletionAssistantToolCall ChatCompletionDeveloperMessage ChatCompletionImageUrlObject "
             "ChatCompletionTextObject ChatCompletionToolMessage ChatCompletionUserMessage ChatCompletionSystemMessage "
             "ChatCompletionVideoUrlObject OpenAIMessageContent AllMessageValues BaseModel"),
    ("`async with client.stream(...)` and `stream=True` give chunks", "async_mock_completion_streaming_obj"),
    (_OWN_SDK,
     "add_message create_assistants create_thread delete_assistant get_assistants get_messages get_thread run_thread "
     "run_thread_stream cancel_batch create_batch list_batches retrieve_batch create_container delete_container "
     "list_container_files list_containers retrieve_container upload_container_file cancel_eval cancel_run create_eval "
     "create_run delete_eval delete_run get_eval get_run list_evals list_runs extraction create_file file_content "
     "file_content_streaming file_delete file_list file_retrieve cancel_fine_tuning_job create_fine_tuning_job "
     "list_fine_tuning_jobs retrieve_fine_tuning_job generate_content create_agent delete_agent get_agent "
     "list_agent_versions list_agents ocr llm_passthrough_route ingest query create_realtime_client_secret "
     "create_realtime_transcription_session realtime_calls realtime_health_check create_sandbox delete_sandbox run_code "
     "code_interpreter_tool search create_skill delete_skill get_skill list_skills systemone vector_store_file_content "
     "vector_store_file_create vector_store_file_delete vector_store_file_list vector_store_file_retrieve "
     "vector_store_file_update vector_stores video_content video_create_character video_edit video_extension "
     "video_generation video_get_character video_list video_remix video_status health_check adapter_completion "
     "adapter_generate_content"),
)  # fmt: skip

SETTINGS: Final = (
    (_KEY,
     "api_key openai_key openai_like_key azure_key anthropic_key gemini_key groq_key mistral_key cohere_key together_ai_key "
     "togetherai_api_key openrouter_key huggingface_key replicate_key databricks_key deepseek_key xai_key perplexity_key "
     "ollama_key ai21_key nlp_cloud_key aleph_alpha_key baseten_key predibase_key cloudflare_api_key bytez_key clarifai_key "
     "maritalk_key infinity_key novita_api_key nebius_key voyage_key jina_ai_key"),
    ("give `api_base=` to the call, or set the provider's variable in the environment", "api_base"),
    ("give `api_version=` to the call", "api_version"),
    ("give `extra_headers={...}` to the call", "organization headers default_headers"),
    ("give `vertex_project=` and `vertex_location=` to the call", "vertex_project vertex_location"),
    ("give `drop_params=True` to the call", "drop_params"),
    ("a request is sent as it was written, or refused; change the arguments of the call", "modify_params "
     "disable_stop_sequence_limit ensure_alternating_roles add_function_to_prompt disable_add_transform_inline_image_block"),
    (_RETRY, "num_retries num_retries_per_request retry max_retries allowed_fails cooldown_time"),
    (_TIME, "request_timeout force_timeout stream_timeout"),
    ("give `fallbacks=[...]` to the call or to `Client`", "fallbacks model_fallbacks default_fallbacks "
     "context_window_fallbacks content_policy_fallbacks"),
    (_RESPOND, "cache caching caching_with_models"),
    (_WATCH, "callbacks success_callback failure_callback input_callback service_callback _async_success_callback "
             "_async_failure_callback pre_call_rules post_call_rules logging_callback_manager langfuse_default_tags"),
    (_GROUPS, "model_list model_alias_map model_group_alias_map"),
    (_PRICES, "model_cost model_cost_map_url"),
    (_HTTP, "client_session aclient_session ssl_verify ssl_certificate ssl_security_level disable_aiohttp_transport "
            "use_aiohttp_transport force_ipv4 http2 aiohttp_trust_env"),
    (_PRINTS_NOTHING, "set_verbose suppress_debug_info telemetry json_logs log_raw_request_response "
                      "turn_off_message_logging redact_messages_in_exceptions"),
    (_BUDGET, "max_budget budget_duration _current_cost max_user_budget max_end_user_budget"),
    ("give `max_tokens=` to the call", "max_tokens"),
    ("responses and errors have their headers: `response.response_headers`", "return_response_headers"),
    (_CHECKED, "enable_json_schema_validation"),
    (_VENDOR_ROW, "custom_provider_map openai_compatible_providers"),
)  # fmt: skip

KEYWORDS: Final = (
    ("write `extra_headers={...}`", "headers organization provider_specific_header"),
    ("write `extra_body={...}`, or put the query into `api_base`", "extra_query"),
    ("write the deployment in the model, as in \"azure/my-deployment\"", "deployment_id azure"),
    (_TIME, "request_timeout stream_timeout force_timeout"),
    ("write `num_retries=`", "max_retries retry_strategy retry_policy"),
    ("write `context_window_fallbacks=[...]`", "context_window_fallback_dict"),
    (_GROUPS, "model_list max_fallbacks cooldown_time use_litellm_proxy"),
    ("write `drop_params=True`, or leave the parameter out", "additional_drop_params"),
    (_FORCE, "allowed_openai_params"),
    ("it is a field of some providers' own: write it into `extra_body={...}`, as its provider's page has it",
     "top_k min_p top_a typical_p repetition_penalty num_ctx safety_settings generation_config enable_thinking"),
    (_SIMULATE, "mock_response mock_tool_calls mock_timeout mock_delay mock_testing_fallbacks"),
    (_RESPOND, "caching cache preset_cache_key ttl"),
    (_TRACED, "litellm_metadata tags litellm_call_id litellm_trace_id litellm_session_id no-log no_log litellm_logging_obj"),
    (_WATCH, "logger_fn verbose logger callbacks success_callback failure_callback"),
    (_PRICES, "input_cost_per_token output_cost_per_token input_cost_per_second output_cost_per_second base_model "
              "model_info"),
    (_PROMPTS, "prompt_id prompt_variables prompt_label prompt_version litellm_system_prompt roles initial_prompt_value "
               "final_prompt_value bos_token eos_token hf_model_name custom_prompt_dict user_continue_message "
               "assistant_continue_message ensure_alternating_roles"),
    (_HTTP, "client shared_session ssl_verify ssl_certificate"),
    ("write `azure_ad_token_provider=` or `api_key=` with a callable", "tenant_id client_id client_secret"),
    (_CHECKED, "enable_json_schema_validation"),
    ("reasoning stays in `message.reasoning_content`", "merge_reasoning_content_in_choices"),
    ("how a model takes system messages stands in its row: `Quirks(system_role=...)`", "supports_system_message"),
    ("leave `stream` out, or read `stream.response` at the end", "complete_response"),
    ("mark the messages themselves with `cache_control`", "enable_prompt_caching cache_control_injection_points"),
    ("every function has a form with an `a` before its name, which is awaited", "acompletion aembedding aimg_generation "
     "atranscription aspeech arerank atext_completion aresponses"),
)  # fmt: skip

ATTRIBUTES: Final = (
    ("read `response.cost`, `response.response_headers`, `response.request_id` or `response.llm_provider`",
     "_hidden_params"),
    ("read `response.response_headers`", "_response_headers"),
    ("read `response.response_seconds`", "_response_ms"),
)  # fmt: skip


def missing_name(name: str) -> str | None:
    """What to use in place of a name of LiteLLM's module; None for one that it does not have either."""
    found = (
        _by_name("names").get(name) or _by_name("names").get(name.removeprefix("a")) or _by_name("settings").get(name)
    )
    return found and f"trio_llm has no {name!r} as LiteLLM has: {found}"


def missing_setting(name: str) -> str | None:
    """What to write in place of an assignment to LiteLLM's module; None for what is no setting of it."""
    found = _by_name("settings").get(name)
    return found and f"trio_llm has no settings as LiteLLM has, such as {name!r}: {found}"


def missing_keyword(name: str) -> str | None:
    """What to write in place of an argument of LiteLLM's functions; None for one that they do not have either."""
    found = _by_name("keywords").get(name)
    return found and f"{name!r} is an argument of LiteLLM's alone: {found}"


def missing_attribute(name: str) -> str | None:
    """What to read in place of an attribute of LiteLLM's responses; None for one that they do not have either."""
    found = _by_name("attributes").get(name)
    return found and f"{name!r} is an attribute of LiteLLM's alone: {found}"


@cache
def _by_name(table: str) -> Mapping[str, str]:
    rows = {"names": NAMES, "settings": SETTINGS, "keywords": KEYWORDS, "attributes": ATTRIBUTES}[table]
    return {name: sentence for sentence, names in rows for name in names.split()}

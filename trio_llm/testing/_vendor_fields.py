"""What the endpoints of other vendors take, by their references.

A vendor whose reference does not say that unknown fields are refused has no list of them here; of open servers that
hold for Ollama, Text Generation Inference and vLLM. What is read from a form is looked at as well.

Sources, 2026-11: Gemini API reference (`GenerateContentRequest`, `GenerationConfig`); Vertex AI reference (`predict`,
`countTokens`); Amazon Bedrock API reference (Converse) and user guide ("Inference request parameters and response
fields for foundation models"); Cohere, Jina, Voyage, Mistral, IBM watsonx.ai, Aleph Alpha, Deepgram, ElevenLabs, Black
Forest Labs, Replicate and Hugging Face, each its own API reference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ._request_rules import RequestRules

_CHAT_ROLES: Final = ("system", "user", "assistant", "tool", "developer")
_CAPITAL: Final = re.compile("[A-Z]")


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _in_both_ways(text: str) -> frozenset[str]:
    """Names of Google's, which may also be written with underscores."""
    names = _names(text)
    return names | {_CAPITAL.sub(lambda letter: f"_{letter[0].lower()}", name) for name in names}


_GEMINI_FIELDS: Final = _in_both_ways(
    "cachedContent contents generationConfig labels model safetySettings serviceTier store systemInstruction toolConfig"
    " tools"
)
_GENERATION_CONFIG: Final = _in_both_ways(
    "audioTimestamp candidateCount enableAffectiveDialog enableEnhancedCivicAnswers frequencyPenalty imageConfig"
    " logprobs maxOutputTokens mediaResolution modelConfig presencePenalty responseJsonSchema responseLogprobs"
    " responseMimeType responseModalities responseSchema routingConfig seed speechConfig stopSequences temperature"
    " thinkingConfig topK topP translationConfig"
)
_CONVERSE_FIELDS: Final = _names(
    "additionalModelRequestFields additionalModelResponseFieldPaths guardrailConfig inferenceConfig messages"
    " outputConfig performanceConfig promptVariables requestMetadata serviceTier system toolConfig"
)
_COHERE_FIELDS: Final = _names(
    "citation_options documents frequency_penalty k logprobs max_tokens messages model p presence_penalty priority"
    " response_format safety_mode seed stop_sequences stream strict_tools temperature thinking tool_choice tools"
)
_COHERE_EMBEDDING_FIELDS: Final = _names(
    "embedding_types images input_type inputs max_tokens model output_dimension priority texts truncate"
)
_COMMAND_R_FIELDS: Final = _names(
    "chat_history documents frequency_penalty k max_tokens message p preamble presence_penalty prompt_truncation"
    " raw_prompting return_prompt search_queries_only seed stop_sequences temperature tool_results tools"
)
_CANVAS_FIELDS: Final = _names(
    "backgroundRemovalParams colorGuidedGenerationParams imageGenerationConfig imageVariationParams inPaintingParams"
    " outPaintingParams taskType textToImageParams virtualTryOnParams"
)

_OF_GOOGLE: Final[Mapping[str, RequestRules]] = {
    "gemini.chat": RequestRules(
        ("contents",),
        _GEMINI_FIELDS,
        "contents",
        ("user", "model", "function"),
        inner={"generationConfig": _GENERATION_CONFIG, "generation_config": _GENERATION_CONFIG},
    ),
    "gemini.embeddings": RequestRules(
        known=_in_both_ways("config content embedContentConfig model outputDimensionality requests taskType title")
    ),
    "vertex.count_tokens": RequestRules(
        known=_in_both_ways("contents generateContentRequest generationConfig instances model systemInstruction tools")
    ),
    **dict.fromkeys(
        ("vertex.embeddings", "vertex.images", "vertex.multimodal_embeddings"),
        RequestRules(("instances",), _names("instances labels parameters")),
    ),
    "vertex.mistral": RequestRules(("model", "messages"), None, "messages", _CHAT_ROLES),
}
_OF_BEDROCK: Final[Mapping[str, RequestRules]] = {
    "bedrock.converse": RequestRules(
        ("messages",),
        _CONVERSE_FIELDS,
        "messages",
        ("user", "assistant", "system"),
        inner={"inferenceConfig": _names("maxTokens stopSequences temperature topP")},
    ),
    # Of what is counted, which stands in `input.converse`.
    "bedrock.count_tokens": RequestRules(
        ("messages",),
        _names("additionalModelRequestFields messages system toolConfig"),
        "messages",
        ("user", "assistant", "system"),
    ),
    "bedrock.invoke_canvas": RequestRules(("taskType",), _CANVAS_FIELDS),
    "bedrock.invoke_chats": RequestRules(("messages",), None, "messages", _CHAT_ROLES),
    "bedrock.invoke_claude_2": RequestRules(
        ("prompt", "max_tokens_to_sample"),
        _names("anthropic_version max_tokens_to_sample prompt stop_sequences temperature top_k top_p"),
    ),
    "bedrock.invoke_cohere_embeddings": RequestRules(("input_type",), _COHERE_EMBEDDING_FIELDS),
    "bedrock.invoke_command": RequestRules(
        ("prompt",),
        _names(
            "k logit_bias max_tokens num_generations p prompt return_likelihoods stop_sequences stream temperature"
            " truncate"
        ),
    ),
    "bedrock.invoke_command_r": RequestRules(("message",), _COMMAND_R_FIELDS),
    "bedrock.invoke_jurassic": RequestRules(
        ("prompt",),
        _names(
            "countPenalty frequencyPenalty maxTokens numResults presencePenalty prompt stopSequences temperature topP"
        ),
    ),
    "bedrock.invoke_llama": RequestRules(("prompt",), _names("images max_gen_len prompt temperature top_p")),
    "bedrock.invoke_mistral": RequestRules(("prompt",), _names("max_tokens prompt stop temperature top_k top_p")),
    "bedrock.invoke_nova": RequestRules(
        ("messages",),
        _names("inferenceConfig messages reasoningConfig schemaVersion system toolConfig"),
        "messages",
        ("user", "assistant"),
    ),
    "bedrock.invoke_nova_embeddings": RequestRules(
        ("taskType",), _names("schemaVersion segmentedEmbeddingParams singleEmbeddingParams taskType")
    ),
    "bedrock.invoke_rerank": RequestRules(
        ("query", "documents"), _names("api_version documents max_tokens_per_doc query return_documents top_n")
    ),
    "bedrock.invoke_stability": RequestRules(("prompt",)),
    "bedrock.invoke_titan": RequestRules(("inputText",), _names("inputText textGenerationConfig")),
    "bedrock.invoke_titan_embeddings": RequestRules(
        known=_names("dimensions embeddingConfig embeddingTypes inputImage inputText normalize")
    ),
}
RULES_OF_OTHERS: Final[Mapping[str, RequestRules]] = {
    **_OF_GOOGLE,
    **_OF_BEDROCK,
    "aleph_alpha.complete": RequestRules(("model", "prompt")),
    "bfl.images": RequestRules(("prompt",)),
    "cloudflare.embeddings": RequestRules(("text",)),
    "cloudflare.run": RequestRules((), None, "messages", _CHAT_ROLES),
    "cohere.chat": RequestRules(
        ("model", "messages"), _COHERE_FIELDS, "messages", ("user", "assistant", "system", "tool")
    ),
    "cohere.embeddings": RequestRules(("model", "input_type"), _COHERE_EMBEDDING_FIELDS),
    "deepgram.speech": RequestRules(("text",)),
    "elevenlabs.speech": RequestRules(("text",)),
    "elevenlabs.transcription": RequestRules(("model_id",), of_form=True),
    "jina.embeddings": RequestRules(("model", "input")),
    "ollama.chat": RequestRules(("model",), None, "messages", ("user", "assistant", "system", "tool")),
    "ollama.embeddings": RequestRules(("model",)),
    "ollama.generate": RequestRules(("model",)),
    "openai.compact": RequestRules(("model",)),
    "openai.decisions": RequestRules(("model", "input", "questions")),
    "openai.image_edits": RequestRules(("prompt",), of_form=True),
    "openai.moderations": RequestRules(("input",), _names("input model")),
    "openai.rerank": RequestRules(("model", "query", "documents")),
    "openai.transcriptions": RequestRules(("model",), of_form=True),
    "replicate.begin": RequestRules(("input",)),
    "sagemaker.chat": RequestRules(("messages",), None, "messages", _CHAT_ROLES),
    "sagemaker.embeddings": RequestRules(("inputs",)),
    "sagemaker.generate": RequestRules(("inputs",)),
    "tgi.embeddings": RequestRules(("inputs",)),
    "tgi.generate": RequestRules(("inputs",)),
    "vertex.claude_count_tokens": RequestRules(("messages",), None, "messages", ("user", "assistant")),
    "voyage.embeddings": RequestRules(
        ("model", "input"),
        _names("encoding_format input input_type model output_dimension output_dtype truncation"),
    ),
    "voyage.multimodal_embeddings": RequestRules(("model", "inputs")),
    "watsonx.chat": RequestRules(("messages",), None, "messages", _CHAT_ROLES),
    "watsonx.embeddings": RequestRules(("inputs",)),
    "watsonx.generation": RequestRules(("input",)),
}
"""By the names of endpoints."""

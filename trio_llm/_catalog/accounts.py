"""Vendors with an address for each account, region, project or deployment."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

from .._dialects.quirks import MaxTokensName, Quirks
from .addresses import Paths, Versioning
from .auth import AWS_REGION, AuthScheme, AwsCredentials, EntraCredentials, GoogleCredentials, SigV4, TokenExchange
from .common import (
    CLAUDE_TOOL_SEARCH,
    MISTRAL,
    OLDER_NAMES,
    OPENAI,
    REASONING_MODELS,
    RESPONSES_MODELS,
    STORED_RESPONSES,
    SYSTEM_ROLE,
    TOOL_SEARCH_MODELS,
)
from .provider import Override, Provider, Wire

_AZURE_HOSTS: Final = (
    "*.openai.azure.com",
    "*.openai.azure.us",
    "*.openai.azure.cn",
    "*.cognitiveservices.azure.com",
    "*.services.ai.azure.com",
)

_FOUNDRY: Final = "https://{AZURE_AI_RESOURCE_NAME|AZURE_RESOURCE_NAME}.services.ai.azure.com"
_FOUNDRY_CLAUDE: Final = Override(
    # "Claude in Microsoft Foundry", https://platform.claude.com/docs/en/build-with-claude/claude-in-microsoft-foundry.
    base_url=f"{_FOUNDRY}/anthropic",
    dialects=MappingProxyType(dict.fromkeys(("chat", "messages", "responses", "count_tokens"), Wire.ANTHROPIC)),
    auth=AuthScheme.X_API_KEY,
    paths=Paths(),
    versioning=Versioning((), Paths()),
)
_MANTLE: Final = "https://bedrock-mantle.{AWS_REGION|AWS_DEFAULT_REGION|AWS_REGION_NAME}.api.aws"
_MANTLE_CLAUDE: Final = Override(
    # "Inference using Anthropic Messages API" and, for models that CountTokens does not know, "Count tokens using the
    # bedrock-mantle endpoint". Source: Bedrock user guide, inference-messages-api and count-tokens, read 2026-11-29.
    base_url=f"{_MANTLE}/anthropic",
    dialects=MappingProxyType(dict.fromkeys(("chat", "messages", "responses", "count_tokens"), Wire.ANTHROPIC)),
    auth=AuthScheme.X_API_KEY,
)
_INFERENCE_PROFILE: Final = r"(\S*/)?([a-z-]+\.)?"
"""What may stand before a model of Bedrock's: an ARN up to it, and the group of regions that answers."""


_TIERS: Final = frozenset({"service_tier"})
_IN_MESSAGES: Final = frozenset({"messages"})


def _invoked(maker: str, names: str, wire: Wire, **departures: Any) -> tuple[str, Override]:
    """A maker's models by InvokeModel, which `invoke/` asks for. An ARN that does not name them follows the maker."""
    pattern = rf"invoke/({maker}/)?(?P<model>(?<=/{maker}/)arn:.+|{_INFERENCE_PROFILE}{maker}\.({names}).*)"
    dialects = {"chat": wire}
    if wire is Wire.INVOKE_CLAUDE:
        dialects |= {"messages": wire, "count_tokens": wire}
    return pattern, Override(dialects=MappingProxyType(dialects), **departures)


_INVOKED: Final = (
    # The oldest answer to texts alone, which are sent to them as such.
    _invoked("anthropic", "claude-(v2|instant)", Wire.INVOKE_CLAUDE_2),
    # It has its tiers in a header, which is not sent.
    _invoked("anthropic", CLAUDE_TOOL_SEARCH, Wire.INVOKE_CLAUDE, unsupported=_TIERS, tool_search=_IN_MESSAGES),
    _invoked("anthropic", "", Wire.INVOKE_CLAUDE, unsupported=_TIERS),
    _invoked("amazon", "nova", Wire.INVOKE_NOVA),
    _invoked("amazon", "titan", Wire.INVOKE_TITAN),
    _invoked("cohere", "command-(light-)?text", Wire.INVOKE_COMMAND),
    _invoked("cohere", "", Wire.INVOKE_COHERE),
    _invoked("meta", "", Wire.INVOKE_LLAMA),
    _invoked("mistral", "mi[sx]tral-(\\d+x?\\d*b|large-2402|small-2402)", Wire.INVOKE_MISTRAL),
    _invoked("mistral", "", Wire.INVOKE_CHATS, quirks=MISTRAL),
    _invoked("ai21", "j2", Wire.INVOKE_JURASSIC),
    _invoked("ai21", "", Wire.INVOKE_CHATS, quirks=OLDER_NAMES),
    *(_invoked(maker, "", Wire.INVOKE_CHATS, quirks=SYSTEM_ROLE) for maker in ("openai", "qwen", "moonshotai", "zai")),
)


def _other(names: str, wire: Wire, *operations: str, **departures: Any) -> tuple[str, Override]:
    """What Converse has not, by InvokeModel, with or without `invoke/`."""
    dialects = MappingProxyType(dict.fromkeys(operations, wire))
    return rf"(invoke/)?(?P<model>{_INFERENCE_PROFILE}{names}.*)", Override(dialects=dialects, **departures)


_BEDROCK_MAKERS: Final = (
    "ai21|amazon|anthropic|cohere|deepseek|google|luma|meta|minimax|mistral|moonshot|moonshotai|nvidia|openai|qwen|stability"
    "|twelvelabs|writer|zai"
)
"""How Bedrock's names of models begin. User guide, "Supported foundation models in Amazon Bedrock", 2026-11."""
_ONE_TEXT: Final = Quirks(most_inputs=1)
_BEDROCK_OTHERS: Final = (
    _other(r"amazon\.titan-embed-text-v1", Wire.INVOKE_TITAN, unsupported=frozenset({"dimensions"})),
    _other(r"amazon\.titan-embed", Wire.INVOKE_TITAN, "embeddings", quirks=_ONE_TEXT),
    _other(r"amazon\.nova-\S*embed", Wire.INVOKE_NOVA, "embeddings", quirks=_ONE_TEXT),
    _other(r"cohere\.embed", Wire.INVOKE_COHERE, "embeddings", quirks=Quirks(most_inputs=96)),
    _other(r"(cohere|amazon)\.rerank", Wire.INVOKE_COHERE, "rerank"),
    _other(r"amazon\.(titan-image|nova-canvas)", Wire.INVOKE_TITAN, "images"),
    _other(r"stability\.", Wire.INVOKE_STABILITY, "images"),
)
_NOT_ON_VERTEX: Final = frozenset({"service_tier", "store"})
"""What the Gemini API has in a request and Vertex AI has not."""
_VERTEX_PROJECT: Final = "{vertex_project|VERTEXAI_PROJECT|VERTEX_PROJECT|GOOGLE_CLOUD_PROJECT}"
_VERTEX_LOCATION: Final = "vertex_location|VERTEXAI_LOCATION|VERTEX_LOCATION|GOOGLE_CLOUD_LOCATION"


def _vertex(path: str, usual: str = "global") -> str:
    """A base URL of Vertex AI; `usual` is the location where nobody says one."""
    place = f"{{{_VERTEX_LOCATION}|={usual}}}"
    return f"https://{place}-aiplatform.googleapis.com/v1/projects/{_VERTEX_PROJECT}/locations/{place}{path}"


_VERTEX_MAKERS: Final = (
    (r"(anthropic|mistralai)/(?P<model>(claude|mistral|ministral|codestral).*)", Override()),
    (CLAUDE_TOOL_SEARCH, Override(tool_search=_IN_MESSAGES)),
    (
        r"claude",
        Override(
            base_url=_vertex(""),
            dialects=MappingProxyType(dict.fromkeys(("chat", "messages", "count_tokens"), Wire.VERTEX_CLAUDE)),
        ),
    ),
    (
        r"(mistral|ministral|codestral)",
        Override(
            base_url=_vertex("", "us-central1"),
            dialects=MappingProxyType({"chat": Wire.VERTEX_MISTRAL}),
            quirks=MISTRAL,
        ),
    ),
    # A model or an endpoint of the user's own, tuned from a Gemini model.
    (r"endpoints/", Override(base_url=_vertex("", "us-central1"))),
    # Every other maker: `meta/llama-4-maverick-17b-128e-instruct-maas`.
    (
        r"(?!(models|endpoints)/)[\w.-]+/",
        Override(
            base_url=_vertex("/endpoints/openapi"),
            dialects=MappingProxyType({"chat": Wire.OPENAI, "embeddings": Wire.OPENAI}),
            quirks=OLDER_NAMES,
        ),
    ),
    (r"imagen", Override(base_url=_vertex("/publishers/google", "us-central1"))),
    (
        r"multimodalembedding",
        Override(base_url=_vertex("/publishers/google", "us-central1"), quirks=_ONE_TEXT),
    ),
    # These take a single input a request: "Get text embeddings" and "PredictionService.EmbedContent", 2026-11.
    (r"gemini-embedding-", Override(quirks=Quirks(most_inputs=1, unsupported=_NOT_ON_VERTEX))),
)

_IBM_TOKENS: Final = (
    TokenExchange(
        url="https://iam.cloud.ibm.com/identity/token",
        key_variables=("WATSONX_APIKEY", "WATSONX_API_KEY", "WX_API_KEY"),
        key_field="apikey",
        fields=MappingProxyType({"grant_type": "urn:ibm:params:oauth:grant-type:apikey"}),
    ),
)
"""A key of IBM Cloud is exchanged for a token of its IAM."""

ACCOUNTS: Final = (
    Provider(
        name="azure",
        base_url="https://{AZURE_RESOURCE_NAME}.openai.azure.com",
        documentation="https://learn.microsoft.com/en-us/azure/foundry/openai/api-version-lifecycle",
        key_variables=("AZURE_OPENAI_API_KEY", "AZURE_API_KEY"),
        token_variables=("azure_ad_token", "AZURE_OPENAI_AD_TOKEN", "AZURE_AD_TOKEN"),
        base_url_variables=("AZURE_OPENAI_ENDPOINT", "AZURE_API_BASE", "AZURE_BASE_URL"),
        auth=AuthScheme.API_KEY,
        callable_auth=AuthScheme.BEARER,
        sources=(EntraCredentials(),),
        quirks=OPENAI,
        # Deployments can have any name; most are called after their model.
        families=RESPONSES_MODELS + TOOL_SEARCH_MODELS + REASONING_MODELS,
        alternative_hosts=_AZURE_HOSTS,
        paths=Paths("/openai/v1{path}", complete="/openai/"),
        versioning=Versioning(
            ("AZURE_API_VERSION", "OPENAI_API_VERSION"),
            Paths(
                "/openai/deployments/{model}{path}",
                MappingProxyType({"/responses": "/openai{path}", "/responses/": "/openai{path}"}),
                complete="/openai/",
            ),
        ),
        dialects=STORED_RESPONSES,
    ),
    Provider(
        name="azure_ai",
        base_url=_FOUNDRY,
        documentation="https://learn.microsoft.com/en-us/rest/api/aifoundry/modelinference/",
        key_variables=("AZURE_AI_API_KEY", "AZURE_API_KEY"),
        token_variables=("azure_ad_token", "AZURE_AD_TOKEN"),
        base_url_variables=("AZURE_AI_ENDPOINT", "AZURE_AI_BASE_URL", "AZURE_AI_API_BASE"),
        auth=AuthScheme.API_KEY,
        callable_auth=AuthScheme.BEARER,
        sources=(EntraCredentials(),),
        alternative_hosts=(*_AZURE_HOSTS, "*.models.ai.azure.com"),
        paths=Paths("/openai/v1{path}", complete="/openai/"),
        versioning=Versioning(
            ("AZURE_AI_API_VERSION",), Paths("/models{path}", complete="/models/"), "2024-05-01-preview"
        ),
        families=(
            (CLAUDE_TOOL_SEARCH, Override(tool_search=_IN_MESSAGES)),
            (r"claude", _FOUNDRY_CLAUDE),
            *TOOL_SEARCH_MODELS,
        ),
        dialects=STORED_RESPONSES,
    ),
    Provider(
        name="bedrock",
        base_url=f"https://bedrock-runtime.{AWS_REGION}.amazonaws.com",
        documentation="https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html",
        wire=Wire.CONVERSE,
        bare_names=rf"([a-z-]+\.)?({_BEDROCK_MAKERS})\.\w",
        families=(
            *_BEDROCK_OTHERS,
            *_INVOKED,
            (r"converse/(?P<model>.+)", Override()),
            (r"arn:aws[\w-]*:(bedrock|sagemaker):(?P<aws_region_name>[a-z0-9-]+):", Override()),
        ),
        key_variables=("AWS_BEARER_TOKEN_BEDROCK", "BEDROCK_API_KEY"),
        base_url_variables=("AWS_BEDROCK_RUNTIME_ENDPOINT", "BEDROCK_BASE_URL", "BEDROCK_API_BASE"),
        # No host of AWS's by a star: under amazonaws.com stand servers of its customers as well.
        sources=(AwsCredentials(SigV4("bedrock")),),
    ),
    Provider(
        name="bedrock_mantle",
        base_url=f"{_MANTLE}/v1",
        documentation="https://docs.aws.amazon.com/bedrock/latest/userguide/bedrock-mantle.html",
        key_variables=("AWS_BEARER_TOKEN_BEDROCK", "BEDROCK_MANTLE_API_KEY"),
        alternative_hosts=("*.api.aws",),
        quirks=OLDER_NAMES,
        families=((r"anthropic\.claude", _MANTLE_CLAUDE),),
        dialects=STORED_RESPONSES,
    ),
    Provider(
        name="cloudflare",
        base_url="https://api.cloudflare.com/client/v4/accounts/{CLOUDFLARE_ACCOUNT_ID}/ai/v1",
        documentation="https://developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility/",
        key_variables=("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY"),
        alternative_hosts=("api.cloudflare.com", "gateway.ai.cloudflare.com"),
        quirks=OLDER_NAMES,
        families=(
            (
                r"run/(?P<model>.+)",
                Override(
                    base_url="https://api.cloudflare.com/client/v4/accounts/{CLOUDFLARE_ACCOUNT_ID}/ai",
                    dialects=dict.fromkeys(("chat", "embeddings"), Wire.WORKERS_AI),
                ),
            ),
        ),
    ),
    Provider(
        name="databricks",
        base_url="https://{DATABRICKS_HOST}/serving-endpoints",
        documentation="https://docs.databricks.com/aws/en/machine-learning/model-serving/score-foundation-models",
        key_variables=("DATABRICKS_TOKEN", "DATABRICKS_API_KEY"),
        alternative_hosts=("*.cloud.databricks.com", "*.gcp.databricks.com", "*.azuredatabricks.net"),
        quirks=Quirks(
            max_tokens_name=MaxTokensName.MAX_TOKENS, system_role="system", stream_usage=False, thinking=True
        ),
    ),
    Provider(
        name="oci",
        base_url="https://inference.generativeai.{OCI_REGION}.oci.oraclecloud.com/20231130/actions/v1",
        documentation="https://docs.oracle.com/iaas/Content/generative-ai/api-keys.htm",
        # A key of the service itself. Keys of OCI's IAM sign requests, which is not built.
        key_variables=("OCI_GENAI_API_KEY", "OCI_API_KEY"),
        alternative_hosts=("*.oci.oraclecloud.com",),
        quirks=SYSTEM_ROLE,
    ),
    Provider(
        name="predibase",
        base_url="https://serving.app.predibase.com/{PREDIBASE_TENANT_ID}/deployments/v2/llms",
        documentation="https://docs.predibase.com/sdk-guide/inference/rest-api",
        key_variables=("PREDIBASE_API_TOKEN", "PREDIBASE_API_KEY"),
        quirks=OLDER_NAMES,
        dialects={"text_completion": Wire.TGI},
        paths=Paths(
            "/{model}/v1{path}",
            MappingProxyType({"/generate": "/{model}{path}", "/generate_stream": "/{model}{path}"}),
        ),
    ),
    Provider(
        name="sagemaker",
        base_url=f"https://runtime.sagemaker.{AWS_REGION}.amazonaws.com",
        documentation="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html",
        aliases=("sagemaker_chat", "sagemaker_nova"),
        wire=Wire.SAGEMAKER,
        # No variable holds a key: AWS wants a signature. `api_key` is a bearer token, for a gateway before an endpoint.
        key_variables=(),
        base_url_variables=("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", "SAGEMAKER_BASE_URL", "SAGEMAKER_API_BASE"),
        sources=(AwsCredentials(SigV4("sagemaker")),),
        quirks=OLDER_NAMES,
    ),
    Provider(
        name="snowflake",
        base_url="https://{SNOWFLAKE_ACCOUNT|SNOWFLAKE_ACCOUNT_ID}.snowflakecomputing.com/api/v2/cortex/v1",
        documentation="https://docs.snowflake.com/en/user-guide/snowflake-cortex/cortex-rest-api",
        key_variables=("SNOWFLAKE_PAT", "SNOWFLAKE_CORTEX_PAT", "SNOWFLAKE_JWT", "SNOWFLAKE_API_KEY"),
        alternative_hosts=("*.snowflakecomputing.com",),
        quirks=Quirks(max_tokens_name=MaxTokensName.MAX_COMPLETION_TOKENS, system_role="system"),
    ),
    Provider(
        name="vertex_ai",
        base_url=_vertex("/publishers/google"),
        # A key alone says whose project it is: "Vertex AI in express mode", 2026-11.
        keyed_base_url="https://aiplatform.googleapis.com/v1/publishers/google",
        documentation="https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference",
        aliases=("vertex_ai_beta",),
        wire=Wire.VERTEX,
        families=_VERTEX_MAKERS,
        key_variables=("VERTEXAI_API_KEY", "GOOGLE_VERTEX_API_KEY"),
        token_variables=("CLOUDSDK_AUTH_ACCESS_TOKEN",),
        auth=AuthScheme.GOOGLE,
        callable_auth=AuthScheme.BEARER,
        sources=(GoogleCredentials(),),
        base_url_variables=("VERTEXAI_BASE_URL", "VERTEXAI_API_BASE", "GOOGLE_VERTEX_BASE_URL"),
        alternative_hosts=(
            "aiplatform.googleapis.com",
            "*-aiplatform.googleapis.com",
            "aiplatform.us.rep.googleapis.com",
            "aiplatform.eu.rep.googleapis.com",
        ),
        renamed_hosts=MappingProxyType(
            {
                "global-aiplatform.googleapis.com": "aiplatform.googleapis.com",
                "us-aiplatform.googleapis.com": "aiplatform.us.rep.googleapis.com",
                "eu-aiplatform.googleapis.com": "aiplatform.eu.rep.googleapis.com",
            }
        ),
        quirks=Quirks(most_inputs=250, unsupported=_NOT_ON_VERTEX),
    ),
    Provider(
        name="vertex_openai",
        base_url=(
            "https://{GOOGLE_CLOUD_LOCATION|VERTEXAI_LOCATION}-aiplatform.googleapis.com/v1"
            "/projects/{GOOGLE_CLOUD_PROJECT|VERTEXAI_PROJECT}"
            "/locations/{GOOGLE_CLOUD_LOCATION|VERTEXAI_LOCATION}/endpoints/openapi"
        ),
        documentation="https://cloud.google.com/vertex-ai/generative-ai/docs/start/openai",
        key_variables=("CLOUDSDK_AUTH_ACCESS_TOKEN", "VERTEX_OPENAI_ACCESS_TOKEN"),
        alternative_hosts=("aiplatform.googleapis.com", "*-aiplatform.googleapis.com"),
        quirks=OLDER_NAMES,
    ),
    Provider(
        name="watsonx",
        # The gateway of watsonx.ai: the service's own API is near to OpenAI's, but not it.
        base_url="https://{WATSONX_URL|WX_URL|WML_URL}/ml/gateway/v1",
        documentation="https://www.ibm.com/docs/en/watsonx/saas?topic=generation-inferencing-gateway-models",
        # A bearer token of IBM Cloud's IAM; a key, from WATSONX_APIKEY or as api_key, is exchanged for one
        # (https://cloud.ibm.com/docs/iam?topic=iam-iamtoken_from_apikey, 2026-03).
        key_variables=("WATSONX_TOKEN",),
        sources=_IBM_TOKENS,
        base_url_variables=("WATSONX_BASE_URL", "WATSONX_API_BASE"),
        alternative_hosts=("*.ml.cloud.ibm.com",),
        quirks=SYSTEM_ROLE,
    ),
    Provider(
        name="watsonx_text",
        # The service's own API, which wants a project or a space in every request.
        base_url="https://{WATSONX_URL|WX_URL|WML_URL}/ml/v1/text",
        documentation="https://cloud.ibm.com/apidocs/watsonx-ai",
        wire=Wire.WATSONX,
        key_variables=("WATSONX_TOKEN",),
        sources=_IBM_TOKENS,
        base_url_variables=("WATSONX_TEXT_BASE_URL", "WATSONX_TEXT_API_BASE"),
        alternative_hosts=("*.ml.cloud.ibm.com",),
        quirks=SYSTEM_ROLE,
    ),
)

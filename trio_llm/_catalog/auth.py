"""How requests prove who sends them, as rows say it: values that `trio_llm._credentials` interprets.

Two things belong together. An `Auth` says where a secret goes: into a header, into the query, or into a signature.
A `SecretSource` says where a secret comes from when nobody gave a key and no variable of the row holds one.

They are named tuples, which are made in a fifth of the time of an attrs class: every program's first call pays it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

AWS_REGION: Final = "{aws_region_name|AWS_REGION_NAME|AWS_REGION|AWS_DEFAULT_REGION}"
"""What says the region: the caller, LiteLLM's variable, then AWS's own two."""


class HeaderKey(NamedTuple):
    """The secret is a header's value.

    Example:
        row = Provider(name="mine", base_url=url, documentation=page, auth=HeaderKey("x-api-key"))
    """

    name: str
    """In lower case."""
    prefix: str = ""


class QueryKey(NamedTuple):
    """The secret is a parameter of the query.

    Example:
        row = Provider(name="mine", base_url=url, documentation=page, auth=QueryKey("key"))
    """

    name: str


class SigV4(NamedTuple):
    """AWS's signature, version 4, over the whole request, made for every attempt.

    Example:
        row = Provider(name="mine", base_url=url, documentation=page, auth=SigV4("bedrock", "{AWS_REGION|=us-east-1}"))
    """

    service: str
    """The name by which the signature knows the service: `bedrock` for all hosts of Bedrock."""
    region: str = AWS_REGION
    """A template, as base URLs are."""


class AuthScheme(Enum):
    """The usual places of a key: header name and prefix of the value.

    Example:
        row = Provider(name="mine", base_url=url, documentation=page, auth=AuthScheme.BEARER)
    """

    BEARER = HeaderKey("authorization", "Bearer ")
    X_API_KEY = HeaderKey("x-api-key")
    GOOGLE = HeaderKey("x-goog-api-key")
    API_KEY = HeaderKey("api-key")
    TOKEN = HeaderKey("authorization", "Token ")
    XI_API_KEY = HeaderKey("xi-api-key")
    PORTKEY = HeaderKey("x-portkey-api-key")


Auth: TypeAlias = AuthScheme | HeaderKey | QueryKey | SigV4
"""Where a secret goes."""


class GoogleCredentials(NamedTuple):
    """Tokens of Google Cloud: a service account's key, or what Google calls application default credentials.

    Needs the extra `google`. Source: https://cloud.google.com/docs/authentication/application-default-credentials.

        row = Provider(name="mine", base_url=url, documentation=page, sources=(GoogleCredentials(),))
    """

    variables: tuple[str, ...] = ("vertex_credentials", "VERTEXAI_CREDENTIALS", "GOOGLE_APPLICATION_CREDENTIALS")
    """What holds the credentials, as JSON or as the path of a file of it."""
    project: str = "vertex_project"
    """The place in base URLs that the credentials' own project fills where nobody names one."""
    scopes: tuple[str, ...] = ("https://www.googleapis.com/auth/cloud-platform",)
    auth: Auth = AuthScheme.BEARER


class EntraCredentials(NamedTuple):
    """Tokens of Microsoft Entra, by what `azure.identity.DefaultAzureCredential` finds.

    It is asked only where one of `variables` is set: it looks for credentials in many places, some of them far.
    Needs the extra `azure`. Source: https://learn.microsoft.com/en-us/azure/ai-foundry/openai/how-to/managed-identity.

        row = Provider(name="mine", base_url=url, documentation=page, sources=(EntraCredentials(("AZURE_CLIENT_ID",)),))
    """

    variables: tuple[str, ...] = ("AZURE_TOKEN_CREDENTIALS", "AZURE_CLIENT_ID", "AZURE_TENANT_ID", "IDENTITY_ENDPOINT")
    """What says that there are such credentials. The library reads them itself."""
    scope: str = "https://cognitiveservices.azure.com/.default"
    auth: Auth = AuthScheme.BEARER


class AwsCredentials(NamedTuple):
    """AWS's keys, which sign: from the call, the environment, or what botocore finds (the extra `aws`).

        source = AwsCredentials(SigV4("bedrock", "us-east-1"))
        row = Provider(name="mine", base_url=url, documentation=page, sources=(source,))

    Source: https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html.
    """

    auth: SigV4
    access_key: tuple[str, ...] = ("aws_access_key_id", "AWS_ACCESS_KEY_ID")
    secret_key: tuple[str, ...] = ("aws_secret_access_key", "AWS_SECRET_ACCESS_KEY")
    session_token: tuple[str, ...] = ("aws_session_token", "AWS_SESSION_TOKEN")
    profile: tuple[str, ...] = ("aws_profile_name", "AWS_PROFILE")
    role: tuple[str, ...] = ("aws_role_name",)
    """The ARN of a role that the keys assume."""
    role_session: tuple[str, ...] = ("aws_session_name",)
    """By what name, which stands in AWS's logs."""


class TokenExchange(NamedTuple):
    """A long-lived key that an endpoint exchanges for tokens that end soon, by a form.

    Example:
        print([source.url for source in row.sources if isinstance(source, TokenExchange)])
    """

    url: str
    """The endpoint. A template, as base URLs are."""
    key_variables: tuple[str, ...]
    """What holds the key."""
    key_field: str
    """The field of the form that carries it."""
    fields: Mapping[str, str] = MappingProxyType({})
    """The form's other fields."""
    auth: Auth = AuthScheme.BEARER


SecretSource: TypeAlias = GoogleCredentials | EntraCredentials | AwsCredentials | TokenExchange
"""Where a secret comes from."""

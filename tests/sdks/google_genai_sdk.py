"""Google's own SDK."""

import sys

try:
    from google import genai
    from google.genai import errors, types
    from pydantic import BaseModel
except ImportError:
    sys.exit(77)

KEY = sys.argv[2]
client = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=sys.argv[1]))
MODEL = "gemini-2.5-flash"


class Pet(BaseModel):
    name: str
    age: int


answer = client.models.generate_content(model=MODEL, contents="one two three")
assert answer.text == "echo: one two three"
assert answer.usage_metadata.total_token_count == 7
print("chat")

chunks = list(client.models.generate_content_stream(model=MODEL, contents="one two three"))
assert "".join(chunk.text or "" for chunk in chunks) == "echo: one two three"
print("stream")

tool = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(
            name="add",
            description="Adds.",
            parameters=types.Schema(type="OBJECT", properties={"a": types.Schema(type="INTEGER")}, required=["a"]),
        )
    ]
)
config = types.GenerateContentConfig(
    tools=[tool],
    tool_config=types.ToolConfig(function_calling_config=types.FunctionCallingConfig(mode="ANY")),
    automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
)
called = client.models.generate_content(model=MODEL, contents="one", config=config)
(call,) = called.function_calls
assert (call.name, list(call.args)) == ("add", ["a"])
history = [
    types.Content(role="user", parts=[types.Part(text="one")]),
    called.candidates[0].content,
    types.Content(role="user", parts=[types.Part.from_function_response(name="add", response={"result": 3})]),
]
assert client.models.generate_content(model=MODEL, contents=history).candidates
print("tools")

formed = client.models.generate_content(
    model=MODEL,
    contents="one",
    config=types.GenerateContentConfig(response_mime_type="application/json", response_schema=Pet),
)
assert isinstance(formed.parsed, Pet)
print("parse")

vectors = client.models.embed_content(model="gemini-embedding-001", contents=["one", "two"])
assert [len(one.values) for one in vectors.embeddings] == [8, 8]
print("embeddings")

picture = client.models.generate_content(
    model="gemini-2.5-flash-image",
    contents="a cat",
    config=types.GenerateContentConfig(response_modalities=["IMAGE"]),
)
assert picture.parts[0].inline_data.data.startswith(b"\x89PNG")
print("images")

spoken = client.models.generate_content(
    model="gemini-2.5-flash-preview-tts",
    contents="hello",
    config=types.GenerateContentConfig(
        response_modalities=["AUDIO"],
        speech_config=types.SpeechConfig(
            voice_config=types.VoiceConfig(prebuilt_voice_config=types.PrebuiltVoiceConfig(voice_name="Kore"))
        ),
    ),
)
assert spoken.parts[0].inline_data.mime_type.startswith("audio/")
heard = client.models.generate_content(
    model=MODEL, contents=["what is said?", types.Part.from_bytes(data=b"ID3", mime_type="audio/mp3")]
)
assert heard.text == "echo: what is said?"
print("audio")

assert client.models.count_tokens(model=MODEL, contents="one two").total_tokens == 2
print("counts")

for status, kind in ((400, errors.ClientError), (429, errors.ClientError), (503, errors.ServerError)):
    try:
        client.models.generate_content(model=MODEL, contents=f"fail {status}")
    except kind as error:
        assert (error.code, error.message) == (status, "as you asked")
    else:
        raise AssertionError(status)
print("errors")

patient = genai.Client(
    api_key=KEY,
    http_options=types.HttpOptions(
        base_url=sys.argv[1], retry_options=types.HttpRetryOptions(attempts=3, initial_delay=0.01)
    ),
)
assert patient.models.generate_content(model=MODEL, contents="fail 503 once").text == "at last"
print("retries")

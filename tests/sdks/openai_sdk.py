"""OpenAI's own SDK."""

import asyncio
import sys

try:
    import openai
    from pydantic import BaseModel
except ImportError:
    sys.exit(77)

KEY = sys.argv[2]
HOME = f"{sys.argv[1]}/v1"
HELLO = [{"role": "user", "content": "one two three"}]
TOOL = {
    "type": "function",
    "function": {
        "name": "add",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "required": ["a", "b"],
            "additionalProperties": False,
        },
    },
}
client = openai.OpenAI(base_url=HOME, api_key=KEY, max_retries=0)


class Pet(BaseModel):
    name: str
    age: int
    kind: str | None


def asked(text, **settings):
    return client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": text}], **settings)


answer = asked("one two three")
assert answer.choices[0].message.content == "echo: one two three"
assert answer.usage.total_tokens == 7
print("chat")

stream = asked("one two three", stream=True, stream_options={"include_usage": True})
chunks = list(stream)
assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "echo: one two three"
assert chunks[-1].usage.total_tokens == 7
print("stream")

with client.chat.completions.stream(model="gpt-4o", messages=HELLO, tools=[TOOL], tool_choice="required") as events:
    final = events.get_final_completion()
(call,) = final.choices[0].message.tool_calls
assert set(call.function.parsed_arguments) == {"a", "b"}
result = {"role": "tool", "tool_call_id": call.id, "content": "3"}
said = final.choices[0].message.model_dump(include={"role", "tool_calls", "content"})
for one in said["tool_calls"]:
    one["function"].pop("parsed_arguments", None)
after = client.chat.completions.create(model="gpt-4o", messages=[*HELLO, said, result], tools=[TOOL])
assert after.choices[0].finish_reason == "stop"
print("tools")

parsed = client.chat.completions.parse(model="gpt-4o", messages=HELLO, response_format=Pet)
assert isinstance(parsed.choices[0].message.parsed, Pet)
print("parse")

vectors = client.embeddings.create(model="text-embedding-3-small", input=["one", "two"], dimensions=6)
assert [len(one.embedding) for one in vectors.data] == [6, 6]
print("embeddings")

picture = client.images.generate(model="gpt-image-1", prompt="a cat", n=2)
assert [bool(one.b64_json) for one in picture.data] == [True, True]
print("images")

assert client.audio.speech.create(model="tts-1", input="hello", voice="alloy").content == b"ID3 hello"
assert client.audio.transcriptions.create(model="whisper-1", file=("a.mp3", b"ID3")).text == "Heard."
print("audio")

response = client.responses.create(model="gpt-5", input="one two three")
assert response.output_text == "echo: one two three"
with client.responses.stream(model="gpt-5", input="one two three") as events:
    kinds = [event.type for event in events]
    assert events.get_final_response().output_text == "echo: one two three"
assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")
assert isinstance(client.responses.parse(model="gpt-5", input="x", text_format=Pet).output_parsed, Pet)
print("responses")

assert client.moderations.create(input="a forbidden word").results[0].categories.violence
assert client.models.retrieve("gpt-4o").id == "gpt-4o"
assert [model.id for model in client.models.list()] == ["simulated"]
assert len(client.completions.create(model="m", prompt=["a", "b"]).choices) == 2
print("moderations, models, completions")

for status, kind in (
    (400, openai.BadRequestError),
    (401, openai.AuthenticationError),
    (404, openai.NotFoundError),
    (429, openai.RateLimitError),
    (500, openai.InternalServerError),
):
    try:
        asked(f"fail {status}")
    except kind as error:
        assert "as you asked" in str(error)
    else:
        raise AssertionError(status)
print("errors")

patient = openai.OpenAI(base_url=HOME, api_key=KEY, max_retries=2)
for status in (429, 500):
    again = patient.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": f"fail {status} once"}]
    )
    assert again.choices[0].message.content == "at last"
print("retries")


async def many():
    async with openai.AsyncOpenAI(base_url=HOME, api_key=KEY) as own:
        asking = (own.chat.completions.create(model="gpt-4o", messages=HELLO) for _ in range(50))
        return await asyncio.gather(*asking)


assert len(asyncio.run(many())) == 50
print("fifty at once")

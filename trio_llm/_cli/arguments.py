"""What each command takes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .._version import __version__

_FANOUT = """\
Answer many prompts at the same time and lose none of the answers. PROMPTS is a text file with one prompt a line (blank
lines and lines that begin with # are skipped); JSON lines or a JSON array: objects with "prompt" or "messages", and
with "model", "id" or any parameter of a chat call where they differ; a table (.csv, .tsv) whose columns have these
names; or a file for OpenAI's batches.
Exit status: 0 if every call went well, 1 if one did not, 2 for bad input, 130 after Ctrl-C.
"""
_TRACE = """\
Draw a trace that `fanout --trace`, or an observer of trio_llm.observe, has written: as one page that needs nothing
beside itself (zoom, search, facts of each call), and as a picture. Prints the names of the files.
"""
FORMATS = ("text", "jsonl", "json", "csv", "tsv")
"""Of a file of prompts."""
MOST_IN_FLIGHT = 64
"""Calls at the same time, where nobody says how many."""
_CHAT = """\
Ask a model. With a prompt, or with one from a pipe, the answer goes to stdout as it comes. Without, talk: Ctrl-C ends
an answer, Ctrl-D the chat.
"""
_MODELS = """\
List the providers: wire format, address, key variable and whether it is set, documentation. With PROVIDER, list the
models of one: tokens that it takes and gives at most, and USD for a million of them. --filter looks through both.
"""
_SERVE = "Serve a simulated provider that speaks every wire format there is here. Ctrl-C ends it."
_BENCH = """\
Make many calls at the same time, and tell how many there were a second, how long they took, and how much processor time
one took in this process. Without MODEL they go to a simulated provider in a process of its own and cost nothing; with
MODEL they are real, and paid for.
Exit status: 0 if every call went well, 1 if one did not, 2 for bad input, 130 after Ctrl-C.
"""
FAULTS = (
    "429",
    "500",
    "503",
    "reset",
    "cut",
    "stall",
    "garble",
    "error",
    "duplicate",
    "swap",
    "keep-alives",
    "trickle",
)
"""Names of faults."""


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The arguments of one command; `command` is the name of its module. Bad ones end the program with status 2."""
    parser = _build_parser()
    if not (sys.argv[1:] if argv is None else argv):
        parser.print_help()
        parser.exit()
    arguments, rest = parser.parse_known_args(argv)
    # Where an option stands before it, argparse takes an optional positional for absent and then for too much.
    misses_prompt = arguments.command == "chat" and arguments.prompt is None
    if misses_prompt and rest and (rest[0] == "-" or not rest[0].startswith("-")):
        arguments.prompt = rest.pop(0)
    if rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    return arguments


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="trio-llm", description="Large language models from the command line.")
    parser.add_argument("--version", action="version", version=f"trio-llm {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_fanout(commands.add_parser("fanout", help="answer many prompts at the same time", description=_FANOUT))
    _add_chat(commands.add_parser("chat", help="ask a model, or talk with it", description=_CHAT))
    _add_models(commands.add_parser("models", help="list providers and models", description=_MODELS))
    _add_trace(commands.add_parser("trace", help="draw what happened to calls", description=_TRACE))
    _add_serve(commands.add_parser("serve", help="serve a simulated provider", description=_SERVE))
    _add_bench(commands.add_parser("bench", help="measure many calls at the same time", description=_BENCH))
    return parser


def _add_fanout(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("prompts", metavar="PROMPTS", help="file of prompts; - reads them from stdin")
    parser.add_argument("--format", choices=FORMATS, help="of PROMPTS (default: as its name and its first line say)")
    parser.add_argument(
        "-m",
        "--model",
        action="append",
        dest="models",
        metavar="MODEL",
        help="as provider/name; given more than once, each is asked every prompt; prompts may name their own",
    )
    parser.add_argument(
        "--max-in-flight", type=_count, metavar="N", help=f"calls at the same time (default: {MOST_IN_FLIGHT})"
    )
    parser.add_argument("--rpm", type=_amount, metavar="N", help="requests in any minute at most")
    parser.add_argument("--tpm", type=_amount, metavar="N", help="tokens in any minute at most, prompts and answers")
    parser.add_argument(
        "--adaptive",
        action="store_true",
        help="find the provider's limits as well as keeping those given here (the default where none is given)",
    )
    parser.add_argument("--deadline", type=_seconds, metavar="SECONDS", help="for all calls together")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="write each outcome as a line of JSON as soon as it is known; - writes to stdout and the rest to stderr",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there already")
    parser.add_argument("--trace", metavar="FILE", help="write what happens to the calls; see trio-llm trace")
    parser.add_argument("--show-text", action="store_true", help="print the whole answers")
    parser.add_argument(
        "-q",
        "--quiet",
        action="store_true",
        help="show no progress and no table; failures are counted on stderr, and without --output answers are printed",
    )
    _add_call_options(parser)


def _add_chat(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="as provider/name")
    parser.add_argument("prompt", metavar="PROMPT", nargs="?", help="one question; - reads it from stdin")
    _add_call_options(parser)


def _add_models(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("provider", metavar="PROVIDER", nargs="?", help="list the models of this one")
    parser.add_argument("--filter", metavar="TEXT", default="", help="only providers and models that contain TEXT")
    parser.add_argument("--json", action="store_true", help="print a JSON array")


def _add_trace(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the trace, lines of JSON")
    parser.add_argument(
        "--format",
        action="append",
        dest="formats",
        choices=("html", "svg", "perfetto"),
        help="what to write (default: html and svg); perfetto is what ui.perfetto.dev and Chrome's tracing open",
    )
    parser.add_argument("-o", "--output", metavar="NAME", help="of the files, without their endings (default: as FILE)")
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there already")


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=8000, help="0 takes any that is free (default: %(default)s)")
    parser.add_argument("--latency", type=_wait, default=0.0, metavar="S", help="seconds before each reply")
    parser.add_argument("--gap", type=_wait, default=0.0, metavar="S", help="seconds between two events of a stream")
    parser.add_argument("--text", help="the answer to everything (default: the last user message)")
    parser.add_argument("--script", metavar="FILE", help="answer with the actions of this file, and then echo")
    parser.add_argument("--fault-rate", type=_share, default=0.0, metavar="SHARE", help="replies that fail, 0 to 1")
    parser.add_argument(
        "--fault",
        action="append",
        choices=FAULTS,
        dest="faults",
        help="what --fault-rate draws from (default: all); may be given more than once",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of what is drawn (default: %(default)s)")
    parser.add_argument("--requests-per-minute", type=_count, metavar="N", help="more are refused with status 429")
    parser.add_argument("--tokens-per-minute", type=_count, metavar="N", help="the same for tokens")
    parser.add_argument("--tokens-per-second", type=_amount, metavar="N", help="how fast an answer is written")
    parser.add_argument("--strict", action="store_true", help="refuse what the provider would refuse")
    parser.add_argument(
        "--description", metavar="FILE", help="an OpenAPI description that requests have to fit; implies --strict"
    )
    parser.add_argument("--quiet", action="store_true", help="do not log requests on stderr")
    parser.add_argument("--replay", metavar="FILE", help="answer from a cassette in place of simulating")
    parser.add_argument(
        "--speed", choices=("0", "recorded"), default="0", help="of --replay: at once, or in its time (default: 0)"
    )
    parser.add_argument("--record", metavar="FILE", help="send everything on to --upstream, and record it here")
    parser.add_argument("--upstream", metavar="URL", help="the provider of --record, as https://api.openai.com")


def _add_bench(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", nargs="?", help="as provider/name (default: a simulated one)")
    parser.add_argument("--calls", type=_count, default=1_000, metavar="N", help="default: %(default)s")
    parser.add_argument(
        "--max-in-flight", type=_count, default=MOST_IN_FLIGHT, metavar="N", help="at once (default: %(default)s)"
    )
    parser.add_argument("--stream", action="store_true", help="read the answers as streams")
    parser.add_argument("--loop", choices=("trio", "asyncio"), default="trio", help="default: %(default)s")
    parser.add_argument(
        "--latency", type=_wait, default=0.0, metavar="S", help="seconds before each simulated reply (default: 0)"
    )
    parser.add_argument("--prompt", metavar="TEXT", help="what to ask")
    parser.add_argument("--json", action="store_true", help="print the figures as a JSON object")
    _add_call_options(parser)


def _add_call_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("options of the calls")
    group.add_argument("--system", metavar="TEXT", help="system message")
    group.add_argument("--max-tokens", type=_count, metavar="N", help="tokens of an answer at most")
    group.add_argument("--temperature", type=float, metavar="T")
    group.add_argument("--timeout", type=_seconds, metavar="S", help="seconds that one call may take")
    group.add_argument("--num-retries", type=_natural, metavar="N", help="attempts after the first")
    group.add_argument("--api-base", metavar="URL", help="base URL in place of the provider's own")


def _count(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {text}")
    return number


def _amount(text: str) -> float:
    if not (number := float(text)) > 0:
        raise argparse.ArgumentTypeError(f"must be more than 0, not {text}")
    return number


def _natural(text: str) -> int:
    if (number := int(text)) < 0:
        raise argparse.ArgumentTypeError(f"must not be negative, but is {text}")
    return number


def _port(text: str) -> int:
    if (number := int(text)) not in range(65_536):
        raise argparse.ArgumentTypeError(f"must be from 0 to 65535, not {text}")
    return number


def _seconds(text: str) -> float:
    if not (number := float(text)) > 0:
        raise argparse.ArgumentTypeError(f"must be more than 0 seconds, not {text}")
    return number


def _wait(text: str) -> float:
    if not (number := float(text)) >= 0:
        raise argparse.ArgumentTypeError(f"must be a number of seconds, not {text}")
    return number


def _share(text: str) -> float:
    if not 0 <= (number := float(text)) <= 1:
        raise argparse.ArgumentTypeError(f"must be from 0 to 1, not {text}")
    return number


# argparse shows these names where the text is no number at all.
_count.__name__ = _natural.__name__ = _port.__name__ = "whole number"
_seconds.__name__ = _wait.__name__ = _share.__name__ = _amount.__name__ = "number"

"""Whether a socket has anything to say, asked where there is poll and where there is none."""

from __future__ import annotations

import select
import socket

import pytest

from trio_llm._runtime.quiet import quiet_check


@pytest.mark.parametrize("has_poll", [True, False])
def test_a_socket_is_quiet_as_long_as_neither_a_byte_nor_the_end_has_arrived(
    monkeypatch: pytest.MonkeyPatch, has_poll: bool
) -> None:
    if not has_poll:
        monkeypatch.delattr(select, "poll")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        is_quiet = quiet_check(ours)
        assert is_quiet()
        theirs.send(b"x")
        assert not is_quiet()
        assert not is_quiet(), "asking reads nothing"
        assert ours.recv(2) == b"x"
        assert is_quiet()
        theirs.close()
        assert not is_quiet()

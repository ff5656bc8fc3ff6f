"""Ctrl-C while a library in C runs that puts an error of its own in the interrupt's place."""

from __future__ import annotations

import signal

import numpy as np
import pytest
from halscope.cli._interrupts import ended_by_interrupts, interrupts_raise, replaces_interrupt
from halscope_hooks import HalscopeError
from support.interrupts import interrupted_in

ROWS = np.zeros(3, [("line", "<u2"), ("value", "u1")])


def test_numpy_replaces_an_interrupt_while_it_compares_rows() -> None:
    with interrupts_raise(), pytest.raises(TypeError) as caught, interrupted_in("_promote_fields"):
        _ = ROWS == ROWS
    assert replaces_interrupt(caught.value, since=0)


def test_a_replaced_interrupt_ends_the_block_as_any_other() -> None:
    after = []
    with interrupts_raise():
        with ended_by_interrupts(), interrupted_in("_promote_fields"):
            _ = ROWS == ROWS
            after.append("in the block")
        after.append("behind it")
    assert after == ["behind it"]


@pytest.mark.parametrize("error", [ValueError("wrong"), HalscopeError("wrong")])
def test_an_error_without_an_interrupt_is_an_error(error: Exception) -> None:
    with interrupts_raise():
        with ended_by_interrupts():
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(type(error)), ended_by_interrupts():
            raise error


def test_an_error_while_an_interrupt_is_handled_is_an_error() -> None:
    def end_on_a_full_disk() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            raise OSError("the disk is full")

    with interrupts_raise(), pytest.raises(OSError, match="full"), ended_by_interrupts():
        end_on_a_full_disk()

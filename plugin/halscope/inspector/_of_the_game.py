"""Questions to the emulator: pause, go on, one frame, speed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from halscope_hooks import Host, HostError, Paced, capability

from halscope.app import last_frame

if TYPE_CHECKING:
    from halscope.inspector._asking import Asker, Question
    from halscope.inspector._messages import Request


async def _pause(asker: Asker, _: Request) -> int | None:
    """Pause the game, and return the number of the last frame that it has run, or `None` if its host does not know."""

    def pause(host: Host) -> int | None:
        _paced(host).pause()
        _tell_paused(asker, True)
        return last_frame(host)

    return await asker.game(pause)


async def _resume(asker: Asker, _: Request) -> None:
    def resume(host: Host) -> None:
        _paced(host).resume()
        _tell_paused(asker, False)

    await asker.game(resume)


def _tell_paused(asker: Asker, paused: bool) -> None:
    asker.controls.paused = paused
    asker.notices.post("paused", {"paused": paused}, keep=False)  # pages that come later have it in `hello`


async def _step(asker: Asker, _: Request) -> int | None:
    """Run a frame, and return its number, or `None` if its host does not know."""

    def step(host: Host) -> int | None:
        _paced(host).step_frame()
        return last_frame(host)

    return await asker.game(step)


async def _speed(asker: Asker, request: Request) -> None:
    factor = request.number("factor", 0, 16)

    def set_speed(host: Host) -> None:
        _paced(host).set_speed(factor)
        asker.controls.speed = factor
        asker.notices.post("speed", {"speed": factor}, keep=False)  # pages that come later have it in `hello`

    await asker.game(set_speed)


def _paced(host: Host) -> Paced:
    paced = capability(host, "paced")
    if paced is None:
        raise HostError(f"{host.info.emulator} cannot be paused from here (host {host.info.name})")
    return paced


QUESTIONS: Final[dict[str, Question]] = {"pause": _pause, "resume": _resume, "step": _step, "speed": _speed}

"""The pytest plugin: options, the marker `halscope`, and the fixtures. Heavy modules are imported in the fixtures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import pytest

if TYPE_CHECKING:
    from halscope.hosts.recording import ReplayHost
    from halscope.testing._image import ImageCheck
    from halscope.testing._marker import Wanted
    from halscope.testing._session import Frames, PluginSession

_MARKER: Final = (
    "halscope(recording=PATH, plugin=FOLDER, allow=PERMISSIONS, frames=N, press=PRESSES, wram=BOOL, picture=BOOL): "
    "arguments of Halscope's fixtures; frames, press, wram and picture are for --halscope-record"
)
_WRITTEN: Final = pytest.StashKey[list[Path]]()
_NAMED: Final = pytest.StashKey[dict[Path, tuple[str, "Wanted"]]]()
_HANDED_OVER: Final = "halscope_written"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; all names contain "halscope"."""
    group = parser.getgroup("halscope", "Halscope: tests of plugins against recordings")
    group.addoption(
        "--halscope-update", action="store_true", help="write reference pictures that are missing or differ"
    )
    group.addoption(
        "--halscope-record",
        metavar="ROM",
        help="make the recordings that tests name again, from this ROM or 'demo'",
    )
    group.addoption("--halscope-core", metavar="CORE", help="the libretro core to record on, by name or path")
    parser.addini("halscope_recordings", "folder of the recordings (default: the test's own)", default="")
    parser.addini("halscope_plugins", "folders of the plugins under test, each with a manifest.json", type="linelist")
    parser.addini("halscope_installed", "also load installed plugins", type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", _MARKER)
    config.stash[_WRITTEN] = []


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In a worker of pytest-xdist: pass the written paths to the process that prints the summary."""
    output: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_HANDED_OVER] = [str(path) for path in session.config.stash[_WRITTEN]]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Collect the paths that a worker of pytest-xdist has written."""
    config: pytest.Config = node.config
    output = getattr(node, "workeroutput", {})  # a crashed worker has no output
    config.stash[_WRITTEN].extend(Path(name) for name in output.get(_HANDED_OVER, ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """List the files that were written."""
    written = config.stash[_WRITTEN]
    for path in dict.fromkeys(written):  # two workers may have written the same recording
        terminalreporter.write_line(f"halscope: wrote {path}")


@pytest.fixture
def halscope_recording(request: pytest.FixtureRequest) -> Path:
    """Path of the recording that the test's marker names; --halscope-record makes it first."""
    wanted = _wanted(request)
    if wanted.recording is None:
        _fail(f"{request.node.nodeid}: no recording is named; mark it with @pytest.mark.halscope(recording='run.hrec')")
    path = _recording_path(request.node, wanted.recording)
    if (rom := request.config.getoption("--halscope-record")) is not None:
        _record(request, rom, path, wanted)
    if not path.is_file():
        _fail(
            f"{path}: no such recording, named by {request.node.nodeid}; make it with --halscope-record ROM, or "
            "correct the marker or the setting halscope_recordings"
        )
    return path


@pytest.fixture
def halscope_replay(halscope_recording: Path) -> Iterator[ReplayHost]:
    """A host that replays the recording."""
    from halscope_hooks import HalscopeError

    from halscope.hosts.recording import ReplayHost

    try:
        host = ReplayHost(halscope_recording)
    except HalscopeError as error:
        _fail(str(error))
    with host:
        yield host


@pytest.fixture
def halscope_frames(halscope_recording: Path) -> Iterator[Frames]:
    """The recording's frames, each decoded on access."""
    from halscope_hooks import HalscopeError

    from halscope.testing._session import Frames

    try:
        frames = Frames(halscope_recording)
    except HalscopeError as error:
        _fail(str(error))
    with frames:
        yield frames


@pytest.fixture
def halscope_session(
    request: pytest.FixtureRequest, halscope_replay: ReplayHost, tmp_path: Path
) -> Iterator[PluginSession]:
    """A session without threads on the recording, with the plugins under test.

    The test fails if a hook failed and the failure was not taken (`take_failures`).
    """
    from halscope_hooks import HalscopeError

    from halscope.testing._session import PluginSession

    config = request.config
    wanted = _wanted(request)
    folders = [config.rootpath / folder for folder in config.getini("halscope_plugins")]
    if wanted.plugin is not None:
        folders.append(request.path.parent / wanted.plugin)
    try:
        session = PluginSession(
            halscope_replay,
            folders=folders,
            installed=config.getini("halscope_installed"),
            allow=wanted.allow,
            config_folder=tmp_path,
        )
    except HalscopeError as error:
        _fail(f"{request.node.nodeid}: {error}")
    yield session
    session.close()
    if failures := session.take_failures():
        _fail("\n".join(f"{failure.job} failed: {failure.error!r}\n{failure.traceback}" for failure in failures))


@pytest.fixture
def halscope_image(request: pytest.FixtureRequest, tmp_path: Path) -> ImageCheck:
    """Compares pictures with references in the folder that has the name of the test file, without `.py`."""
    from halscope.testing._image import ImageCheck

    return ImageCheck(
        references=request.path.with_suffix(""),
        output=tmp_path,
        update=request.config.getoption("--halscope-update"),
        written=request.config.stash[_WRITTEN].append,
    )


def _wanted(request: pytest.FixtureRequest) -> Wanted:
    from halscope_hooks import UsageError

    try:
        return _read_markers(request.node)
    except UsageError as error:
        _fail(f"{request.node.nodeid}: {error}")


def _read_markers(item: pytest.Item) -> Wanted:
    from halscope.testing._marker import read_markers

    # The closest marker comes first: its arguments override those of the class and the module.
    return read_markers([(mark.args, mark.kwargs) for mark in item.iter_markers("halscope")])


def _recording_path(item: pytest.Item, recording: Path) -> Path:
    named = item.config.getini("halscope_recordings")
    return (item.config.rootpath / named if named else item.path.parent) / recording


def _first_to_name(session: pytest.Session) -> dict[Path, tuple[str, Wanted]]:
    """For each recording, the first test of the run that names it, and that test's arguments.

    Computed from all tests of the run, so that it is the same in every worker of pytest-xdist.
    """
    from halscope_hooks import UsageError

    if _NAMED not in session.config.stash:
        first = session.config.stash[_NAMED] = {}
        for item in session.items:
            if "halscope_recording" not in getattr(item, "fixturenames", ()):
                continue
            try:
                wanted = _read_markers(item)
            except UsageError:  # that test reports the error itself
                continue
            if wanted.recording is not None:
                first.setdefault(_recording_path(item, wanted.recording), (item.nodeid, wanted))
    return session.config.stash[_NAMED]


def _record(request: pytest.FixtureRequest, rom: str, path: Path, wanted: Wanted) -> None:
    from halscope_hooks import HalscopeError

    from halscope.testing._record import CoreMissingError, record

    other, first = _first_to_name(request.session).setdefault(path, (request.node.nodeid, wanted))
    if first.run != wanted.run:
        _fail(
            f"{path}: {request.node.nodeid} needs another run than {other}, which names this recording first; "
            "give both markers the same frames, press, wram and picture, or name another file"
        )
    if path in request.config.stash[_WRITTEN]:
        return
    try:
        record(rom, request.config.getoption("--halscope-core"), path, wanted)
    except CoreMissingError as error:
        pytest.skip(f"{path.name} cannot be recorded here: {error}")
    except HalscopeError as error:
        _fail(f"{path}: cannot be recorded: {error}")
    request.config.stash[_WRITTEN].append(path)


def _fail(message: str) -> NoReturn:
    pytest.fail(message, pytrace=False)

"""What every test of this repository has: hypothesis profiles, an environment of its own, the recordings."""

from __future__ import annotations

import gc
import os
import signal
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent

settings.register_profile("quick", deadline=None, max_examples=50)
settings.register_profile("ci", deadline=None, max_examples=50, derandomize=True, print_blob=True)
settings.register_profile("few", deadline=None, max_examples=10, derandomize=True, print_blob=True)
settings.register_profile("thorough", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "quick"))

# What a user may have set for providers, and for our own command.
OF_THE_USER = ("_API_KEY", "_BASE_URL", "_HOST", "MODELSTREAM_BLOCK", "MODELSTREAM_CONFIG", "_COLOR")

# It would hide a sink that forgets to flush.
os.environ.pop("PYTHONUNBUFFERED", None)

# Started in the background by a shell, the tests and all their processes would be deaf to Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module", autouse=True)
def _quick_collections() -> None:
    """Collections of a module's tests do not walk what was alive before: they take a tenth of the time.

    What the module before has left is collected first, without warnings about its idle connections, which the
    SDKs keep: they would be errors of a test that has nothing to do with them. What a test leaves is checked
    within the test.
    """
    gc.unfreeze()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _environment_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test sees the user's keys or settings, nor leaves anything in the user's home.

    Caches are the exception: the weights of the local model are fetched once, not once a run.
    """
    caches = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.endswith(OF_THE_USER):
                patch.delenv(name)
        patch.setenv("HOME", str(home))
        patch.setenv("XDG_CACHE_HOME", caches)
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
            patch.setenv(name, str(home / name.removeprefix("XDG_").lower()))
        yield


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of recorded provider streams (`MODELSTREAM_RECORDINGS`)."""
    folder = Path(os.environ.get("MODELSTREAM_RECORDINGS") or ROOT.parent / "shared" / "recordings")
    if not (folder / "index.json").is_file():
        pytest.skip(f"no recorded provider streams in {folder} (set MODELSTREAM_RECORDINGS)")
    return folder

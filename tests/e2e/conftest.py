"""Servers that several tests share. Each must still be there, and end well, when its last test is done."""

import pytest

from served import ROOT, SHARED, serving


def pytest_configure(config):
    config.addinivalue_line("markers", "timeout: seconds until a test is ended (pytest-timeout)")


def pytest_collection_modifyitems(items):
    for item in items:
        if not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(60))


@pytest.fixture(scope="session")
def echo():
    """examples/echo with default limits."""
    with serving("examples/echo") as server:
        yield server


@pytest.fixture(scope="session")
def digits():
    """The bundled models."""
    with serving("serval", "serve", ROOT / "models") as server:
        yield server


@pytest.fixture(scope="session")
def shared():
    """The folder of larger inputs beside this clone."""
    if not SHARED.is_dir():
        pytest.skip(f"no {SHARED.name}/ beside this clone")
    return SHARED

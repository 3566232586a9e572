# SPDX-License-Identifier: ISC
"""Fixtures of the whole-program tests; what they give is in harness.py."""

import sys

import pytest

import harness
import userstore

sys.path.append(str(harness.ROOT / "tests" / "shared"))

from certificates import Authority  # noqa: E402
from clients import Account  # noqa: E402


# Tests that a build with sanitizers or coverage cannot pass, and why.
PLAIN_ONLY = {
    "test_forty_megabytes_pass_through": "AddressSanitizer keeps what was freed",
    "test_private_key_is_never_in_the_tls_process": "its memory is terabytes of shadow",
    "test_user_store_is_never_in_the_tls_process": "its memory is terabytes of shadow",
    "test_keys_of_other_sessions_are_in_no_tls_process": "its memory is terabytes of shadow",
    "test_message_is_on_disk_before_250": "LeakSanitizer ends what is traced",
    "test_a_kill_at_every_change": "LeakSanitizer ends what is traced",
    "test_a_first_init_that_is_killed_leaves_all_or_nothing": "LeakSanitizer ends what is traced",
    "test_a_pair_that_is_killed_leaves_client_and_pin_together":
        "LeakSanitizer ends what is traced",
    "test_passphrase_and_key_are_wiped_before_the_end": "its memory is terabytes of shadow",
    "test_rows_are_not_written_for_each_command": "LeakSanitizer ends what is traced",
}
PLAIN_ONLY_FILES = {
    "test_walls.py": "a sanitizer makes calls of its own",
    "test_demo.py": "the demonstration has its walls, too",
    "test_capture.py": "the same",
    "test_systemd.py": "the machine that is booted has no sanitizer's libraries",
    "test_systemd_resident.py": "the same",
    "test_floods.py": "the same; and nothing is looked at there but what others look at, too",
}


def pytest_configure(config):
    harness.adopt_orphans()
    config.addinivalue_line(
        "markers", "every_build: of the tests of other people's programs, those that builds"
        " with sanitizers or coverage run as well")


def pytest_make_parametrize_id(config, val):
    """A test is not called by all of its kilobytes."""
    text = ascii(val) if isinstance(val, (str, bytes)) else ""
    return f"{text[1:21]}... {len(val)} in all" if len(text) > 200 else None


def for_plain_build_only(item):
    if item.path.name.startswith("test_clients_"):
        return not item.get_closest_marker("every_build")
    return item.originalname in PLAIN_ONLY or item.path.name in PLAIN_ONLY_FILES


def pytest_collection_modifyitems(config, items):
    if harness.VARIANT:
        out = [item for item in items if for_plain_build_only(item)]
        items[:] = [item for item in items if item not in out]
        config.hook.pytest_deselected(items=out)


@pytest.fixture(scope="session")
def programs():
    programs = harness.Programs()
    yield programs
    programs.close()


@pytest.fixture(scope="session")
def keys(programs):
    """A CA and a server's pair for localhost and 127.0.0.1; keys.client(NAME) is a bundle."""
    keys = harness.Keys(programs)
    yield keys
    keys.close()


@pytest.fixture
def store(programs):
    store = userstore.Store(programs)
    yield store
    store.close()


def pytest_generate_tests(metafunc):
    """A module that says BOTH_WAYS has its doors kept by single handlers, then by a resident
    parent; with sanitizers by single handlers alone, whose code is the same."""
    if getattr(metafunc.module, "BOTH_WAYS", False) and "keeper" in metafunc.fixturenames:
        keepers = ["inetd"] if harness.VARIANT else ["inetd", "resident"]
        metafunc.parametrize("keeper", keepers, indirect=True)


@pytest.fixture
def keeper(request):
    return getattr(request, "param", "inetd")


@pytest.fixture
def door(programs, keys, keeper):
    """door(**what_differs) opens a Door, which is closed, and judged, after the test."""
    doors = []

    def open_door(**settings):
        settings.setdefault("handoff", keeper)
        doors.append(harness.Door(programs, settings.pop("keys", keys), **settings))
        return doors[-1]

    yield open_door
    faults = []
    for each in doors:
        try:
            each.close()
        except (AssertionError, OSError, harness.subprocess.TimeoutExpired) as error:
            faults.append(str(error))
    assert not faults, "\n".join(faults)


@pytest.fixture(scope="session")
def untrusted():
    """The certificate of a CA that has issued nothing that any test believes."""
    with Authority("Somebody else") as authority:
        yield authority.ca


@pytest.fixture
def account(door, untrusted):
    """account(**what_differs) opens a door with one user: a clients.Account."""
    return lambda **settings: Account(door(**settings), untrusted)

"""The system's Chromium, for the pictures of the guides and for the browser tests."""

from __future__ import annotations

import os
import shutil

__all__ = ["chromium_arguments", "find_chromium"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find_chromium() -> str:
    """Return the path of Chromium.

    Raises:
        SystemExit: There is none.
    """
    for name in _NAMES:
        if path := shutil.which(name):
            return path
    raise SystemExit(
        f"pictures and browser tests need Chromium, expected one of {', '.join(_NAMES)} on the search path: "
        "install it first, on Debian with `apt install chromium`"
    )


def chromium_arguments() -> list[str]:
    """Return arguments for a Chromium that nobody sees and that asks for nothing by itself."""
    arguments = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-quic"]
    # Chromium refuses to start its sandbox as root.
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return [*arguments, "--no-sandbox"] if is_root else arguments

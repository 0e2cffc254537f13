"""The checks that a request to the web pages passes."""

from drawn.canvas import Canvas

__all__ = ["draw_request_checks"]

_CHECKS = (
    ("Host", "is it a name of this server?", "421"),
    ("other sites", "does it come from these pages?", "403"),
    ("path and method", "do they exist?", "404, 405"),
    ("form", "size, origin and CSRF token", "413, 403"),
    ("session", "is the cookie known?", "401"),
)


def draw_request_checks() -> Canvas:
    """Draw each check as a box, with the way of a request that fails it."""
    listed = "; ".join(f"{name}, {what} (else {code})" for name, what, code in _CHECKS)
    canvas = Canvas(
        560,
        480,
        "The checks of a request",
        f"A request passes these checks in order: {listed}. "
        "Then the handler answers it, for the account of the session.",
    )
    canvas.box(130, 0, 240, 36, "request of a browser", kind="outside")
    for place, (name, what, code) in enumerate(_CHECKS):
        y = 60 + 74 * place
        canvas.arrow((250, y - (24 if place == 0 else 22)), (250, y))
        box = canvas.box(130, y, 240, 52, name, what)
        answer = canvas.box(450, y + 10, 110, 32, code, kind="outside", bold=False)
        canvas.arrow(box.right, answer.left, label="fails")
    canvas.arrow((250, 408), (250, 430))
    canvas.box(130, 430, 240, 48, "handler", "gets the data of one account", kind="accent")
    return canvas

"""The two pages that a buyer sees at the sandbox."""

from html import escape
from typing import Final

from apps.payments.provider import Said, Statement

_PAGE: Final = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Sandbox bank</title>
<body style="font: 1.1rem/1.5 sans-serif; max-width: 30rem; margin: 3rem auto; padding: 0 1rem">
<h1>Sandbox bank</h1>
{content}
</body>
</html>
"""

_CHALLENGE: Final = """\
<p>A shop asks for <strong>{amount}</strong>. No money moves here.</p>
<form method="post">
<button name="outcome" value="ok">Confirm the payment</button>
<button name="outcome" value="failed">Refuse it</button>
</form>"""


def challenge_page(statement: Statement) -> str:
    """Where a buyer confirms or refuses; once that is decided, what was decided."""
    if statement.said is not Said.REQUIRES_ACTION:
        return outcome_page(statement)
    return _PAGE.format(content=_CHALLENGE.format(amount=escape(str(statement.amount))))


def outcome_page(statement: Statement) -> str:
    """What became of it."""
    content = f"<p>The payment is <strong>{escape(statement.said.value)}</strong>. You may go back to the shop.</p>"
    return _PAGE.format(content=content)

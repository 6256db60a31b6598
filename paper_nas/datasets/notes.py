"""Notes for the reader, where the reader is: on the page of a notebook, or in a terminal."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from html import escape

NOTE_CLASS = "paper-nas-note"
_URL = re.compile(r"https?://[^\s<>\"']*[\w/]")
_BOX = (
    "border-left:4px solid var(--paper-nas-orange,#b8620f);background:rgba(184,98,15,.12);"
    "border-radius:.3em;padding:.7em 1em;margin:.5em 0;overflow-wrap:anywhere"
)


def show_note(title: str, paragraphs: Sequence[str] = ()) -> None:
    """Show a note: a box in the output of a notebook's cell, else printed lines.

    Under IPython both forms are given, and the front end takes the one that it can show.

    Args:
        title: A phrase, without a full stop.
        paragraphs: Plain text; addresses become links.
    """
    text = "\n".join([f"Note: {title}.", *(f"  {paragraph}" for paragraph in paragraphs)])
    ipython = sys.modules.get("IPython")  # a notebook has imported it
    if ipython is None or ipython.get_ipython() is None:
        print(text)
        return
    forms = {"text/plain": text, "text/html": note_html(title, paragraphs)}
    ipython.display.display(forms, raw=True)


def note_html(title: str, paragraphs: Sequence[str] = ()) -> str:
    """The note as HTML that needs no style sheet, for light and dark pages."""
    body = "".join(f'<p style="margin:.4em 0 0">{_linked(text)}</p>' for text in paragraphs)
    return (
        f'<div class="{NOTE_CLASS}" role="note" style="{_BOX}">'
        f'<p style="margin:0"><strong>{escape(title)}</strong></p>{body}</div>'
    )


def _linked(text: str) -> str:
    """Escaped text with its addresses as links."""
    return _URL.sub(lambda url: f'<a href="{url[0]}">{url[0]}</a>', escape(text, quote=False))

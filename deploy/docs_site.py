"""What MkDocs cannot do by itself: pages that lie outside docs/, links into the checkout, and no request to anybody."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any, Final

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

ROOT: Final = Path(__file__).resolve().parent.parent
# Page of the site: file of the checkout.
OUTSIDE: Final = {
    "index.md": "README.md",
    **{
        name: name
        for name in (
            "BENCHMARKS.md",
            "CHANGELOG.md",
            "CONTRIBUTING.md",
            "SECURITY.md",
            "benchmarks/README.md",
            "training/README.md",
        )
    },
}
_LINK: Final = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
# What a browser fetches by itself; an <a> is followed by a person.
_FETCHED: Final = re.compile(
    r"""<(?:script|link|img|iframe|source)\b[^>]*?\b(?:src|href)=["']?((?:https?:)?//[^"'\s>]+)"""
)


_OWN_ONLY: Final = (
    """<meta http-equiv="Content-Security-Policy" content="default-src 'self' file: 'unsafe-inline' data: blob:">"""
)


def on_files(files: Any, config: Any) -> Any:
    """Add the pages outside docs/, and at the end of the navigation the decisions and what it does not name."""
    for page, path in OUTSIDE.items():
        if not files.get_file_from_path(page):
            files.append(File.generated(config, page, content=(ROOT / path).read_text(encoding="utf-8")))
    decisions = sorted(file.src_uri for file in files if file.src_uri.startswith("decisions/"))
    named = str(config.nav)
    others = [file.src_uri for file in files.documentation_pages() if f"'{file.src_uri}'" not in named]
    for title, pages in (("Decisions", decisions), ("More", sorted(set(others) - set(decisions)))):
        if pages:
            config.nav.append({title: pages})
    return files


def on_page_markdown(markdown: str, *, page: Any, files: Any, **_: Any) -> str:
    """Links as they are in the checkout become links of the site; to code, which the site has not, plain names."""
    uri = page.file.src_uri
    own = OUTSIDE.get(uri, f"docs/{uri}")

    def rewritten(match: re.Match[str]) -> str:
        mark, label, target = match.groups()
        path, _, anchor = target.partition("#")
        if not path or re.match(r"[a-z]+:", path):
            return match.group(0)
        meant = posixpath.normpath(posixpath.join(posixpath.dirname(own), path))
        found = next((name for name, source in OUTSIDE.items() if source == meant), meant.removeprefix("docs/"))
        if files.get_file_from_path(found):
            relative = posixpath.relpath(found, posixpath.dirname(uri) or ".")
            return f"{mark}[{label}]({relative}{'#' + anchor if anchor else ''})"
        return label if (ROOT / meant).exists() else match.group(0)

    return _LINK.sub(rewritten, markdown)


def on_post_page(output: str, *, page: Any, **_: Any) -> str:
    """Raises PluginError where the page would make a browser ask another machine, which it also forbids the browser:
    the theme's script asks for what old browsers lack."""
    asked = [*_FETCHED.findall(output), *(["a script for diagrams"] if 'class="mermaid"' in output else [])]
    if asked:
        raise PluginError(f"{page.file.src_uri} fetches from elsewhere: {', '.join(asked)}")
    return output.replace("<head>", f"<head>{_OWN_ONLY}", 1)

"""Figures read back as XML, as a browser or a drawing program reads them."""

from __future__ import annotations

from collections import Counter
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

LABELS = {
    "aligned": "with us", "partial": "with reservations", "opposed": "against us",
    "unclear": "unclear", "none": "no position found",
}  # fmt: skip
HOSTILE = "<script>alert(1)</script> \"&amp;' ]]> \u202eabc\x00"
# The same as text: what hides or can't be in XML is spelt out.
SPELT = "<script>alert(1)</script> \"&amp;' ]]> [U+202E]abc[U+0000]"


def read(svg: str) -> Element:
    """The root, all names without their namespaces."""
    root = ET.fromstring(svg)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        for name in list(element.attrib):
            element.attrib[name.rpartition("}")[2]] = element.attrib[name]
    return root


def titled(root: Element) -> dict[str, Element]:
    """What shows a title of its own, by that title."""
    found = {e.findtext("title", ""): e for e in root.iter() if e.find("title") is not None}
    del found[root.findtext("title", "")]
    return found


def classes(element: Element) -> Counter[str]:
    return Counter(name for e in element.iter() for name in e.get("class", "").split())


def check_frame(svg: str, *, standalone: bool, title: str, desc: str) -> Element:
    """What every figure promises."""
    root = read(svg)
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    named = {e.get("id"): e.text for e in root.iter() if e.tag in ("title", "desc")}
    assert named[root.get("aria-labelledby")] == title
    assert named[root.get("aria-describedby")] == desc
    tags = {e.tag for e in root.iter()}
    assert "script" not in tags
    assert not any(name.startswith("on") for e in root.iter() for name in e.attrib)
    assert ("style" in tags) == standalone
    assert not any("style" in e.attrib for e in root.iter())
    assert root.get("role") == ("group" if "a" in tags else "img")
    used = [e.get("href", "") for e in root.iter("use")]
    assert all(address.removeprefix("#") in ids for address in used)
    if standalone:
        assert "var(" not in svg
        assert float(root.get("width", "0")) > 0 < float(root.get("height", "0"))
    return root

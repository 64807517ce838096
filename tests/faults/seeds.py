"""Small whole inputs of every kind, in our own words, and a few that were made to do harm."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from service.corpus.documents import MAX_BYTES
from service.corpus.ungdc import SPEAKERS
from tests.corpus.test_documents import PAGE, pdf
from tests.faults.mutations import zipped

MEGABYTE = 1024 * 1024
REPORT = """OSLO, March 3, 2020 - Norway's Foreign Minister Kari Test said on Tuesday that small
arms must be traced. She added that mines should be cleared within ten years.

"We will not wait for the next flood," said Ana Rojas, Chile's envoy to the United Nations, in
New York. Mr. Rojas' office confirmed the wording; it cited resolution 77/34 (para. 4).

Speaking for the Group of 77, the delegate of Cuba asked for lighter debts: (a) a pause of two
years; (b) fair rates; (c) no new conditions. Fiji and Samoa agreed with this on 1 April 2020.
"""
ROWS = (
    {"state": "Chile", "date": "2021-06", "text": "The sea must be protected. Nets must be wide.",
     "id": "chl-1", "speaker": "Ana Rojas", "on_behalf_of": "g77; aosis"},
    {"state": "NOR", "date": "2021-06-29", "text": "Mines, once laid, must be \"cleared\".",
     "id": "", "speaker": "Kari Test", "on_behalf_of": ""},
    {"state": "Fiji", "date": "2020", "text": "We ask for help; our islands sink – slowly.",
     "id": "fji", "speaker": "", "on_behalf_of": ""},
)  # fmt: skip
SPEECH = (
    "Mr. President,\n1. Our seas are rising, and we must act. We ask for help.\n2. On behalf of "
    "the Group of 77 we say that debts must be lighter. [A/7201, para. 84]\n3. I thank the Sec-\n"
    "retary-General of t he United Na- tions.\n"
)
ISSUE = """id: nets
proposition: Fishing nets must be wide.
contrary: Every state may choose the nets that it likes.
paraphrases: ["Wide nets only.", "Narrow nets should be forbidden."]
contrary_paraphrases:
  - Nets are nobody's business.
topics: [climate]
examples:
  - {side: for, text: "We ask for wide nets."}
  - side: against
    claim: FJI_76_2021:0-42
"""


def documents() -> dict[str, bytes]:
    """News articles in every format, by file name."""
    paragraphs = REPORT.split("\n\n")
    page = PAGE.replace("<p>By Nora Beck</p>", "".join(f"<p>{text}</p>" for text in paragraphs))
    made = docx.Document()
    made.core_properties.title = "A note"
    for paragraph in paragraphs:
        made.add_paragraph(paragraph)
    made.add_table(rows=1, cols=2).rows[0].cells[0].text = "Quota"
    packed = io.BytesIO()
    made.save(packed)
    return {
        "report.txt": REPORT.encode(),
        "wide.txt": REPORT.encode("utf-16"),
        "page.html": page.encode(),
        "old.html": page.encode("cp1252"),
        "report.pdf": pdf(*paragraphs),
        "packed.pdf": packed_pdf(pdf_text(paragraphs)),
        "report.docx": packed.getvalue(),
    }


def tables() -> dict[str, bytes]:
    text = io.StringIO()
    writer = csv.DictWriter(text, ROWS[0].keys())
    writer.writeheader()
    writer.writerows(ROWS)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS)
    return {
        "table.csv": text.getvalue().encode(),
        "table.jsonl": lines.encode(),
        "table.parquet": parquet({name: [row[name] for row in ROWS] for name in ROWS[0]}),
    }


def parquet(columns: dict[str, Any], **options: str) -> bytes:
    packed = io.BytesIO()
    pq.write_table(pa.table(columns), packed, **options)
    return packed.getvalue()


def speakers() -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(
        ["Year", "Session", "ISO Code", "Country", "Name of Person Speaking", "Post"]
    )
    book.active.append([2021, 76, "FJI", "Fiji", "Ana Tui", "Prime Minister"])
    book.active.append([2021, 76, "NOR", "Norway", "Kari Test", None])
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def corpus() -> dict[str, bytes]:
    """A folder as the General Debate corpus is laid out."""
    folder = "TXT/Session 76 - 2021"
    return {
        SPEAKERS: speakers(),
        f"{folder}/FJI_76_2021.txt": SPEECH.encode(),
        f"{folder}/NOR_76_2021.txt": SPEECH.replace("seas", "fjords").encode("cp1252"),
    }


def pairs() -> bytes:
    lines = [{"a": "Nets must be wide.", "b": row["text"], "n": 7} for row in ROWS]
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def labels() -> dict[str, bytes]:
    """The project's own labelled data, on the speeches of `corpus`."""
    span = {"document": "FJI_76_2021", "start": 18, "end": 58}
    span["sha256"] = hashlib.sha256(SPEECH[18:58].encode()).hexdigest()
    sentence = span | {
        "kind": "position", "second_kind": "narrative", "topics": ["climate"], "split": "tuning",
        "first_topics": [], "second_topics": ["climate"],
    }  # fmt: skip
    stance = span | {"issue": "nets", "label": "favor", "second_label": "against"}
    pair = {"issue": "nets", "relation": "same", "a": span, "b": span}
    position = span | {
        "text": "Nets must be wide.", "topics": ["climate"], "state": "FJI", "year": 2021,
        "speaker": None, "office": None, "forum": "A forum", "issue": "nets", "stance": "favor",
    }  # fmt: skip
    debate = {
        "proposition": "Nets must be wide.", "contrary": "Any net will do.", "for": ["Wide nets."],
        "against": ["Any net."], "partial": ["Wide, at times."], "related": ["Fish swim."],
    }  # fmt: skip
    lines = {
        "labels/sentences.jsonl": sentence,
        "labels/topics.jsonl": sentence,
        "labels/stance.jsonl": stance,
        "labels/stance_pairs.jsonl": pair,
        "positions.jsonl": position,
        "stance/debates.jsonl": debate,
    }
    return {name: (json.dumps(line) + "\n").encode() * 2 for name, line in lines.items()}


def catalogue() -> dict[str, bytes]:
    """The project's own data about the world, in small."""
    return {
        "states.yaml": b"- {code: FJI, name: Fiji, adjectives: [Fijian]}\n"
        b"- {code: NOR, name: Norway, aliases: [Kingdom of Norway], status: member}\n",
        "blocs.yaml": b"- id: nets\n  name: Net makers\n  aliases: [NM]\n  source: us\n  members:\n"
        b"    - {state: FJI, from: 1971-10-25}\n    - {state: NOR, from: 1999, to: 2001}\n",
        "topics.yaml": b'contexts: {sea: ["coast*", "sea|ocean"]}\ntopics:\n  - id: nets\n'
        b"    name: Nets\n    definition: All about nets.\n    synonyms: [mesh]\n"
        b'    examples: [Wide nets.]\n    cues: ["wide net*", "fish* + @sea"]\n',
        "capitals.yaml": b"FJI: [Suva]\nNOR: [Oslo]\n",
        "models/kinds.json": json.dumps(
            {
                "kinds": ["position", "ceremony", "narrative"],
                "bias": [0.1, -0.2, 0.0],
                "weights": {"w must": [1.5, -1.0, -0.5], "f thank": [-1.0, 2.0, 0.0]},
            }
        ).encode(),
    }


def export() -> bytes:
    """Corrections, as the command line gives them out."""
    words = "Nets must be wide."
    line = {
        "text": "Wide nets.", "claim_id": "FJI_76_2021:0-18", "statement_id": "FJI_76_2021",
        "state": "FJI", "start": 0, "end": 18, "sha256": hashlib.sha256(words.encode()).hexdigest(),
        "stance": "aligned", "author": "A. Reader", "reason": "It says so.",
        "date": "2024-05-01T10:00:00+00:00", "was": {"stance": "opposed", "model": "stance-1"},
        "claim_text": words, "holds": True,
    }  # fmt: skip
    other = line | {"text": "Narrow nets.", "stance": "opposed", "was": None, "claim_text": None}
    return "".join(json.dumps(one) + "\n" for one in (line, other)).encode()


# -- made to do harm -----------------------------------------------------------------------------


def hostile_documents() -> Iterator[dict[str, bytes]]:
    plain, body = documents()["report.docx"], "word/document.xml"
    yield {"inflates.docx": _with_member(plain, body, b" " * (300 * MEGABYTE))}
    yield {"media.docx": _with_member(plain, "word/media/a.png", b" " * (300 * MEGABYTE))}
    words = b"<w:p><w:r><w:t>" + b"word " * (12 * MEGABYTE) + b"</w:t></w:r></w:p>"
    yield {"words.docx": _around(plain, body, b"<w:body>", words)}
    yield {"paragraphs.docx": _around(plain, body, b"<w:body>", b"<w:p/>" * (4 * MEGABYTE))}
    yield {"nested.docx": _around(plain, body, b"<w:body>", b"<w:tbl>" * 100_000)}
    yield {"entities.docx": _entities(plain, body)}
    yield {"lies.docx": _lying(plain)}
    yield {"members.docx": zipped({f"word/{n}": b"" for n in range(60_000)})}
    long = b"BT /F1 11 Tf (" + b"a" * (400 * MEGABYTE) + b") Tj ET"
    yield {"inflates.pdf": packed_pdf(long)}
    del long
    twice = packed_pdf(zlib.compress(b" " * (400 * MEGABYTE)), "[/FlateDecode /FlateDecode]")
    yield {"twice.pdf": twice}
    yield {"loop.pdf": pdf("One.").replace(b"/Kids [5 0 R]", b"/Kids [2 0 R]")}
    yield {"deep.pdf": pdf("One.").replace(b"/Kids [5 0 R]", b"/Kids " + b"[" * 50_000)}
    yield {"words.txt": b"Mr. " * 25_000}
    yield {"brackets.txt": b"(" * 100_000}
    yield {"quotes.txt": "OSLO, March 3, 2020 - “He said “".encode() * 3000}
    yield {"said.txt": b"OSLO, March 3, 2020 - Norway said France said Chile said. " * 1700}
    yield {"hyphens.txt": b"OSLO, March 3, 2020 - Norway said that " + b"non- \n" * 16_000}
    yield {"long.txt": (REPORT * (4 * MEGABYTE // len(REPORT))).encode()}
    yield {"nested.html": b"<html><body>" + b"<div class=share>" * 5_000 + b"Words."}
    yield {"siblings.html": b"<html><body>" + b"<p class=share>" * 6_000 + b"Words."}
    yield {"inline.html": b"<html><body><article>" + b"<b>" * 20_000 + b"Words."}
    yield {"metas.html": b"<html><body><p>" + b"<meta name=date content=x>" * 3_800}
    yield {"large.html": b"<html><body>" + b"<p>Norway said no.</p>" * (2 * MEGABYTE)}
    yield {"large.txt": bytes(MAX_BYTES + 1)}


def hostile_tables() -> Iterator[dict[str, bytes]]:
    large = "word " * (4 * MEGABYTE)
    row = {"state": "Chile", "date": "2021", "text": "x"}
    count = 2000
    once: dict[str, Any] = {name: [value] * count for name, value in row.items()}
    # Each row refers to the same 20 MB, written once.
    once["text"] = pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), [large])
    yield {"inflates.parquet": parquet(once, compression="zstd")}
    many = {name: [value] * 3_000_000 for name, value in row.items()}
    yield {"many.parquet": parquet(many | {"state": ["Atlantis"] * 3_000_000}, compression="zstd")}
    yield {"long.csv": f"state,date,text\nChile,2021,{large}\n".encode()}
    yield {"open.csv": b'state,date,text\nChile,2021,"' + b"word\n" * 100_000}
    yield {"line.csv": b"state,date,text\n" + b"x" * (200 * MEGABYTE)}
    yield {"wide.csv": b"," * 100_000 + b"state,date,text\n" + b",\n" * 1000}
    yield {"long.jsonl": (json.dumps(row | {"text": large}) + "\n").encode()}
    yield {"line.jsonl": b'{"state": "' + b"x" * (200 * MEGABYTE)}
    yield {"name.jsonl": (json.dumps(row | {"state": "Chil" * 20_000}) + "\n").encode()}
    yield {"columns.jsonl": json.dumps({f"c{n}": n for n in range(30_000)}).encode() + b"\n"}
    deep = b"[" * 900 + b"]" * 900
    yield {"nested.jsonl": b'{"state": "Chile", "date": "2021", "text": ' + deep + b"}\n"}
    yield {"infinite.jsonl": b'{"state": 1e999, "date": NaN, "text": -Infinity}\n' * 10}


def hostile_sheets() -> Iterator[dict[str, bytes]]:
    plain, sheet, strings = speakers(), "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
    shared = b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxml'
    shared += b'formats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
    spread = _replaced(plain, "[Content_Types].xml", b"</Types>", shared)
    kind = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    spread = _with_member(
        spread, strings, b'<?xml version="1.0"?><sst %s><si><t>a</t></si></sst>' % kind
    )
    far = b'<row r="1048576"><c r="XFD1048576" t="n"><v>1</v></c></row></sheetData>'
    wide = b"".join(
        b'<row r="%d"><c r="XFD%d" t="n"><v>1</v></c></row>' % (n, n) for n in range(9, 20_000)
    )
    texts = {name: text for name, text in corpus().items() if name != SPEAKERS}
    for made in (
        _replaced(plain, sheet, b"</sheetData>", far),
        _replaced(plain, sheet, b'ref="A1:F3"', b'ref="A1:XFD1048576"'),
        _replaced(plain, sheet, b"</sheetData>", wide + b"</sheetData>"),
        _with_member(spread, strings, b" " * (300 * MEGABYTE)),
        _replaced(spread, strings, b"<si>", b"<si><t>a</t></si>" * (4 * MEGABYTE) + b"<si>"),
        _entities(spread, strings),
    ):
        yield {SPEAKERS: made, **texts}
    long = SPEECH * (4 * MEGABYTE // len(SPEECH))
    yield {"TXT/Session 76 - 2021/FJI_76_2021.txt": long.encode(), SPEAKERS: plain}


def hostile_yaml() -> Iterator[dict[str, bytes]]:
    layers = ["a0: &a0 [nets, nets, nets]"]
    layers += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 25)]
    laughs = "\n".join(layers)
    yield {"laughs.yaml": f"{laughs}\nproposition: *a24\ncontrary: *a24\n".encode()}
    yield {"examples.yaml": f"{laughs}\nproposition: x\ncontrary: y\nexamples: *a24\n".encode()}
    yield {"itself.yaml": b"proposition: &a [*a]\ncontrary: *a\nexamples: *a\n"}
    yield {"flow.yaml": b"proposition: " + b"[" * 50_000}
    yield {"block.yaml": b"proposition: " + b"- " * 50_000}
    yield {"keys.yaml": b"? " * 50_000}
    yield {"merge.yaml": b"a: &a {<<: *a}\nproposition: *a\n"}
    yield {"day.yaml": b"id: 2021-13-45\nproposition: 0o7777777777777\ncontrary: !!float x\n"}
    yield {"python.yaml": b"proposition: !!python/object/apply:os.getcwd []\ncontrary: x\n"}


def pdf_text(paragraphs: list[str]) -> bytes:
    lines = "\n".join(paragraphs).split("\n")
    shown = "".join(f"({line.translate(_ESCAPES)}) Tj 0 -14 Td " for line in lines)
    return f"BT /F1 11 Tf 40 750 Td {shown}ET".encode("latin-1", "replace")


_ESCAPES = str.maketrans({"(": r"\(", ")": r"\)"})


def packed_pdf(content: bytes, filters: str = "/FlateDecode") -> bytes:
    """One page whose content is compressed."""
    stream = zlib.compress(content)
    plain = pdf("One.")
    start, end = plain.index(b"<< /Length"), plain.index(b"endstream")
    head = f"<< /Length {len(stream)} /Filter {filters} >>\nstream\n".encode()
    return plain[:start] + head + stream + b"\n" + plain[end:]  # found without the table of places


def _members(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {info.filename: opened.read(info) for info in opened.infolist()}


def _with_member(archive: bytes, name: str, content: bytes) -> bytes:
    return zipped(_members(archive) | {name: content})


def _replaced(archive: bytes, name: str, old: bytes, new: bytes) -> bytes:
    content = _members(archive)[name]
    assert old in content, (name, old)
    return _with_member(archive, name, content.replace(old, new, 1))


def _around(archive: bytes, name: str, after: bytes, new: bytes) -> bytes:
    return _replaced(archive, name, after, after + new)


def _entities(archive: bytes, name: str) -> bytes:
    """A billion laughs: entities that are made of each other."""
    layers = b'<!ENTITY a0 "ha">' + b"".join(
        b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12)
    )
    head, _, rest = _members(archive)[name].partition(b"?>")
    root = rest.lstrip().split(b" ", 1)[0][1:]
    doctype = b"\n<!DOCTYPE %s [%s]>" % (root, layers)
    tag = b"<w:t>" if b"<w:t>" in rest else b"<t>"
    content = head + b"?>" + doctype + rest.lstrip().replace(tag, tag + b"&a11;", 1)
    return _with_member(archive, name, content)


def _lying(archive: bytes) -> bytes:
    """Its directory gives every member one byte."""
    changed = bytearray(_with_member(archive, "word/document.xml", b" " * (300 * MEGABYTE)))
    at = changed.find(b"PK\x01\x02")
    while at != -1:
        changed[at + 24 : at + 28] = (1).to_bytes(4, "little")
        at = changed.find(b"PK\x01\x02", at + 4)
    return bytes(changed)


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

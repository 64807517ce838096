import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from service.corpus.download import ARCHIVE, SPEAKERS, download_ungdc, is_ungdc
from service.errors import InvalidInput, UnreadableFile


def tgz(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return packed.getvalue()


SPEECH = "UNGDC/TXT/Session 76 - 2021/CHL_76_2021.txt"
GOOD = tgz(
    {SPEECH: b"Peace needs patience.", "UNGDC/TXT/Session 76 - 2021/._CHL_76_2021.txt": b"x"}
)
TABLE = b"PK speakers"


class Dataverse:
    """As much of the archive's API as the download uses, with what may go wrong."""

    def __init__(self) -> None:
        self.files = {1: GOOD, 2: TABLE}
        self.md5 = {
            number: hashlib.md5(content).hexdigest() for number, content in self.files.items()
        }
        self.cut: set[int] = set()
        self.asked: list[str] = []
        self.original_of_table = False

    def listing(self) -> bytes:
        table = {"id": 2, "filename": SPEAKERS, "md5": self.md5[2]}
        if self.original_of_table:
            table |= {"filename": "Speakers_by_session.tab", "originalFileName": SPEAKERS}
        archive = {"id": 1, "filename": ARCHIVE, "checksum": {"type": "MD5", "value": self.md5[1]}}
        files = [{"dataFile": archive}, {"dataFile": table}]
        return json.dumps({"status": "OK", "data": {"latestVersion": {"files": files}}}).encode()


@pytest.fixture
def dataverse() -> Iterator[tuple[Dataverse, str]]:
    archive = Dataverse()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            archive.asked.append(self.path)
            if self.path.startswith("/api/datasets/:persistentId/?persistentId=doi:10.7910/DVN/"):
                body, sent = archive.listing(), None
            elif self.path.startswith("/api/access/datafile/"):
                number = int(self.path.split("/")[-1].partition("?")[0])
                body = archive.files[number]
                sent = len(body) // 2 if number in archive.cut else None
            else:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:sent])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield archive, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def fetch(target: Path, url: str, **more: object) -> Path:
    return download_ungdc(target, base_url=url, progress=False, retries=0, **more)  # type: ignore[arg-type]


def test_corpus_arrives_whole_and_is_not_fetched_twice(
    tmp_path: Path, dataverse: tuple[Dataverse, str]
) -> None:
    archive, url = dataverse
    folder = fetch(tmp_path / "ungdc", url)
    assert (folder / "TXT/Session 76 - 2021/CHL_76_2021.txt").read_bytes().startswith(b"Peace")
    assert (folder / SPEAKERS).read_bytes() == TABLE
    assert not list(folder.rglob("._*"))
    assert [path.name for path in tmp_path.iterdir()] == ["ungdc"]
    asked = len(archive.asked)
    assert fetch(tmp_path / "ungdc", url) == folder
    assert len(archive.asked) == asked


def test_spreadsheet_that_became_a_table_is_fetched_as_it_was(
    tmp_path: Path, dataverse: tuple[Dataverse, str]
) -> None:
    archive, url = dataverse
    archive.original_of_table = True
    fetch(tmp_path / "ungdc", url)
    assert "/api/access/datafile/2?format=original" in archive.asked


def test_wrong_checksum_leaves_nothing(tmp_path: Path, dataverse: tuple[Dataverse, str]) -> None:
    archive, url = dataverse
    archive.md5[1] = "0" * 32
    with pytest.raises(UnreadableFile, match="checksum md5:0000"):
        fetch(tmp_path / "ungdc", url)
    assert not (tmp_path / "ungdc").exists()
    assert not (tmp_path / "ungdc.download" / ARCHIVE).exists()


def test_pinned_checksum_counts_more_than_the_archive_s(
    tmp_path: Path, dataverse: tuple[Dataverse, str]
) -> None:
    _, url = dataverse
    good = "sha256:" + hashlib.sha256(GOOD).hexdigest()
    with pytest.raises(UnreadableFile, match="checksum sha256:1111"):
        fetch(tmp_path / "ungdc", url, checksums={ARCHIVE: "sha256:" + "1" * 64})
    assert is_ungdc(fetch(tmp_path / "ungdc", url, checksums={ARCHIVE: good}))


def test_interrupted_download_is_taken_up_again(
    tmp_path: Path, dataverse: tuple[Dataverse, str]
) -> None:
    archive, url = dataverse
    archive.cut.add(2)
    with pytest.raises(UnreadableFile):
        fetch(tmp_path / "ungdc", url)
    assert not (tmp_path / "ungdc").exists()
    archive.cut.clear()
    archive.asked.clear()
    assert is_ungdc(fetch(tmp_path / "ungdc", url))
    assert "/api/access/datafile/1" not in archive.asked, "the first file had arrived already"


@pytest.mark.parametrize("name", ["../escaped.txt", "/tmp/concord-escaped.txt"])
def test_path_traversal_is_refused(
    tmp_path: Path, dataverse: tuple[Dataverse, str], name: str
) -> None:
    archive, url = dataverse
    archive.files[1] = tgz(
        {SPEECH: b"Peace.", f"TXT/../../../{name}" if name[0] == "." else name: b"evil"}
    )
    archive.md5[1] = hashlib.md5(archive.files[1]).hexdigest()
    try:
        fetch(tmp_path / "deep" / "ungdc", url)
    except UnreadableFile:
        assert not (tmp_path / "deep" / "ungdc").exists()
    assert not list(tmp_path.rglob("escaped.txt"))
    assert not Path("/tmp/concord-escaped.txt").exists()


def test_link_out_of_the_folder_is_refused(
    tmp_path: Path, dataverse: tuple[Dataverse, str]
) -> None:
    archive, url = dataverse
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        link = tarfile.TarInfo("TXT/Session 1 - 1946/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    archive.files[1] = packed.getvalue()
    archive.md5[1] = hashlib.md5(archive.files[1]).hexdigest()
    with pytest.raises(UnreadableFile, match="reaches out"):
        fetch(tmp_path / "ungdc", url)
    assert [p.name for p in tmp_path.iterdir()] == ["ungdc.download"]


def test_archive_that_is_none(tmp_path: Path, dataverse: tuple[Dataverse, str]) -> None:
    archive, url = dataverse
    archive.files[1] = b"<html>sorry</html>"
    archive.md5[1] = hashlib.md5(archive.files[1]).hexdigest()
    with pytest.raises(UnreadableFile, match="can't be unpacked"):
        fetch(tmp_path / "ungdc", url)


def test_foreign_folder_is_left_alone(tmp_path: Path, dataverse: tuple[Dataverse, str]) -> None:
    _, url = dataverse
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(InvalidInput, match="isn't the General Debate corpus"):
        fetch(tmp_path / "mine", url)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_unreachable_archive_and_wrong_address(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="can't be reached"):
        fetch(tmp_path / "ungdc", "http://127.0.0.1:9")
    with pytest.raises(InvalidInput, match="no http"):
        fetch(tmp_path / "ungdc", "file:///etc")

"""A sitting in small: what is compared is really done, and nobody is fast by being wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.benchmarks.corpus import Corpus, CorpusRecipe, load_corpus
from tests.benchmarks.downloads import WrongError
from tests.benchmarks.encodings import Recipe
from tests.benchmarks.hosting import Hosting, has_nginx
from tests.benchmarks.ours import OURS, check_archive
from tests.benchmarks.peers import PEERS, sha256sum

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not has_nginx(), reason="nginx is not installed"),
]

_RECIPE = CorpusRecipe(
    name="three", generations=3, clip=Recipe(width=160, height=96, video_bytes=100_000, grain=8)
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Return three generations."""
    return load_corpus(_RECIPE, tmp_path_factory.mktemp("corpora"))


def test_generations_have_files_of_their_own_and_facts_that_hold(corpus: Corpus) -> None:
    """The page cache and the hashes are to see distinct files."""
    assert len({item.sha256 for item in corpus.items}) == 9
    assert {(corpus.media / item.path).stat().st_size for item in corpus.items[::3]} == {100_000}
    answer = json.loads(corpus.answers[corpus.ids[0]])
    assert answer["video_raw"]["url"] == "{base}/" + corpus.items[0].path


def test_a_corpus_that_is_kept_is_used_again_unless_it_was_changed(tmp_path: Path) -> None:
    """Encoding takes longer than measuring, and a damaged file would fail every run."""
    made = load_corpus(_RECIPE, tmp_path)
    file = tmp_path / "three" / made.items[0].path
    assert load_corpus(_RECIPE, tmp_path) == made
    file.write_bytes(b"damaged")
    assert load_corpus(_RECIPE, tmp_path).items == made.items
    assert file.stat().st_size == 100_000


def test_everyone_downloads_and_is_checked(corpus: Corpus, tmp_path: Path) -> None:
    """Twice with ours: the second run finds all of it there. The sums are those of the corpus."""
    with Hosting(tmp_path).site(corpus) as site:
        archive = tmp_path / "archive"
        run = OURS.download(site, archive)
        assert 0 < run.own_s <= run.cpu_s + 0.1
        assert run.peak_mb > 10
        OURS.download_again(site, archive)
        OURS.verify(corpus, archive)
        sha256sum(corpus, archive)
        for peer in PEERS:
            if peer.is_installed:
                peer.download(site, tmp_path / peer.name)


def test_an_archive_that_lacks_a_file_or_has_a_false_one_does_not_count(
    corpus: Corpus, tmp_path: Path
) -> None:
    """The check must be able to fail."""
    with Hosting(tmp_path).site(corpus) as site:
        OURS.download(site, tmp_path / "archive")
    file = tmp_path / "archive" / corpus.items[1].archived[0]
    file.write_bytes(b"another picture")
    with pytest.raises(WrongError, match="not what was served"):
        check_archive(corpus, tmp_path / "archive")
    file.unlink()
    with pytest.raises(WrongError, match="is missing"):
        check_archive(corpus, tmp_path / "archive")


def test_one_generation_stands_for_many(corpus: Corpus, tmp_path: Path) -> None:
    """A hundred thousand of them need no room at the service."""
    copies = corpus.copies(5)
    with Hosting(tmp_path).site(copies, copies_of=corpus) as site:
        OURS.download(site, tmp_path / "archive")
    assert len(list((tmp_path / "archive").glob("generations/*/*/copy-*"))) == 5
